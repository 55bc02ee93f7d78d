import json

import numpy as np
import pytest

from upcracknet.data.dataset import Sample
from upcracknet.data.folder import open_folder
from upcracknet.data.photo import load_photo, save_image_atomically
from upcracknet.data.undamaged import Window
from upcracknet.errors import OutputError
from upcracknet.preparation import Choice, PreparationSettings, save_choice
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
