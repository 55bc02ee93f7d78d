"""Very many photos: streamed, resumable, from anywhere, by any number of workers; nothing is lost."""

import json
import os
import random
import signal
import socket
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from upcracknet.cli.main import run
from upcracknet.runtime import engines as runtime
from upcracknet.survey import engines
from upcracknet.survey.storage import find_photos
from upcracknet.survey.worker import SurveySettings

parquet = pytest.importorskip("pyarrow.parquet")


def write_photos(folder: Path, count: int, size: tuple[int, int] = (64, 96)) -> Path:
    for number in range(count):
        photo = np.random.default_rng(number).normal(150, 9, (*size, 3)).clip(0, 255).astype(np.uint8)
        photo[20 + number % 30 : 23 + number % 30] = 40
        path = folder / f"day-{number % 2}" / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), photo)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != ".lock"}


@pytest.fixture
def photos(tmp_path):
    return write_photos(tmp_path / "photos", 6)


@pytest.fixture
def survey(photos, tmp_path):
    def run_survey(*arguments, folder=photos, out=tmp_path / "out") -> int:
        return run(["survey", str(folder), "-o", str(out), "--model", "local-contrast", *map(str, arguments)])

    return run_survey


def test_every_photo_has_its_results(survey, tmp_path, capsys):
    assert survey("--scores", "--millimetres-per-pixel", 2) == 0
    assert json.loads(capsys.readouterr().out)["done"] == 6
    rows = parquet.read_table(tmp_path / "out" / "photos.parquet").to_pylist()
    assert [row["name"] for row in rows] == [f"day-{n}/{n + 2 * k:03}" for n in (0, 1) for k in range(3)]
    for row in rows:
        mask = cv2.imread(str(tmp_path / "out" / row["mask"]), cv2.IMREAD_UNCHANGED)
        assert mask.shape == (row["height"], row["width"]) == (64, 96)
        assert np.count_nonzero(mask) == row["crack_pixels"] > 0
        assert row["crack_area_cm2"] == pytest.approx(row["crack_pixels"] * 4 / 100)
        assert cv2.imread(str(tmp_path / "out" / row["overlay"])).shape == (64, 96, 3)
        assert cv2.imread(str(tmp_path / "out" / row["score"]), cv2.IMREAD_UNCHANGED).dtype == np.uint16


def test_what_a_killed_worker_left_half_written_is_gone(survey, tmp_path, monkeypatch, capsys):
    def leaving(photos, folder, settings, **how):
        yield from engines.run_survey(photos, folder, settings, **how)
        (folder / "overlays" / ".000.jpg.1-1.part").write_bytes(b"half")

    monkeypatch.setattr("upcracknet.cli.survey.run_survey", leaving)
    assert survey() == 0
    assert not [*(tmp_path / "out").rglob("*.part")]


def test_a_worker_of_ray_leaves_the_cores_to_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "_alone", True)
    before = torch.get_num_threads()
    engines._RayWorker(str(tmp_path), SurveySettings("local-contrast", runtime="torch"), before)
    assert not runtime._alone


def test_the_results_are_those_of_detect(survey, photos, tmp_path, capsys):
    assert survey("--no-overlays") == 0
    assert run(["detect", str(photos), "-o", str(tmp_path / "detect"), "--model", "local-contrast"]) == 0
    for mask in (tmp_path / "detect" / "masks").rglob("*.png"):
        name = mask.relative_to(tmp_path / "detect")
        assert (tmp_path / "out" / name).read_bytes() == mask.read_bytes()
    assert not (tmp_path / "out" / "overlays").exists()


def test_a_second_run_does_only_what_is_missing(survey, photos, tmp_path, capsys, monkeypatch):
    assert survey() == 0
    before = content(tmp_path / "out")
    (tmp_path / "out" / "masks" / "day-0" / "002.png").unlink()
    cv2.imwrite(str(photos / "day-1" / "001.png"), np.full((64, 96, 3), 99, np.uint8))
    done = []
    plain = engines.SurveyWorker.process
    monkeypatch.setattr(
        engines.SurveyWorker,
        "process",
        lambda self, given: plain(self, [done.append(photo.name) or photo for photo in given]),
    )
    assert survey() == 0
    assert done == ["day-0/002", "day-1/001"]
    after = content(tmp_path / "out")
    assert after["masks/day-0/002.png"] == before["masks/day-0/002.png"]
    assert after["masks/day-1/001.png"] != before["masks/day-1/001.png"]
    assert survey("--scores") == 0
    assert len(done) == 8  # other settings are other results


def test_a_photo_that_fails_is_recorded_and_the_rest_goes_on(survey, photos, tmp_path, capsys):
    (photos / "day-0" / "broken.jpg").write_bytes(b"no photo")
    cv2.imwrite(str(photos / "day-0" / "tiny.png"), np.zeros((4, 4, 3), np.uint8))
    assert survey() == 3
    rows = {row["name"]: row for row in parquet.read_table(tmp_path / "out" / "photos.parquet").to_pylist()}
    assert sum(row["status"] == "done" for row in rows.values()) == 6
    assert "not an image" in rows["day-0/broken"]["error"]
    assert "at least 16×16" in rows["day-0/tiny"]["error"]
    assert rows["day-0/tiny"]["crack_pixels"] is None
    (photos / "day-0" / "tiny.png").unlink()
    (photos / "day-0" / "broken.jpg").unlink()
    assert survey() == 0


def test_two_surveys_do_not_write_to_one_folder(survey, tmp_path, capsys):
    from upcracknet.files import claimed

    survey()
    with claimed(tmp_path / "out" / ".lock"):
        assert survey() == 1
    assert "in work by" in capsys.readouterr().err


def test_results_among_the_photos_are_no_photos(survey, photos, capsys):
    assert survey(out=photos / "results") == 0
    assert survey(out=photos / "results") == 0
    assert json.loads(capsys.readouterr().out.split("}")[1] + "}")["photos"] == 6


def test_georeferenced_images_are_read_in_windows(survey, photos, tmp_path, capsys):
    rasterio = pytest.importorskip("rasterio")
    place = rasterio.transform.from_origin(500000, 5400000, 0.002, 0.002)
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "width": 140, "height": 90}
    with rasterio.open(photos / "ortho.tif", "w", crs="EPSG:32633", transform=place, **profile) as file:
        file.write(np.random.default_rng(0).integers(90, 140, (1, 90, 140), np.uint8))
    assert survey() == 0
    with rasterio.open(tmp_path / "out" / "masks" / "ortho.tif") as mask:
        assert mask.transform == place
    rows = parquet.read_table(tmp_path / "out" / "photos.parquet").to_pylist()
    assert rows[-1]["crack_area_cm2"] == pytest.approx(rows[-1]["crack_pixels"] * 4 / 100, abs=1e-3)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_run_killed_anywhere_loses_nothing(survey, tmp_path, capsys):
    """Twenty times: kill -9 at a random moment, then run again; byte for byte as if nothing had happened."""
    torch.set_num_threads(1)
    photos = write_photos(tmp_path / "many", 24)
    assert survey(folder=photos, out=tmp_path / "first") == 0  # its imports are none of the time below
    started = time.perf_counter()
    assert survey(folder=photos, out=tmp_path / "whole") == 0
    duration = time.perf_counter() - started
    expected, moments = content(tmp_path / "whole"), random.Random(0)
    killed = 0
    for attempt in range(20):
        out = tmp_path / f"killed-{attempt}"
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            os._exit(survey(folder=photos, out=out))
        time.sleep(moments.uniform(0, duration))
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        for record in (out / "records").rglob("*.json"):  # what is said to be done is whole
            row = json.loads(record.read_text())
            assert cv2.imread(str(out / row["mask"]), cv2.IMREAD_UNCHANGED).shape == (64, 96)
        assert survey(folder=photos, out=out) == 0
        assert content(out) == expected
    assert killed >= 10  # else nothing was tested


class TestRay:
    @pytest.fixture(scope="class")
    def cluster(self):
        ray = pytest.importorskip("ray")
        import logging
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(
                num_cpus=2, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False,
                runtime_env={"env_vars": {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}},
            )  # fmt: skip
            yield ray
            ray.shutdown()

    @pytest.mark.timeout(300)
    @pytest.mark.filterwarnings("ignore")
    def test_killed_workers_lose_nothing(self, cluster, survey, tmp_path, capsys):
        psutil = pytest.importorskip("psutil")
        photos = write_photos(tmp_path / "many", 320, (256, 384))
        assert survey(folder=photos, out=tmp_path / "local") == 0
        stop, killed, moments = threading.Event(), [], random.Random(0)

        def kill() -> None:
            while not stop.wait(moments.uniform(0.02, 0.3)) and len(killed) < 3:
                workers = [
                    process for process in psutil.process_iter(["cmdline"])
                    if "MapWorker" in " ".join(process.info["cmdline"] or [])
                ]  # fmt: skip
                if workers and (tmp_path / "ray" / "records").exists():
                    victim = moments.choice(workers)
                    victim.kill()
                    killed.append(victim.pid)

        killer = threading.Thread(target=kill)
        killer.start()
        code = survey("--engine", "ray", "--workers", 2, folder=photos, out=tmp_path / "ray")
        stop.set()
        killer.join()
        assert code == 0
        assert killed
        assert content(tmp_path / "ray") == content(tmp_path / "local")

    @pytest.mark.filterwarnings("ignore")
    def test_a_cluster_that_is_not_there_is_named(self, survey, capsys, monkeypatch):
        ray = pytest.importorskip("ray")
        monkeypatch.setattr(ray, "is_initialized", lambda: False)

        def refuse(**_: object) -> None:
            raise ConnectionError("nobody answers")

        monkeypatch.setattr(ray, "init", refuse)
        assert survey("--engine", "ray", "--address", "auto") == 1
        assert "Ray's cluster auto cannot be reached (nobody answers)" in capsys.readouterr().err
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        assert survey("--engine", "ray", "--address", address) == 1
        assert f"{address} cannot be reached ([Errno" in capsys.readouterr().err


class TestAddresses:
    @pytest.fixture
    def bucket(self, photos, monkeypatch):
        pytest.importorskip("s3fs")
        server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        values = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "a"}
        for name, value in (
            values | {"AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1"}
        ).items():
            monkeypatch.setenv(name, value)
        import s3fs

        s3fs.S3FileSystem.clear_instance_cache()
        system = s3fs.S3FileSystem(endpoint_url=values["AWS_ENDPOINT_URL"])
        if not system.exists("roads"):  # servers of one process share their memory
            system.mkdir("roads")
        for path in photos.rglob("*.png"):
            system.pipe_file(f"roads/2026/{path.relative_to(photos)}", path.read_bytes())
        system.pipe_file("roads/2026/readme.txt", b"no photo")
        yield system
        server.stop()

    @pytest.mark.filterwarnings("ignore")
    def test_photos_in_s3(self, bucket, survey, photos, tmp_path, capsys):
        bucket.pipe_file("roads/2026/broken.jpg", b"no photo")
        assert survey(folder="s3://roads/2026", out=tmp_path / "s3") == 3
        bucket.rm_file("roads/2026/broken.jpg")
        assert survey(folder="s3://roads/2026/*/*.png", out=tmp_path / "s3") == 0
        assert survey() == 0
        for mask in (tmp_path / "out" / "masks").rglob("*.png"):
            other = tmp_path / "s3" / mask.relative_to(tmp_path / "out")
            assert other.read_bytes() == mask.read_bytes()
        rows = parquet.read_table(tmp_path / "s3" / "photos.parquet").to_pylist()
        assert rows[0]["photo"] == "s3://roads/2026/day-0/000.png"

    @pytest.mark.filterwarnings("ignore")
    def test_an_empty_place_is_named(self, bucket, survey, capsys):
        assert survey(folder="s3://roads/2031") == 1
        assert "no photos found in s3://roads/2031" in capsys.readouterr().err

    def test_an_unknown_kind_of_address_is_named(self, survey, capsys):
        assert survey(folder="nowhere://roads") == 1
        assert "nowhere://roads: unknown kind of address" in capsys.readouterr().err

    def test_names_are_below_the_common_folder(self, photos, tmp_path):
        found = find_photos([str(photos / "day-0"), str(photos / "day-1" / "001.png")], tmp_path / "out")
        assert [photo.name for photo in found] == ["day-0/000", "day-0/002", "day-0/004", "day-1/001"]
