import numpy as np
import pytest

from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import DataError
from upcracknet.preparation import find_photos


def make(*paths):
    for path in paths:
        save_image_atomically(path, np.zeros((4, 4), np.uint8))


def test_folders_files_and_patterns_each_once(tmp_path):
    make(tmp_path / "a" / "1.png", tmp_path / "a" / "deep" / "2.png", tmp_path / "b.png", tmp_path / "c.jpg")
    sources = [str(tmp_path / "b.png"), str(tmp_path / "a"), str(tmp_path / "*.jpg"), str(tmp_path / "b.png")]
    found = find_photos([*sources, str(tmp_path / "gone.png")], output=tmp_path / "out")
    names = [sample.photo_path.name for sample in found]
    assert names == ["1.png", "2.png", "b.png", "c.jpg", "gone.png"]
    assert all(sample.mask_path is None for sample in found)


def test_masks_are_not_taken_for_photos(tmp_path):
    make(tmp_path / "images" / "1.jpg", tmp_path / "images" / "2.jpg", tmp_path / "masks" / "1.png")
    found = find_photos([str(tmp_path)], output=tmp_path / "out")
    assert [sample.photo_path.name for sample in found] == ["1.jpg", "2.jpg"]
    assert [sample.mask_path for sample in found] == [tmp_path / "masks" / "1.png", None]


def test_datasets_by_name(tmp_path):
    make(tmp_path / "DeepCrack" / "train_img" / "a.jpg", tmp_path / "DeepCrack" / "train_lab" / "a.png")
    found = find_photos(["deepcrack"], output=tmp_path / "out", root=tmp_path, split="train")
    assert [sample.name for sample in found] == ["a"]


def test_what_it_wrote_itself_is_no_photo(tmp_path):
    make(tmp_path / "1.jpg", tmp_path / "contact-sheet.png", tmp_path / "rejected.png")
    found = find_photos([str(tmp_path / "*")], output=tmp_path)
    assert [sample.photo_path.name for sample in found] == ["1.jpg"]
    with pytest.raises(DataError, match="no photos in"):
        find_photos([str(tmp_path / "*.png")], output=tmp_path)
