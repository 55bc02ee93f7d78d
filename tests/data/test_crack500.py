from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.photo import save_image_atomically
from upcracknet.data.registry import open_dataset
from upcracknet.errors import DataError


def make(photo: Path, mask: Path) -> None:
    save_image_atomically(photo, np.full((6, 8, 3), 90, np.uint8))
    save_image_atomically(mask, np.eye(6, 8, dtype=np.uint8) * np.uint8(255))


@pytest.mark.parametrize("inside", ["valcrop", "valcrop/valcrop"])
@pytest.mark.parametrize("ending", ["", "_mask"])
def test_published_crops(inside: str, ending: str, tmp_path: Path) -> None:
    folder = tmp_path / "CRACK500" / inside
    make(folder / "20160222_1_361.jpg", folder / f"20160222_1_361{ending}.png")
    for root in (tmp_path, tmp_path / "CRACK500"):
        dataset = open_dataset("crack500", root, "val")
        assert dataset.name == "crack500"
        assert [sample.name for sample in dataset] == ["20160222_1_361"]
        np.testing.assert_array_equal(dataset[0].mask(), np.eye(6, 8, dtype=np.bool_))


def test_published_whole_photos(tmp_path: Path) -> None:
    make(tmp_path / "testdata" / "a.jpg", tmp_path / "testdata" / "a_mask.png")
    assert open_dataset("crack500", tmp_path).name == "crack500-whole"


def test_shrunk_photos_are_named_apart(tmp_path: Path) -> None:
    make(tmp_path / "Crack500" / "train_img" / "a.jpg", tmp_path / "Crack500" / "train_lab" / "a.png")
    dataset = open_dataset("crack500", tmp_path, "train")
    assert (dataset.name, len(dataset)) == ("crack500-640x360", 1)
    with pytest.raises(DataError, match=r"no Crack500 in .*: expected valcrop, valdata, or val_img"):
        open_dataset("crack500", tmp_path, "val")


def test_missing_masks_and_unknown_split(tmp_path: Path) -> None:
    save_image_atomically(tmp_path / "traincrop" / "a.jpg", np.zeros((6, 8), np.uint8))
    with pytest.raises(DataError, match=r"1 masks are missing: .*a\.png"):
        open_dataset("crack500", tmp_path, "train")
    with pytest.raises(DataError, match="expected one of train, val, test"):
        open_dataset("crack500", tmp_path, "validation")
