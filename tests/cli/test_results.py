import json
import os
from pathlib import Path

import numpy as np
import pytest

from upcracknet.cli.results import COLUMNS, LOG, ResultLog, photos_to_detect, result_paths
from upcracknet.data.photo import save_image_atomically
from upcracknet.detection import CrackMap
from upcracknet.errors import DataError, OutputError

SETTINGS = {"model": "small", "score": "none"}


@pytest.fixture
def crack_map():
    mask = np.zeros((20, 30), bool)
    mask[4:6] = True
    return CrackMap(np.full((20, 30, 3), 90, np.uint8), mask * np.float32(0.5), mask, 0.25)


def write_photo(path: Path) -> Path:
    save_image_atomically(path, np.full((20, 30, 3), 90, np.uint8))
    return path


def test_names_keep_the_folders_below_the_common_one():
    photos = [Path("survey/a.jpg"), Path("survey/north/a.jpg"), Path("survey/north/b.png")]
    assert list(result_paths(photos).values()) == ["a", "north/a", "north/b"]


def test_names_that_differ_in_their_suffix_alone_keep_it():
    photos = [Path("a.jpg"), Path("a.png"), Path("b.jpg"), Path("c.1.jpg"), Path("c.2.jpg")]
    assert list(result_paths(photos).values()) == ["a.jpg", "a.png", "b", "c.1", "c.2"]


def test_results_in_the_folder_of_photos_are_not_photos(tmp_path):
    photo = write_photo(tmp_path / "a.png")
    for kind in ("overlays", "masks", "scores"):
        write_photo(tmp_path / "out" / kind / "a.png")
    write_photo(tmp_path / "out" / "b.png")
    assert photos_to_detect([str(tmp_path)], tmp_path / "out") == [photo, tmp_path / "out" / "b.png"]
    with pytest.raises(DataError, match="only results of earlier runs"):
        photos_to_detect([str(tmp_path / "out" / "masks")], tmp_path / "out")


def test_a_photo_given_twice_is_detected_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_photo(tmp_path / "a.png")
    assert len(photos_to_detect(["a.png", str(tmp_path), "x/../a.png"], tmp_path / "out")) == 1


def test_the_log_remembers_what_is_finished(tmp_path, crack_map):
    photo = write_photo(tmp_path / "a.png")
    log = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    assert not log.is_finished(photo)
    log.add(photo, crack_map, "a", "none", 2.0)
    assert log.is_finished(photo)

    row = log.rows[str(photo)]
    assert (row["crack_pixels"], row["area_share"]) == (60, 0.1)
    assert row["crack_area_cm2"] == 2.4  # 60 pixels of 0.04 cm²
    again = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    assert again.is_finished(photo)
    assert again.rows == log.rows
    assert not ResultLog(tmp_path / "out", SETTINGS, overwrite=True).is_finished(photo)


def test_a_changed_photo_or_a_lost_result_is_not_finished(tmp_path, crack_map):
    photos = [write_photo(tmp_path / name) for name in ("a.png", "b.png")]
    log = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    for photo in photos:
        log.add(photo, crack_map, photo.stem, "npy", None)
    os.utime(photos[0], ns=(0, 1))
    (tmp_path / "out" / "scores" / "b.npy").unlink()
    again = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    assert not any(map(again.is_finished, photos))


def test_results_of_other_settings_are_not_finished_nor_those_they_replaced(tmp_path, crack_map):
    photo = write_photo(tmp_path / "a.png")
    other = SETTINGS | {"model": "other"}
    ResultLog(tmp_path / "out", SETTINGS, overwrite=False).add(photo, crack_map, "a", "none", None)
    log = ResultLog(tmp_path / "out", other, overwrite=False)
    assert not log.is_finished(photo)
    log.add(photo, crack_map, "a", "none", None)
    assert ResultLog(tmp_path / "out", other, overwrite=False).is_finished(photo)
    assert not ResultLog(tmp_path / "out", SETTINGS, overwrite=False).is_finished(photo)


def test_results_replaced_by_those_of_another_photo_are_not_finished(tmp_path, crack_map):
    first, second = write_photo(tmp_path / "x" / "a.png"), write_photo(tmp_path / "y" / "a.png")
    for photo in (first, second):
        log = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
        log.add(photo, crack_map, "a", "none", None)
    assert not log.is_finished(first)
    again = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    assert (again.is_finished(first), again.is_finished(second)) == (False, True)


def test_half_a_line_of_a_killed_run_costs_that_photo_alone(tmp_path, crack_map):
    photos = [write_photo(tmp_path / f"{name}.png") for name in "abc"]
    log = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    for photo in photos[:2]:
        log.add(photo, crack_map, photo.stem, "none", None)
    path = tmp_path / "out" / LOG
    path.write_bytes(path.read_bytes()[:-40])

    again = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    assert [again.is_finished(photo) for photo in photos] == [True, False, False]
    again.add(photos[2], crack_map, "c", "none", None)
    last = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    assert [last.is_finished(photo) for photo in photos] == [True, False, True]


@pytest.mark.parametrize("line", ["\xff\xfe", "17", "[]", '{"photo": "a.png"}'])
def test_lines_of_something_else_are_passed_over(tmp_path, line):
    (tmp_path / LOG).write_bytes(line.encode("latin-1") + b"\n")
    assert ResultLog(tmp_path, SETTINGS, overwrite=False).rows == {}


def test_the_summary_tells_of_these_photos_alone(tmp_path, crack_map):
    photos = [write_photo(tmp_path / f"{name}.png") for name in "abc"]
    log = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    log.add(photos[0], crack_map, "a", "none", None)
    log.add_failure(photos[1], "b.png: broken, copy it again")
    log.add(photos[2], crack_map, "c", "none", None)
    counts = log.write_summary(photos[:2])
    assert counts == {"photos": 2, "done": 1, "failed": 1, "with_cracks": 1, "output": str(tmp_path / "out")}
    content = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert content["counts"] == counts
    assert content["settings"] == SETTINGS
    assert [tuple(row) for row in content["photos"]] == [COLUMNS] * 2
    assert [row["status"] for row in content["photos"]] == ["done", "failed"]


def test_file_names_need_not_be_utf8(tmp_path, crack_map):
    photo = tmp_path / os.fsdecode(b"stra\xdfe.png")
    write_photo(photo)
    log = ResultLog(tmp_path / "out", SETTINGS, overwrite=False)
    log.add(photo, crack_map, photo.stem, "none", None)
    log.write_summary([photo])
    assert b"stra\xdfe.png" in (tmp_path / "out" / "summary.csv").read_bytes()
    assert ResultLog(tmp_path / "out", SETTINGS, overwrite=False).is_finished(photo)


def test_a_folder_below_a_file_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match=r"cannot be written .*choose a writable folder"):
        ResultLog(tmp_path / "file" / "out", SETTINGS, overwrite=False)
