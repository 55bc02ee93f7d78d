"""Who works on a survey: this process, or any number of them by Ray Data."""

import os
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from upcracknet.errors import ConfigurationError, UpCrackNetError
from upcracknet.runtime import share_processor
from upcracknet.survey.storage import PhotoReference
from upcracknet.survey.worker import SurveySettings, SurveyWorker

Engine = Literal["local", "ray"]

BATCH = 8
"""Photos that a worker of Ray takes at a time: what a killed worker does again."""


def run_survey(
    photos: list[PhotoReference],
    folder: Path,
    settings: SurveySettings,
    *,
    engine: Engine = "local",
    workers: int | None = None,
    address: str | None = None,
) -> Iterator[dict[str, Any]]:
    """Find the cracks of photos.

    Args:
        photos: what to look at.
        folder: where the results go; for workers on other machines a folder that all share.
        settings: how.
        engine: ``local`` is this process; ``ray`` starts workers, each of which loads the model once.
        workers: workers of Ray; None takes one for each two processors.
        address: cluster of Ray to join; None starts one on this machine.

    Yields:
        The record of each photo as it is done.

    Raises:
        UpCrackNetError: the model cannot be loaded, or the results cannot be written.
    """
    if engine == "local":
        yield from SurveyWorker(folder, settings).process(photos)
        return
    if find_spec("ray") is None:
        raise ConfigurationError("engine ray needs Ray; install it with `pip install 'upcracknet[ray]'`")
    yield from _by_ray(photos, folder, settings, workers, address)


class _RayWorker:
    """A worker in a process of its own; made once, called with many batches."""

    def __init__(self, folder: str, settings: SurveySettings, threads: int) -> None:
        share_processor()
        self.worker = SurveyWorker(Path(folder), settings, threads)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        columns = (batch["address"], batch["name"], batch["stamp"])
        photos = [PhotoReference(*map(str, values)) for values in zip(*columns, strict=True)]
        records = list(self.worker.process(photos))
        return {"name": [record["name"] for record in records]}


def _by_ray(
    photos: list[PhotoReference],
    folder: Path,
    settings: SurveySettings,
    workers: int | None,
    address: str | None,
) -> Iterator[dict[str, Any]]:
    import json
    import logging

    import ray

    from upcracknet.survey.records import record_path

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    own = not ray.is_initialized()
    if own:
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it reports every restart of a worker
        started: dict[str, Any] = {"address": address} if address else {"include_dashboard": False}
        try:
            _knock(address)
            ray.init(**started, logging_level=logging.ERROR, log_to_driver=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise ConfigurationError(
                f"Ray's cluster {address or 'on this machine'} cannot be reached ({error}); start it with "
                "`ray start --head`, or leave --address out"
            ) from error
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        processors = int(ray.cluster_resources().get("CPU", 1))  # type: ignore[no-untyped-call]
        number = workers or max(1, processors // 2)
        number = max(1, min(number, -(-len(photos) // BATCH), processors))
        threads = max(1, processors // number)
        rows = [{"address": photo.address, "name": photo.name, "stamp": photo.stamp} for photo in photos]
        blocks = max(1, -(-len(rows) // BATCH))
        data = ray.data.from_items(rows, override_num_blocks=blocks).map_batches(
            _RayWorker,
            fn_constructor_args=(str(folder.absolute()), settings, threads),
            batch_size=BATCH,
            concurrency=number,
            num_cpus=threads,
        )
        for batch in data.iter_batches(batch_size=None, prefetch_batches=0):
            for name in batch["name"]:
                yield json.loads(record_path(folder, str(name)).read_text(encoding="utf-8"))
    except ray.exceptions.RayError as error:
        reason = next(
            (line for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__
        )
        raise UpCrackNetError(
            f"a worker of Ray stopped ({reason.strip()}); what is finished stays, the same command goes on"
        ) from error
    finally:
        if own:
            ray.shutdown()


def _knock(address: str | None) -> None:
    """Fail at once where nobody listens; Ray itself would try for many minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=10).close()
