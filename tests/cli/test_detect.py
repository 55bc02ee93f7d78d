import csv
import errno
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.cli.printed import error_line

from upcracknet.cli.console import EXIT_FAILED, EXIT_INTERRUPTED
from upcracknet.data.photo import save_image_atomically
from upcracknet.detection import CrackDetector
from upcracknet.weights import load_weights, save_weights


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_result_of_a_folder_is_written(photos, detect, small_model, tmp_path, capsys):
    assert detect(photos, "--scores", "png", "--millimetres-per-pixel", "3") == 0
    printed = capsys.readouterr()
    out = tmp_path / "out"
    names = ("a.png", "b.jpg", "north/c.png")
    endings = {
        "overlays": ".jpg", "masks": ".png", "scores": ".png", "cracks": ".json", "records": ".json",
    }  # fmt: skip
    results = {f"{kind}/{name}{ending}" for kind, ending in endings.items() for name in names}
    tables = {f"{table}.{ending}" for table in ("photos", "cracks") for ending in ("csv", "parquet")}
    assert files_below(out) == results | tables | {
        "results.json",
        "summary.json",
        "log.txt",
        ".upcracknet/lock",
    }
    report = json.loads(printed.out)
    assert report == json.loads((out / "summary.json").read_text()) | {"output": str(out)}
    assert (report["photos"], report["done"], report["measured"]) == (3, 3, 3)
    records = [json.loads((out / f"records/{name}.json").read_text()) for name in names]
    assert report["with_cracks"] == sum(record["crack_count"] > 0 for record in records)
    assert "detecting" in printed.err

    expected = CrackDetector.from_pretrained(small_model).detect(photos / "a.png")
    mask = cv2.imread(str(out / "masks/a.png.png"), cv2.IMREAD_UNCHANGED)
    score = cv2.imread(str(out / "scores/a.png.png"), cv2.IMREAD_UNCHANGED)
    overlay = cv2.imread(str(out / "overlays/a.png.jpg"))[..., ::-1].astype(int)
    assert np.array_equal(mask, np.where(expected.mask, 255, 0))
    np.testing.assert_allclose(score / 65535, expected.score, atol=1 / 65535)
    assert np.abs(overlay - expected.overlay()).mean() < 10  # JPEG, of noise

    rows = list(csv.DictReader((out / "photos.csv").read_text().splitlines()))
    assert [row["photo"] for row in rows] == [str(photos / name) for name in names]
    pixels = int(np.count_nonzero(expected.mask))
    assert int(rows[0]["crack_pixels"]) == pixels > 0
    assert float(rows[0]["area_share"]) == pytest.approx(pixels / 15000, abs=1e-6)
    assert float(rows[0]["crack_area_cm2"]) == pytest.approx(pixels * 0.09)


def test_scores_as_numpy_arrays(photos, detect, small_model, tmp_path):
    assert detect(photos / "a.png", "--scores", "npy") == 0
    expected = CrackDetector.from_pretrained(small_model).detect(photos / "a.png").score
    score = np.load(tmp_path / "out" / "scores" / "a.png.npy")
    assert score.dtype == np.float32
    assert np.allclose(score, expected, atol=1e-3)  # perhaps of another engine


def test_files_folders_and_globs(photos, detect, tmp_path, capsys):
    assert detect(photos / "a.png", photos / "north", photos / "*.jpg") == 0
    assert json.loads(capsys.readouterr().out)["done"] == 3
    assert (tmp_path / "out" / "overlays" / "b.jpg.jpg").exists()


def test_a_second_run_skips_what_is_finished(photos, detect, small_model, tmp_path, capsys):
    mask = tmp_path / "out" / "masks" / "a.png.png"
    stamps = []

    def stamp() -> int:
        stamps.append(mask.stat().st_mtime_ns)
        return len(set(stamps))

    assert detect(photos) == 0
    first = json.loads(capsys.readouterr().out)
    assert stamp() == 1
    assert detect(photos) == 0
    assert json.loads(capsys.readouterr().out) == first
    assert stamp() == 1
    assert detect(photos, "--overwrite") == 0
    assert stamp() == 2
    # The same tensors that detect otherwise are another model.
    tensors, record = load_weights(small_model)
    save_weights(small_model, tensors, replace(record, detection={"input_size": 64, "center": True}))
    assert detect(photos) == 0
    assert stamp() == 3


@pytest.fixture
def bad_photos(photos) -> dict[str, str]:
    """Files that are no usable photos, by name: what the error must say."""
    whole = (photos / "a.png").read_bytes()
    (photos / "empty.png").write_bytes(b"")
    (photos / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (photos / "text.jpg").write_text("not an image")
    save_image_atomically(photos / "dot.png", np.zeros((1, 1, 3), np.uint8))
    save_image_atomically(photos / "line.png", np.zeros((3, 20000, 3), np.uint8))
    return {
        "empty.png": "the file is empty (0 bytes); copy it again",
        "truncated.png": "cannot be read",
        "text.jpg": "not an image; expected JPEG, PNG",
        "dot.png": "1×1 pixels, at least 16×16 are needed",
        "line.png": "20000×3 pixels, at least 16×16 are needed",
    }


def test_bad_photos_cost_a_line_each_and_nothing_of_the_rest(photos, bad_photos, detect, tmp_path, capsys):
    code = detect(photos, photos / "missing.png")
    printed = capsys.readouterr()
    assert code == 3
    counts = json.loads(printed.out)
    assert (counts["done"], counts["failed"]) == (3, 6)
    lines = [line for line in printed.err.splitlines() if line.startswith("failed:")]
    assert len(lines) == 6
    for name, reason in (bad_photos | {"missing.png": "no such file"}).items():
        assert [line for line in lines if f"{name}: " in line and reason in line], (name, lines)
    lines = (tmp_path / "out" / "photos.csv").read_text().splitlines()
    table = {Path(row["photo"]).name: row for row in csv.DictReader(lines)}
    assert {name for name, row in table.items() if row["status"] == "done"} == {"a.png", "b.jpg", "c.png"}
    assert all(reason in table[name]["error"] for name, reason in bad_photos.items())

    # The mistakes put right, the same command does the rest.
    for name in bad_photos:
        shutil.copy(photos / "a.png", photos / name)
    assert detect(photos) == 0
    assert json.loads(capsys.readouterr().out)["done"] == 8


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_no_photos_at_all(tmp_path, detect, capsys, name):
    (tmp_path / "empty").mkdir()
    assert detect(tmp_path / name) == EXIT_FAILED
    assert "no photos found in" in error_line(capsys)
    assert not (tmp_path / "out").exists()


def test_settings_that_cannot_be(photos, detect, capsys):
    assert detect(photos, "--preset", "mine") == EXIT_FAILED
    assert "UP-CrackNet has no preset 'mine'; leave --preset out, or take one of paper" in error_line(capsys)
    assert detect(photos, "--overlap", "64") == EXIT_FAILED
    assert "overlap of 64 pixels" in error_line(capsys)
    assert detect(photos, "--batch-size", "0") == EXIT_FAILED
    assert "batch size 0: expected at least 1" in error_line(capsys)
    assert detect(photos, "--workers", "3") == EXIT_FAILED
    assert "--workers and --address need --engine ray" in error_line(capsys)
    assert detect(photos, "--millimetres-per-pixel", "-1") == EXIT_FAILED
    assert "scale: -1 mm per pixel, expected a number above 0" in error_line(capsys)


@pytest.mark.parametrize(
    "arguments",
    [["--batch-size", "x"], ["--engine", "spark"], ["--scores", "gif"], ["--nonsense"]],
)
def test_wrong_usage(photos, detect, tmp_path, capsys, arguments):
    assert detect(photos, *arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert arguments[0] in printed.err
    assert not (tmp_path / "out").exists()


def test_an_output_folder_that_cannot_be_made(photos, detect, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    assert detect(photos, output=tmp_path / "file" / "out") == EXIT_FAILED
    assert "file is no folder; choose another folder" in error_line(capsys)


def test_files_that_are_not_read_are_counted(photos, detect, capsys):
    (photos / "c.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 100)
    assert detect(photos) == 0
    assert ".heic" in capsys.readouterr().err


def test_a_read_only_output_folder(photos, detect, tmp_path, monkeypatch, capsys):
    # Permissions do not bind an administrator, so the system's refusal is made up.
    original = Path.open

    def refuse(path, mode="r", *arguments, **options):
        if "r" not in mode:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return original(path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    assert detect(photos) == EXIT_FAILED
    assert "Read-only file system" in error_line(capsys)


def test_a_full_disk_leaves_whole_files_and_a_run_to_go_on_with(
    photos, detect, tmp_path, monkeypatch, capsys
):
    original = Path.write_bytes

    def full(path, content):
        if path.name.endswith(".part") and content[:4] == b"\x89PNG":
            original(path, content[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return original(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert detect(photos) == EXIT_FAILED
    line = error_line(capsys)
    assert "No space left on device" in line
    assert "free some space" in line
    assert not [name for name in files_below(tmp_path / "out") if name.endswith(".part")]
    assert detect(photos) == 0
    assert "masks/b.jpg.png" in files_below(tmp_path / "out")


def test_an_interrupted_run_leaves_whole_files_and_goes_on(photos, detect, tmp_path, monkeypatch, capsys):
    detect_each = CrackDetector.detect_each

    def interrupted(detector, items):
        found = detect_each(detector, items)
        yield next(found)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(CrackDetector, "detect_each", interrupted)
        assert detect(photos) == EXIT_INTERRUPTED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "interrupted; finished results are whole" in printed.err
    out = tmp_path / "out"
    assert files_below(out / "masks") == {"a.png.png"}
    assert not list(out.rglob("*.part"))
    assert len((out / "photos.csv").read_text().splitlines()) == 2

    before = (out / "masks" / "a.png.png").stat().st_mtime_ns
    assert detect(photos) == 0
    assert json.loads(capsys.readouterr().out)["done"] == 3
    assert files_below(out / "masks") == {"a.png.png", "b.jpg.png", "north/c.png.png"}
    assert (out / "masks" / "a.png.png").stat().st_mtime_ns == before


def test_a_georeferenced_image_gets_a_mask_that_lies_where_it_lies(photos, detect, tmp_path, capsys):
    rasterio = pytest.importorskip("rasterio")
    values = np.random.default_rng(0).integers(90, 140, (3, 90, 140), np.uint8)
    place = rasterio.transform.from_origin(500000, 5400000, 0.002, 0.002)
    profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "width": 140, "height": 90}
    with rasterio.open(photos / "ortho.tif", "w", crs="EPSG:32633", transform=place, **profile) as file:
        file.write(values)
    (photos / "broken.tif").write_bytes(b"II*\x00nothing")
    arguments = (photos / "ortho.tif", photos / "a.png", photos / "broken.tif", "--scores", "png")
    assert detect(*arguments) == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["done"], report["failed"]) == (2, 1)
    with rasterio.open(tmp_path / "out" / "masks" / "ortho.tif.tif") as mask:
        assert mask.transform == place and mask.shape == (90, 140)
    assert (tmp_path / "out" / "scores" / "ortho.tif.tif").exists()
    row = json.loads((tmp_path / "out" / "records" / "ortho.tif.json").read_text())
    assert row["crack_area_cm2"] == pytest.approx(row["crack_pixels"] * 4 / 100, abs=1e-3)
    (tmp_path / "out" / "masks" / "ortho.tif.tif").touch()
    stamp = (tmp_path / "out" / "masks" / "ortho.tif.tif").stat().st_mtime_ns
    assert detect(*arguments) == 3  # finished ones are left alone
    assert (tmp_path / "out" / "masks" / "ortho.tif.tif").stat().st_mtime_ns == stamp
