"""Workers of Ray: the same results as of one process, also when workers are killed."""

import logging
import os
import socket
import threading
import warnings
from dataclasses import replace

import pytest
from tests.results.conftest import LIGHT, content, write_photos

from upcracknet.errors import ConfigurationError
from upcracknet.results.by_ray import Cluster, _shares, photos_at_a_time

ray = pytest.importorskip("ray")
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.xdist_group("a cluster")]


@pytest.fixture(scope="module")
def cluster():
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("RAY_worker_niceness", "0")  # else other tests would leave them no time
        ray.init(
            num_cpus=2, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False,
            runtime_env={"env_vars": {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}},
        )  # fmt: skip
        yield
        ray.shutdown()


@pytest.mark.timeout(300)
def test_killed_workers_lose_nothing(cluster, detect, tmp_path):
    psutil = pytest.importorskip("psutil")
    pytest.importorskip("av")
    from tests.results.videos import write_video

    photos = write_photos(tmp_path / "many", 64, (128, 192))
    video = write_video(tmp_path / "drive.mp4", range(0, 4000, 40))
    (tmp_path / "region.json").write_text("[[0.5, 0], [1, 0], [1, 1], [0.5, 1]]")
    options = replace(LIGHT, scores="png", region=tmp_path / "region.json", keep_frames=True)
    detect(photos, video, out=tmp_path / "local", options=options)
    stop, killed = threading.Event(), []

    def kill() -> None:
        """Each time some more records are there, until two workers have died."""
        while not stop.wait(0.02) and len(killed) < 2:
            if len([*(tmp_path / "ray" / "records").rglob("*.json")]) < 12 * (len(killed) + 1):
                continue
            workers = [
                process for process in psutil.Process().children(recursive=True)
                if process.is_running() and "MapWorker" in " ".join(process.cmdline())
            ]  # fmt: skip
            if workers:
                workers[0].kill()
                killed.append(workers[0].pid)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    _, counts = detect(photos, video, out=tmp_path / "ray", options=options, engine="ray", cluster=Cluster(2))
    stop.set()
    killer.join()
    assert killed
    assert counts.done == 64 + 4
    assert content(tmp_path / "ray") == content(tmp_path / "local")
    assert detect(photos, video, out=tmp_path / "ray", options=options, engine="ray")[0] == []


def test_a_cluster_of_ones_own_does_not_report_its_use(detect, photos, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    seen = []

    def stop(**_: object) -> None:
        seen.append(os.environ.get("RAY_USAGE_STATS_ENABLED"))
        raise RuntimeError("enough")

    monkeypatch.setattr(ray, "init", stop)
    with pytest.raises(ConfigurationError, match="enough"):
        detect(photos, engine="ray")
    assert seen == ["0"]


def test_a_cluster_that_is_not_there_is_named(detect, photos, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)

    def refuse(**_: object) -> None:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(ConfigurationError, match=r"Ray's cluster auto cannot be reached \(nobody answers\)"):
        detect(photos, engine="ray", cluster=Cluster(address="auto"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ConfigurationError, match=f"{address} cannot be reached"):
        detect(photos, engine="ray", cluster=Cluster(address=address))


@pytest.mark.parametrize(
    ("resources", "workers", "device", "shares"),
    [
        ({"CPU": 8.0}, None, "cpu", (4, 2, None)),
        ({"CPU": 8.0, "GPU": 2.0}, None, "cpu", (4, 2, None)),
        ({"CPU": 8.0, "GPU": 2.0}, None, "cuda", (2, 4, 1.0)),
        ({"CPU": 8.0, "GPU": 2.0}, 3, "cuda", (3, 2, 0.5)),
    ],
)
def test_workers_share_processors_and_cards(resources, workers, device, shares):
    assert _shares([resources], workers, 100, device) == shares


@pytest.mark.parametrize(
    ("nodes", "workers", "batches", "device", "shares"),
    [
        ([{"CPU": 8.0}, {"CPU": 8.0}], None, 1, "cpu", (1, 8, None)),
        ([{"CPU": 8.0}] * 3, None, 2, "cpu", (2, 8, None)),
        ([{"CPU": 8.0}, {"CPU": 4.0}], 1, 100, "cpu", (1, 8, None)),
        ([{"CPU": 16.0}, *[{"CPU": 8.0, "GPU": 1.0}] * 2], None, 100, "cuda", (2, 8, 1.0)),
        ([{"CPU": 64.0}, {"CPU": 32.0, "GPU": 4.0}], None, 100, "cuda", (4, 8, 1.0)),
        ([{"CPU": 32.0, "GPU": 4.0}], 8, 100, "cuda", (8, 4, 0.5)),
    ],
)
def test_no_worker_asks_for_more_than_a_machine_has(nodes, workers, batches, device, shares):
    """Ray would wait for such a machine for ever."""
    assert _shares(nodes, workers, batches, device) == shares


def test_batches_grow_where_there_would_be_too_many():
    numbers = (1, 80_000, 200_000, 10_000_000)
    assert [photos_at_a_time(number) for number in numbers] == [8, 8, 20, 64]


def test_a_cluster_without_a_card_is_named():
    with pytest.raises(ConfigurationError, match="no machine of Ray's cluster offers a card"):
        _shares([{"CPU": 8.0}], None, 100, "cuda")
