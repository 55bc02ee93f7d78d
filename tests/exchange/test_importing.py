"""What people corrected comes back, bit for bit, and counts; what cannot be taken over is named."""

import os
import shutil
import zipfile

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra.numpy import arrays
from tests.exchange.conftest import FILES, FORMATS, annotated, corrected_mask, model_mask

from upcracknet.errors import ConfigurationError, DataError, OutputError
from upcracknet.exchange.reading import ImportOptions
from upcracknet.locks import claimed
from upcracknet.results.correcting import withdraw_correction, write_correction
from upcracknet.results.corrections import Correction, read_correction, read_corrections
from upcracknet.results.folder import read_results

NAME = "day-0/000.png"


@pytest.mark.parametrize("to", FORMATS)
class TestRoundTrip:
    @settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(mask=arrays(bool, (64, 96)))
    def test_masks_come_back_bit_for_bit(self, export, take, results, to, mask):
        self._there_and_back(export, take, results, to, mask)

    @pytest.mark.parametrize("kind", ["empty", "full", "level line", "upright line", "diagonal"])
    def test_special_masks(self, export, take, results, to, kind):
        mask = np.zeros((64, 96), bool)
        if kind == "full":
            mask[:] = True
        elif kind == "level line":
            mask[30] = True
        elif kind == "upright line":
            mask[:, 95] = True
        elif kind == "diagonal":
            mask = np.eye(64, 96, dtype=bool)
        self._there_and_back(export, take, results, to, mask)

    def _there_and_back(self, export, take, results, to, mask):
        write_correction(results, Correction(NAME, "corrected"), mask)
        folder, _, _ = export(to, photos="none")
        write_correction(results, Correction(NAME, "corrected"), ~mask)
        imported, problems = take(annotated(folder / FILES[to]))
        assert (imported.corrected, imported.unchanged, problems) == (1, 3, [])
        assert np.array_equal(corrected_mask(results, NAME), mask)
        found = read_correction(results, NAME)
        assert found is not None
        assert found.source == f"{to}: {FILES[to] or folder.name}"
        assert found.time.endswith("+00:00")

    def test_what_is_unchanged_is_noted_only_if_asked(self, export, take, results, to):
        folder, _, _ = export(to, photos="none")
        file = annotated(folder / FILES[to])
        assert take(file)[0].unchanged == 4
        assert [*read_corrections(results)] == []
        assert take(file, accept_unchanged=True)[0].accepted == 4
        assert {correction.status for correction in read_corrections(results)} == {"accepted"}
        assert take(file, accept_unchanged=True)[0].unchanged == 4

    @pytest.mark.parametrize("status", ["corrected", "rejected"])
    def test_masks_that_nobody_drew_on_take_no_persons_place(self, export, take, results, to, status):
        """Exported before a person spoke of the photo, imported after."""
        folder, _, _ = export(to, photos="none")
        mine = ~model_mask(results, NAME) if status == "corrected" else None
        write_correction(results, Correction(NAME, status), mine)
        imported, problems = take(annotated(folder / FILES[to]))
        assert (imported.corrected, imported.unchanged, imported.left_out) == (0, 3, 1)
        assert f"comes with the model's own mask, and is {status} here" in problems[0]
        found = read_correction(results, NAME)
        assert (found.status, found.source) == (status, None)
        assert mine is None or np.array_equal(corrected_mask(results, NAME), mine)

    def test_the_format_may_be_said(self, export, take, to):
        folder, _, _ = export(to, photos="none")
        file = annotated(folder / FILES[to])
        assert take(file, to)[0].unchanged == 4
        other = "cvat" if to == "coco" else "coco"
        with pytest.raises(DataError, match=f"looks like {to}, but --from says {other}"):
            take(file, other)

    def test_another_photo_in_the_place_of_this_one(self, export, take, results, to):
        """A wrong size and an unknown name cost these photos alone."""
        folder, _, _ = export(to, photos="none")
        for record in results.records():
            path = results.path / "records" / f"{record.name}.json"
            if record.name == NAME:
                path.write_bytes(path.read_bytes().replace(b'"width": 96', b'"width": 95'))
                cv2.imwrite(str(results.file(record.mask)), np.zeros((64, 95), np.uint8))
            if record.name == "day-1/001.png":
                path.unlink()
        imported, problems = take(annotated(folder / FILES[to]))
        assert (imported.left_out, imported.unchanged, imported.corrected) == (2, 2, 0)
        assert any(NAME in problem and "expected 95x64" in problem for problem in problems)
        assert any("day-1/001.png" in problem and "no photo" in problem for problem in problems)


def test_random_masks_are_no_trivial_ones(export, results):
    assert model_mask(results, NAME).any()


def test_an_archive(export, take, tmp_path):
    folder, _, _ = export("cvat", photos="none")
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.write(folder / "annotations.xml", "annotations.xml")
        archive.writestr("images/000.png", b"not read")
    assert take(tmp_path / "task.zip")[0].unchanged == 4
    with zipfile.ZipFile(tmp_path / "task.zip", "a") as archive:
        archive.writestr("annotations/other.json", b"{}")
    with pytest.raises(DataError, match="2 files of annotations in the archive, expected one"):
        take(tmp_path / "task.zip")


def test_photos_that_nobody_annotated(export, take, results):
    folder, _, _ = export("label-studio", photos="none")
    imported, problems = take(folder / "tasks.json")
    assert (imported.not_annotated, problems) == (4, [])
    assert [*read_corrections(results)] == []


def test_the_log_of_the_results_names_what_was_left_out(take, results, tmp_path):
    (tmp_path / "masks").mkdir()
    cv2.imwrite(str(tmp_path / "masks" / "other.png"), np.zeros((9, 9), np.uint8))
    assert take(tmp_path / "masks")[0].left_out == 1
    written = (results.path / "log.txt").read_text()
    assert "begins: upcracknet import" in written
    assert "left out: " in written and "the first is other.png" in written


def test_double_names(take, results, tmp_path):
    """The first of two masks of one photo counts; a name that fits two photos is refused."""
    mask = np.zeros((64, 96), np.uint8)
    mask[4:8, 4:60] = 255
    for name, drawn in (("day-0/000.png", mask), ("day-0/000_mask.png", mask[::-1])):
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "mine" / name), drawn)
    imported, problems = take(tmp_path / "mine")
    assert (imported.corrected, imported.left_out) == (1, 1)
    assert "000_mask.png: is the same photo as" in problems[0]
    assert np.array_equal(corrected_mask(results, NAME), mask > 0)
    (results.path / "records" / "day-0" / "001.png.json").write_bytes(
        (results.path / "records" / "day-1" / "001.png.json").read_bytes().replace(b"day-1/001", b"day-0/001")
    )
    shutil.copy(results.file("masks/day-1/001.png.png"), results.file("masks/day-0/001.png.png"))
    shutil.rmtree(tmp_path / "mine")
    (tmp_path / "mine").mkdir()
    cv2.imwrite(str(tmp_path / "mine" / "001.png"), mask)
    imported, problems = take(tmp_path / "mine")
    assert imported.left_out == 1
    assert "001.png: fits 2 photos" in problems[0]


def test_a_mask_that_cannot_be_taken_stands_in_no_others_way(take, results, tmp_path):
    (tmp_path / "mine" / "day-0").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "mine" / "day-0" / "000.png"), np.zeros((6, 9), np.uint8))
    cv2.imwrite(str(tmp_path / "mine" / "day-0" / "000_mask.png"), np.eye(64, 96, dtype=np.uint8) * 255)
    imported, problems = take(tmp_path / "mine")
    assert (imported.corrected, imported.left_out, len(problems)) == (1, 1, 1)
    assert "9" in problems[0]
    assert np.array_equal(corrected_mask(results, NAME), np.eye(64, 96, dtype=bool))


def test_a_picture_that_is_no_mask(take, results, tmp_path):
    (tmp_path / "mine" / "day-0").mkdir(parents=True)
    noise = np.random.default_rng(1).integers(0, 256, (64, 96), np.uint8)
    cv2.imwrite(str(tmp_path / "mine" / "day-0" / "000.png"), noise)
    (tmp_path / "mine" / "day-0" / "002.png").write_bytes(b"\x89PNG")
    imported, problems = take(tmp_path / "mine")
    assert (imported.left_out, len(problems)) == (2, 2)
    assert [*read_corrections(results)] == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b"{", "no JSON that can be read"),
        ("a.json", b'{"format": 1}', "expected COCO, tasks of Label Studio"),
        ("a.json", b"\xff\xfe", "no JSON"),
        ("a.xml", b"<a", "no file of CVAT"),
        ("a.zip", b"PK\x05\x06" + bytes(18), "0 files of annotations"),
        ("gone.json", None, "gone.json: no such file"),
    ],
)
def test_a_file_that_is_none(take, results, tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        take(tmp_path / name)
    assert not (results.path / "corrections").exists()


def test_an_empty_folder(take, tmp_path):
    (tmp_path / "masks").mkdir()
    with pytest.raises(DataError, match="no masks; expected pictures"):
        take(tmp_path)


def test_no_result_folder(take, tmp_path):
    with pytest.raises(DataError, match="no result folder"):
        take(tmp_path / "a.json", folder=tmp_path)


def test_a_folder_in_use(export, take, results):
    folder, _, _ = export("coco", photos="none")
    with claimed(results.path / ".upcracknet" / "lock"), pytest.raises(OutputError, match="in work by"):
        take(folder / "annotations.json")


def test_a_file_whose_name_is_not_utf8(export, take, results, tmp_path):
    write_correction(results, Correction(NAME, "rejected"))
    folder, _, _ = export("coco", photos="none")
    file = tmp_path / os.fsdecode(b"caf\xe9.json")
    file.write_bytes((folder / "annotations.json").read_bytes())
    withdraw_correction(results, NAME)
    assert take(file)[0].corrected == 1
    found = read_correction(read_results(results.path), NAME)
    assert found is not None
    assert found.source == f"coco: {file.name}"


@pytest.mark.parametrize("width", [0.0, -1.0, 1e6, float("nan")])
def test_a_line_has_a_width(width):
    with pytest.raises(ConfigurationError, match="expected 1 to 1000 pixels"):
        ImportOptions(line_width_px=width)
