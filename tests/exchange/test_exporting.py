"""Exports as a whole: what stands in the folder, names of every kind, photos that are gone, training."""

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.exchange.conftest import FILES, FORMATS, annotated, corrected_mask, detected, model_mask
from tests.memory import most_bytes_held
from tests.results.conftest import rows, write_photos

from upcracknet.data.folder import open_folder
from upcracknet.errors import OutputError
from upcracknet.results.correcting import withdraw_correction, write_correction
from upcracknet.results.corrections import Correction
from upcracknet.results.records import Record


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("coco", {"annotations.json"}),
        ("cvat", {"annotations.xml", "labels.json"}),
        ("label-studio", {"tasks.json", "setup.xml"}),
        ("masks", {"photos.csv", "masks/day-0/000.png.png", "masks/day-1/003.png.png"}),
    ],
)
def test_what_stands_in_the_folder(export, to, expected):
    folder, exported, problems = export(to)
    photos = {
        f"{'images' if to == 'cvat' else 'photos'}/day-{number % 2}/{number:03}.png" for number in range(4)
    }
    assert {"export.json"} | photos | expected <= files_of(folder)
    assert (exported.photos, exported.left_out, problems) == (4, 0, [])
    before = {name: (folder / name).read_bytes() for name in files_of(folder)}
    export(to)  # again, in its place
    assert {name: (folder / name).read_bytes() for name in files_of(folder)} == before


def test_masks_alone_without_pictures_of_three_in_one(export, results):
    """Complaint 23 (Concrete-Crack-Detection#22): a choice of outputs."""
    folder, _, _ = export("masks", photos="none")
    for record in results.records():
        mask = cv2.imread(str(folder / "masks" / f"{record.name}.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(mask, model_mask(results, record.name) * np.uint8(255))
    table = {row["photo"]: row for row in _table(folder)}
    assert table["day-0/000.png"]["mask"] == "masks/day-0/000.png.png"
    assert int(table["day-0/000.png"]["crack_pixels"]) == model_mask(results, "day-0/000.png").sum()


def _table(folder: Path) -> list[dict[str, str]]:
    with (folder / "photos.csv").open(newline="") as file:
        return [*csv.DictReader(file)]


@pytest.mark.parametrize("how", ["copy", "link"])
def test_masks_are_trained_and_measured_on(export, results, how):
    """The folder opens as annotated photos, corrected masks in place of the model's."""
    write_correction(results, Correction("day-0/000.png", "corrected"), np.eye(64, 96, dtype=bool))
    write_correction(results, Correction("day-1/001.png", "rejected", "joint", "saw cut"))
    folder, _, _ = export("masks", photos=how)
    samples = {sample.name: sample for sample in open_folder(folder).samples}
    assert samples.keys() == {"day-0/000", "day-0/002", "day-1/001", "day-1/003"}
    assert np.array_equal(samples["day-0/000"].mask(), np.eye(64, 96, dtype=bool))
    assert not samples["day-1/001"].mask().any()
    assert np.array_equal(samples["day-1/003"].mask(), model_mask(results, "day-1/003.png"))
    assert samples["day-1/003"].photo().shape == (64, 96, 3)
    table = {row["photo"]: row for row in _table(folder)}
    assert table["day-1/001.png"]["review_status"] == "rejected"
    assert table["day-1/001.png"]["reviewer_note"] == "joint: saw cut"


def test_photos_are_linked_or_left(export, results):
    folder, _, _ = export("coco", photos="link")
    link = folder / "photos" / "day-0" / "000.png"
    assert link.is_symlink() and link.samefile(results.path.parent / "photos" / "day-0" / "000.png")
    assert not (export("cvat", photos="none")[0] / "images").exists()


def test_short_parts_are_left_out(export, take, results):
    mask = np.zeros((64, 96), bool)
    mask[10:14, 20:60] = mask[40:43, 40:43] = True
    write_correction(results, Correction("day-0/000.png", "corrected"), mask)
    folder, _, _ = export("masks", least_length_px=10)
    found = cv2.imread(str(folder / "masks" / "day-0" / "000.png.png"), cv2.IMREAD_UNCHANGED)
    assert np.count_nonzero(found) == 160


@pytest.mark.parametrize("to", FORMATS)
def test_a_photo_that_cannot_be_used_costs_no_other(export, tmp_path, to):
    photos = write_photos(tmp_path / "photos", 4)
    results = detected(photos, tmp_path / "out")
    (photos / "day-0" / "000.png").unlink()
    cv2.imwrite(str(photos / "day-0" / "002.png"), np.full((64, 96, 3), 9, np.uint8))
    (results.path / "records" / "day-1" / "001.png.json").write_text("{")
    _, exported, problems = export(to, results)
    assert (exported.photos, exported.left_out, exported.failed) == (1, 3, 0)
    assert "day-0/000.png: no such file" in problems[0]
    assert "day-0/002.png: has changed" in problems[1]
    assert problems[2].startswith("day-1/001.png: its record is damaged")
    (results.path / "corrections" / "day-1").mkdir(parents=True)
    (results.path / "corrections" / "day-1" / "003.png.json").write_text("{}")
    _, exported, problems = export(to, results)
    assert exported.photos == 0
    assert "003.png.json: no correction" in problems[2]


@pytest.mark.parametrize("to", FORMATS)
def test_names_of_every_kind(export, take, tmp_path, to):
    """Folders, umlauts, signs of XML and addresses, a name in two cases, bytes that are no UTF-8."""
    photos = tmp_path / "photos"
    names = ["ü & <ö>/a b#1.png", "ü & <ö>/c%20.PNG", "same.png", "SAME.png"]
    names.append(os.fsdecode(b"caf\xe9.png"))
    one = write_photos(tmp_path / "one", 1) / "day-0" / "000.png"
    for name in names:
        (photos / name).parent.mkdir(parents=True, exist_ok=True)
        (photos / name).write_bytes(one.read_bytes())
    results = detected(photos, tmp_path / "out")
    folder, exported, problems = export(to, results)
    assert (exported.photos, problems) == (5, [])
    imported, problems = take(annotated(folder / FILES[to]), folder=results.path)
    assert (imported.unchanged, problems) == (5, [])
    names_there = files_of(folder / ("images" if to == "cvat" else "photos"))
    assert names_there >= {"ü & <ö>/a b#1.png", "caf%E9.png", "SAME.png", "same.png~2.png"}


def test_files_of_others_stay(export, results, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "annotations.json").write_text("mine")
    for folder in (tmp_path / "mine", results.path):
        before = {name: (folder / name).read_bytes() for name in files_of(folder)}
        with pytest.raises(OutputError, match="holds files that `upcracknet export-results` did not write"):
            export("coco", output=folder)
        assert {name: (folder / name).read_bytes() for name in files_of(folder)} == before


@pytest.mark.parametrize("to", ["coco", "cvat", "label-studio"])
def test_memory_does_not_grow_with_the_photos(export, results, monkeypatch, to):
    """The same photos many times; all held would be three times as much."""
    records = [*results.records()]

    def most_held(times: int) -> int:
        def many(*_: object, **__: object) -> Iterator[Record]:
            return (record for _ in range(times) for record in records)

        def work() -> None:
            assert export(to, photos="none")[1].photos == 4 * times

        with monkeypatch.context() as patch:
            patch.setattr(type(results), "readable_records", many)
            return most_bytes_held(work)

    assert most_held(24) < 1.3 * most_held(8)


class TestImagesInWindows:
    @pytest.fixture
    def raster(self, tmp_path):
        pytest.importorskip("rasterio")
        from tests.results.rasters import UTM, write

        photo = np.full((600, 700, 3), 150, np.uint8)
        photo[300:304, 100:400] = 40
        (tmp_path / "maps").mkdir()
        write(tmp_path / "maps" / "map.tif", photo, **UTM)
        return detected(tmp_path / "maps", tmp_path / "out")

    @pytest.mark.parametrize("to", FORMATS)
    def test_they_go_out_and_come_back(self, raster, export, take, to):
        folder, exported, problems = export(to, raster)
        assert (exported.photos, problems) == (1, [])
        if to == "masks":
            assert (folder / "masks" / "map.tif.tif").is_file()
            assert np.array_equal(
                open_folder(folder).samples[0].mask(), _read(raster.path / "masks" / "map.tif.tif")
            )
        imported, problems = take(annotated(folder / FILES[to]), folder=raster.path)
        assert (imported.unchanged, problems) == (1, [])
        write_correction(raster, Correction("map.tif", "rejected", "sealed"))
        imported, problems = take(annotated(folder / FILES[to]), folder=raster.path)
        assert (imported.left_out, imported.corrected) == (1, 0)
        assert "comes with the model's own mask" in problems[0]
        folder, _, _ = export(to, raster)  # now without cracks
        withdraw_correction(raster, "map.tif")
        imported, problems = take(annotated(folder / FILES[to]), folder=raster.path)
        assert (imported.corrected, problems) == (1, [])
        assert not _read(raster.path / "corrections" / "map.tif.tif").any()

    def test_large_ones_go_as_masks_alone(self, raster, export, monkeypatch):
        monkeypatch.setattr("upcracknet.exchange.photos.LARGE", 1000)
        _, exported, problems = export("coco", raster)
        assert exported.left_out == 1
        assert "700x600 pixels, expected at most 1,000" in problems[0] and "--to masks" in problems[0]
        assert export("masks", raster)[1].photos == 1


def test_frames_of_a_video_are_written(export, tmp_path):
    pytest.importorskip("av")
    from tests.results.videos import write_video

    video = write_video(tmp_path / "drive.mp4", range(0, 3000, 200))
    results = detected(video, tmp_path / "out")
    for how in ("copy", "link"):
        folder, exported, problems = export("masks", results, tmp_path / how, photos=how)
        assert exported.photos >= 2 and problems == []
        assert len(open_folder(folder).samples) == exported.photos


def _read(path: Path) -> np.ndarray:
    import rasterio

    with rasterio.open(path) as file:
        return file.read(1) > 0


def test_a_correction_that_was_not_measured_yet_is_exported(export, results):
    mask = np.zeros((64, 96), bool)
    mask[5:9, 10:70] = True
    write_correction(results, Correction("day-0/000.png", "corrected"), mask)
    assert rows(results.path)["day-0/000.png"]["review_status"] == ""
    folder, _, _ = export("masks", photos="none")
    found = cv2.imread(str(folder / "masks" / "day-0" / "000.png.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(found > 0, mask) and np.array_equal(corrected_mask(results, "day-0/000.png"), mask)


def test_pairs_of_an_earlier_export_do_not_stay(export, results):
    """Training would learn from them, and the table does not list them."""
    folder, _, _ = export("masks")
    name = "day-0/000.png"
    (results.path / "records" / f"{name}.json").unlink()
    export("masks")
    assert not (folder / "photos" / name).exists() and not (folder / "masks" / f"{name}.png").exists()
    assert len(open_folder(folder)) == 3
    (folder / "photos" / "mine.png").write_bytes(b"mine")
    export("masks")
    assert (folder / "photos" / "mine.png").read_bytes() == b"mine"


def test_no_photo_is_left_without_its_mask(export, results):
    results.file("masks/day-0/000.png.png").write_bytes(b"no mask")
    folder, exported, problems = export("masks")
    assert (exported.photos, exported.left_out, len(problems)) == (3, 1, 1)
    assert not (folder / "photos" / "day-0" / "000.png").exists()
    assert len(open_folder(folder)) == 3


@pytest.mark.parametrize("name", ["../outside", "/outside"])
def test_a_marker_names_no_files_elsewhere(export, tmp_path, name):
    folder, _, _ = export("masks")
    outside = tmp_path / "outside"
    outside.write_text("mine")
    marker = json.loads((folder / "export.json").read_text())
    listed = str(outside) if name.startswith("/") else name
    (folder / "export.json").write_text(json.dumps(marker | {"files": [listed]}))
    export("masks")
    assert outside.read_text() == "mine"


def test_an_export_of_another_kind_leaves_masks_alone(export, tmp_path):
    folder, _, _ = export("masks")
    before = {name for name in files_of(folder) if name.startswith(("masks/", "photos/"))}
    export("coco", output=folder)
    assert before <= files_of(folder)
