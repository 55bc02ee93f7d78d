"""Photos spread over processes and machines by Ray Data."""

import json
import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from upcracknet.errors import ConfigurationError, UpCrackNetError
from upcracknet.files import one_line
from upcracknet.results.detection_options import DetectionOptions
from upcracknet.results.measuring import Measuring
from upcracknet.results.planning import Work
from upcracknet.results.records import Record
from upcracknet.results.settings import ResultSettings
from upcracknet.results.sources import Source
from upcracknet.results.writing import WritableResults

BATCH, LARGEST_BATCH = 8, 64
"""Photos that a worker takes at a time, of few photos and of very many: what a killed worker does again."""

BATCHES = 10_000
"""Batches from which on they become larger: Ray needs time for each, and first of all for all of them."""


@dataclass(frozen=True)
class Cluster:
    """Workers of Ray.

    Attributes:
        workers: number of workers; None takes one for each two processors, or one for each card where the
            network runs on cards. More workers than cards share them.
        address: cluster to join; None starts one on this machine.
    """

    workers: int | None = None
    address: str | None = None


class _Worker:
    """A worker in a process of its own; made once, called with many batches."""

    def __init__(
        self,
        folder: str,
        options: DetectionOptions,
        settings: ResultSettings,
        measuring: Measuring | None,
        threads: int,
    ) -> None:
        import torch

        from upcracknet.results.loading import load
        from upcracknet.results.worker import Worker

        torch.set_num_threads(threads)
        detector, _, _ = load(options, alone=False)
        self.worker = Worker(detector, WritableResults(Path(folder)), settings, measuring)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        columns = (batch["source"], batch["name"], batch["record"])
        works = [
            Work(Source(*json.loads(source)), str(name), record=str(record))
            for source, name, record in zip(*columns, strict=True)
        ]
        return {"name": [record.name for record in self.worker.process(works)]}


def process_by_ray(
    works: list[Work],
    results: WritableResults,
    options: DetectionOptions,
    settings: ResultSettings,
    measuring: Measuring | None,
    cluster: Cluster,
) -> Iterator[Record]:
    """Find the cracks of photos by workers of Ray, each of which loads the model once.

    Args:
        works: the photos.
        results: where the results go; for workers on other machines a folder that all share.
        options: how.
        settings: what the results depend on.
        measuring: how the cracks are measured; None does not measure them.
        cluster: which workers.

    Yields:
        the record of each photo as it is done.

    Raises:
        ConfigurationError: ray is not installed, its cluster cannot be reached, or it has no card and one is
            needed.
        UpCrackNetError: a worker stopped.
    """
    if find_spec("ray") is None:
        raise ConfigurationError("engine ray needs Ray; install it with `pip install 'upcracknet[ray]'`")
    if not works:
        return
    import ray

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    own = not ray.is_initialized()
    if own:
        _start(cluster.address)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
        device = settings.detection.get("device", "cpu")
        batch_size = photos_at_a_time(len(works))
        batches = -(-len(works) // batch_size)
        number, threads, cards = _shares(nodes, cluster.workers, batches, device)
        rows = [
            {"source": json.dumps(astuple(work.source)), "name": work.name, "record": work.record}
            for work in works
        ]
        data = ray.data.from_items(rows, override_num_blocks=batches).map_batches(
            _Worker,
            # Engine and device were chosen by the process that planned the work: all take the same. Ray shows
            # each worker only the card that it may use.
            fn_constructor_args=(
                str(results.path.absolute()),
                replace(options, runtime=settings.detection["runtime"], device=device),
                settings,
                measuring,
                threads,
            ),
            batch_size=batch_size,
            concurrency=number,
            num_cpus=threads,
            num_gpus=cards,
        )
        for batch in data.iter_batches(batch_size=None, prefetch_batches=0):
            for name in batch["name"]:
                yield results.record(str(name))
    except ray.exceptions.RayError as error:
        reason = next((line for line in reversed(str(error).splitlines()) if line.strip()), "no reason given")
        raise UpCrackNetError(
            f"a worker of Ray stopped ({reason.strip()}); what is finished stays, the same command goes on"
        ) from error
    finally:
        if own:
            ray.shutdown()


def photos_at_a_time(photos: int) -> int:
    """Give the number of photos in a batch."""
    return min(LARGEST_BATCH, max(BATCH, photos // BATCHES))


def _shares(
    nodes: Sequence[Mapping[str, float]], workers: int | None, batches: int, device: str
) -> tuple[int, int, float | None]:
    """Give the number of workers and what each gets: processors, and a card, a part of one, or None.

    No worker gets more processors than one machine has: Ray would wait for such a machine for ever.

    Args:
        nodes: what each machine offers.
        workers: how many are asked for.
        batches: of photos; no more workers than these.
        device: where the network runs.

    Raises:
        ConfigurationError: cards are needed, and Ray knows of none.
    """
    processors = max(1, sum(int(node.get("CPU", 0)) for node in nodes))
    cards = sum(int(node.get("GPU", 0)) for node in nodes)
    on_cards = device == "cuda"
    if on_cards and cards < 1:
        raise ConfigurationError(
            "device cuda: no machine of Ray's cluster offers a card; start Ray there with `--num-gpus`, or "
            "take --device cpu"
        )
    number = workers or (cards if on_cards else max(1, processors // 2))
    number = max(1, min(number, batches, processors))
    threads = max(1, processors // number)
    if not on_cards:
        return number, max(1, min(threads, max(int(node.get("CPU", 1)) for node in nodes))), None
    # Ray gives whole cards, or parts that add up to whole ones.
    parts = -(-number // cards)
    of_nodes = [int(node.get("CPU", 1) // (node["GPU"] * parts)) for node in nodes if node.get("GPU", 0) >= 1]
    return number, max(1, min(threads, *of_nodes)), 1 / parts


def _start(address: str | None) -> None:
    """Join a cluster of Ray, or start one on this machine."""
    import ray

    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it reports every restart of a worker
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # some builds report their use
    started: dict[str, Any] = {"address": address} if address else {"include_dashboard": False}
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    try:
        if host and port.isdecimal():  # where nobody listens Ray itself would try for many minutes
            socket.create_connection((host, int(port)), timeout=10).close()
        ray.init(**started, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"Ray's cluster {address or 'on this machine'} cannot be reached ({one_line(error)}); start it "
            "with `ray start --head`, set RAY_AUTH_MODE and RAY_AUTH_TOKEN where it asks for a token, or "
            "leave --address out"
        ) from error
