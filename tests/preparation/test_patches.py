"""The chosen windows as files, and measured against the annotation."""

import json

import numpy as np
import pytest

from upcracknet.data.dataset import Sample
from upcracknet.data.folder import open_folder
from upcracknet.data.photo import load_photo, save_image_atomically
from upcracknet.data.undamaged import Window
from upcracknet.errors import OutputError
from upcracknet.preparation import (
    Choice,
    PreparationSettings,
    Purity,
    measure_purity,
    save_choice,
    windows_by_chance,
)
from upcracknet.preparation.choose import RankedWindow
from upcracknet.preparation.patches import SHOWN_SIDE

GAP = 4  # white pixels between the windows of a sheet


@pytest.fixture
def choice(tmp_path) -> Choice:
    generator = np.random.default_rng(0)
    samples = [Sample(name, tmp_path / f"{name}.png") for name in "ab"]
    for sample in samples:
        save_image_atomically(sample.photo_path, generator.integers(0, 256, (300, 300, 3), np.uint8))

    def ranked(photo, size, crackness, first_round):
        return RankedWindow(
            samples[photo], Window(16, 32, size, size), crackness, 2.5, 0.125, first_round, photo > 0
        )

    return Choice(
        PreparationSettings(count=3, sizes=(64, 256)),
        (ranked(0, 64, 0.3, 0), ranked(1, 256, 0.2, 2), ranked(0, 64, 0.1, 1)),
        (ranked(1, 64, 0.4, None),),
        99,
        12,
    )


def test_patches_are_the_windows_of_the_manifest_at_their_own_size(choice, tmp_path):
    calls: list[tuple[int, int]] = []
    notes = {"model": "default", "weights": "ab12"}
    save_choice(choice, tmp_path / "out", notes, on_saved=lambda *done: calls.append(done))
    assert calls == [(1, 3), (2, 3), (3, 3)]
    written = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert written["model"] == "default"
    assert written["weights"] == "ab12"
    assert written["settings"]["sizes"] == [64, 256]
    assert (written["windows"], written["windows_marked_as_crack"], written["limit"]) == (99, 12, 0.3)
    assert [entry["size"] for entry in written["patches"]] == [64, 256, 64]
    assert [entry["round"] for entry in written["patches"]] == [0, 2, 1]
    assert written["patches"][0] == {
        "file": "images/patch-00000.png",
        "photo": str(tmp_path / "a.png"),
        "top": 16,
        "left": 32,
        "size": 64,
        "crackness": 0.3,
        "detector_score": 2.5,
        "classifier_probability": 0.125,
        "round": 0,
        "marked_as_crack": False,
    }
    assert written["rejected"][0]["round"] is None
    for entry in written["patches"]:
        crop = load_photo(entry["photo"])[16 : 16 + entry["size"], 32 : 32 + entry["size"]]
        np.testing.assert_array_equal(load_photo(tmp_path / "out" / entry["file"]), crop)


def test_sheets_show_the_windows_in_order(choice, tmp_path):
    save_choice(choice, tmp_path / "out", {})
    sheet = load_photo(tmp_path / "out" / "contact-sheet.png")
    assert sheet.shape == (SHOWN_SIDE, 3 * SHOWN_SIDE + 2 * GAP, 3)
    np.testing.assert_array_equal(sheet[:, :SHOWN_SIDE], sheet[:, -SHOWN_SIDE:])  # the same window of photo a
    assert (sheet[:, SHOWN_SIDE : SHOWN_SIDE + GAP] == 255).all()
    assert load_photo(tmp_path / "out" / "rejected.png").shape == (SHOWN_SIDE, SHOWN_SIDE, 3)


def test_the_folder_opens_as_undamaged_photos(choice, tmp_path):
    save_choice(choice, tmp_path / "out", {})
    dataset = open_folder(tmp_path / "out", "train")
    assert len(dataset) == 3
    assert all(sample.mask_path is None for sample in dataset)


def test_two_choices_are_not_mixed(choice, tmp_path):
    save_choice(choice, tmp_path / "out", {})
    with pytest.raises(OutputError, match="holds files already"):
        save_choice(choice, tmp_path / "out", {})


@pytest.mark.parametrize("name", ["manifest.json", "contact-sheet.png", "rejected.png"])
def test_files_of_somebody_else_stay(choice, tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text('{"mine": 1}')
    with pytest.raises(OutputError, match=f"{name} is there and was not written by this command"):
        save_choice(choice, tmp_path / "out", {})
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ['{"mine": 1}']


def test_a_run_that_was_ended_is_done_again(choice, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OutputError, match="No space left"):
        patch.setattr("upcracknet.preparation.patches.contact_sheet", full)
        save_choice(choice, tmp_path / "out", {})
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest.json"]
    save_choice(choice, tmp_path / "out", {})
    assert len(open_folder(tmp_path / "out", "train")) == 3


@pytest.fixture
def sample(tmp_path) -> Sample:
    mask = np.zeros((60, 80), np.uint8)
    mask[0, 0] = mask[20:40, 40:60] = 255
    save_image_atomically(tmp_path / "a.png", np.zeros((60, 80, 3), np.uint8))
    save_image_atomically(tmp_path / "mask.png", mask)
    return Sample("a", tmp_path / "a.png", tmp_path / "mask.png")


def test_purity_by_hand(sample):
    places = [Window(0, 0, 40, 40), Window(20, 40, 40, 40), Window(40, 0, 20, 20), Window(40, 40, 20, 20)]
    purity = measure_purity([(sample, window) for window in places])
    assert purity == Purity(4, 0.5, 0.75, (1 / 1600 + 0.25) / 4)


def test_photos_without_a_usable_mask_are_not_measured(sample, tmp_path):
    save_image_atomically(tmp_path / "other.png", np.full((10, 10), 255, np.uint8))
    window = Window(0, 0, 10, 10)
    unusable = [
        Sample("none", sample.photo_path),
        Sample("gone", sample.photo_path, tmp_path / "gone.png"),
        Sample("other size", sample.photo_path, tmp_path / "other.png"),
    ]
    assert measure_purity([(one, window) for one in unusable]) is None
    found = measure_purity([(one, window) for one in (*unusable, sample)])
    assert found is not None
    assert found.windows == 1


def test_windows_by_chance_have_the_same_sizes_and_lie_in_their_photos(sample, tmp_path):
    save_image_atomically(tmp_path / "small.png", np.zeros((30, 30, 3), np.uint8))
    small = Sample("small", tmp_path / "small.png")
    chosen = [(sample, Window(0, 0, size, size)) for size in (20, 40, 60)] * 10
    drawn = windows_by_chance(chosen, [small, sample], 0)
    assert [window.height for _, window in drawn] == [window.height for _, window in chosen]
    for photo, window in drawn:
        height, width = (30, 30) if photo is small else (60, 80)
        assert window.top + window.height <= height
        assert window.left + window.width <= width
    assert {photo.name for photo, _ in drawn} == {"small", "a"}
    assert drawn == windows_by_chance(chosen, [small, sample], 0)
