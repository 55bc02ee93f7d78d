import errno
import os
from pathlib import Path

import numpy as np
import pytest

from upcracknet.data import listing
from upcracknet.data.folder import open_folder
from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import DataError


def make(folder: Path, *names: str, size: tuple[int, int] = (6, 8)) -> None:
    for name in names:
        save_image_atomically(folder / name, np.zeros(size, np.uint8))


def pairs(folder: Path, split: str = "test") -> dict[str, str | None]:
    dataset = open_folder(folder, split)
    return {
        sample.name: sample.mask_path and sample.mask_path.relative_to(dataset.root).as_posix()
        for sample in dataset
    }


def test_photos_without_masks(tmp_path: Path) -> None:
    make(tmp_path, "b.jpg", "a.png", "road/c.tif")
    assert pairs(tmp_path) == {"a": None, "b": None, "road/c": None}
    assert open_folder(tmp_path).name == tmp_path.name


@pytest.mark.parametrize("photos", ["", "images/", "photos/"])
@pytest.mark.parametrize("masks", ["masks", "labels"])
def test_masks_in_their_own_folder(photos: str, masks: str, tmp_path: Path) -> None:
    make(tmp_path, f"{photos}a.jpg", f"{photos}road/b.PNG", f"{masks}/a.png", f"{masks}/road/b_mask.bmp")
    assert pairs(tmp_path) == {"a": f"{masks}/a.png", "road/b": f"{masks}/road/b_mask.bmp"}


def test_masks_as_detect_names_them(tmp_path: Path) -> None:
    make(tmp_path, "images/a.JPG", "images/day/b.tif", "images/b.jpg", "images/b.bmp", "images/c.jpg")
    make(tmp_path, "masks/a.JPG.png", "masks/day/b.tif.png", "masks/b.jpg.png", "masks/b.bmp.png")
    make(tmp_path, "masks/c.jpg.png", "masks/c.png")  # drawn by hand: it counts
    assert pairs(tmp_path) == {
        "a": "masks/a.JPG.png",
        "b.bmp": "masks/b.bmp.png",
        "b.jpg": "masks/b.jpg.png",
        "c": "masks/c.png",
        "day/b": "masks/day/b.tif.png",
    }


def test_masks_beside_the_photos(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "a_mask.png", "b.png", "b_lab.png", "c.jpg", "c.png")
    assert pairs(tmp_path) == {"a": "a_mask.png", "b": "b_lab.png", "c": "c.png"}


def test_a_photo_whose_name_ends_like_a_mask_stays_a_photo(tmp_path: Path) -> None:
    make(tmp_path, "face_mask.jpg", "other.jpg")
    assert pairs(tmp_path) == {"face_mask": None, "other": None}


def test_split_folders(tmp_path: Path) -> None:
    make(tmp_path, "train/images/a.jpg", "train/masks/a.png", "test/images/b.jpg", "test/masks/b.png")
    assert pairs(tmp_path, "train") == {"a": "masks/a.png"}
    assert pairs(tmp_path, "test") == {"b": "masks/b.png"}


def test_photos_of_one_stem_have_their_own_masks_apart(tmp_path: Path) -> None:
    """As `export-results --to masks` lays them out; a PNG beside a JPEG is its mask elsewhere."""
    make(tmp_path / "photos", "a.jpg", "a.png", "b.jpg", "b.png")
    make(tmp_path / "masks", "a.jpg.png", "a.png.png")
    assert pairs(tmp_path) == {
        "a.jpg": "masks/a.jpg.png",
        "a.png": "masks/a.png.png",
        "b": "photos/b.png",
    }


def test_photos_of_the_same_stem_keep_their_suffix_as_name(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "a.tif")
    assert set(pairs(tmp_path)) == {"a.jpg", "a.tif"}


@pytest.mark.parametrize("masks", [("a_mask.png",), ("masks/a.png",), ("masks/other.png",)])
def test_some_masks_missing(masks: tuple[str, ...], tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b.jpg", "c.jpg", *masks)
    with pytest.raises(DataError, match=r"of 3 photos have no mask: .*b, c.*; add them"):
        open_folder(tmp_path)


def test_sizes_differ(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    make(tmp_path, "a_mask.png", size=(8, 6))
    with pytest.raises(DataError, match=r"a \(photo 8x6, mask 6x8\)"):
        open_folder(tmp_path)


def test_no_photos(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no photos"):
        open_folder(tmp_path)
    make(tmp_path, "masks/a.png")
    with pytest.raises(DataError, match="no photos"):
        open_folder(tmp_path)


def test_names_of_folders_have_any_case_and_masks_other_names(tmp_path: Path) -> None:
    make(tmp_path / "one", "Images/a.jpg", "GroundTruth/a.png")
    assert pairs(tmp_path / "one") == {"a": "GroundTruth/a.png"}
    make(tmp_path / "two", "a.jpg", "a_gt.png", "b.jpg", "b_label.png")
    assert pairs(tmp_path / "two") == {"a": "a_gt.png", "b": "b_label.png"}


def test_splits_below_images_and_masks(tmp_path: Path) -> None:
    make(tmp_path, "images/train/a.jpg", "masks/train/a.png", "images/test/b.jpg", "masks/test/b.png")
    assert pairs(tmp_path, "train") == {"a": "masks/train/a.png"}
    assert pairs(tmp_path, "test") == {"b": "masks/test/b.png"}


def test_splits_in_the_names_of_folders(tmp_path: Path) -> None:
    make(tmp_path, "train_img/a.jpg", "train_lab/a.png", "test_img/b.jpg", "test_lab/b.png")
    assert pairs(tmp_path, "train") == {"a": "train_lab/a.png"}
    assert pairs(tmp_path, "test") == {"b": "test_lab/b.png"}
    with pytest.raises(DataError, match="2 files lie in a folder for masks and belong to no photo"):
        open_folder(tmp_path, "val")


@pytest.mark.parametrize("above", ["", "images/"])
def test_other_splits_do_not_stand_in_for_one_that_is_missing(above: str, tmp_path: Path) -> None:
    make(tmp_path, f"{above}train/a.jpg", f"{above}val/b.jpg")
    with pytest.raises(DataError, match="has the folders train, val and no folder trian; choose one of them"):
        open_folder(tmp_path, "trian")


def test_masks_are_no_photos_without_cracks(tmp_path: Path) -> None:
    make(tmp_path, "day-1/images/a.jpg", "day-1/masks/a.png")
    with pytest.raises(DataError, match=r"1 files lie in a folder for masks .*put photos in images/"):
        open_folder(tmp_path)


def test_what_was_left_out_is_known(tmp_path: Path) -> None:
    make(tmp_path, "images/a.jpg", "masks/a.png")
    assert open_folder(tmp_path).left_out is None
    (tmp_path / "images" / "b.dng").touch()
    assert open_folder(tmp_path).left_out == "left out: 1 .dng"


def test_a_folder_that_cannot_be_searched_is_not_passed_over(tmp_path, monkeypatch) -> None:
    make(tmp_path, "a.jpg", "closed/b.jpg")
    scan = os.scandir

    def refuse(folder):
        if Path(folder).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return scan(folder)

    monkeypatch.setattr(listing.os, "scandir", refuse)
    with pytest.raises(DataError, match=r"closed: cannot be searched \(.*Permission denied"):
        open_folder(tmp_path)
