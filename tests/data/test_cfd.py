from pathlib import Path

import numpy as np
import pytest
import scipy.io

from upcracknet.data.photo import save_image_atomically
from upcracknet.data.registry import open_dataset
from upcracknet.errors import DataError

LABELS = np.array([[1, 2, 3], [4, 2, 1]], np.uint8)


def make(
    folder: Path, photos: tuple[str, ...] = ("001", "002", "155"), annotated: tuple[str, ...] = ("001", "002")
) -> None:
    for name in photos:
        save_image_atomically(folder / "image" / f"{name}.jpg", np.full((2, 3, 3), 90, np.uint8))
    (folder / "groundTruth").mkdir()
    for name in annotated:
        annotation = {"groundTruth": {"Segmentation": LABELS, "Boundaries": LABELS > 1}}
        scipy.io.savemat(folder / "groundTruth" / f"{name}.mat", annotation)


@pytest.mark.parametrize("name", ["CFD", "CrackForest-dataset", "crackforest-dataset-master"])
def test_official_layout_leaves_out_photos_without_annotation(name: str, tmp_path: Path) -> None:
    make(tmp_path / name)
    for root in (tmp_path, tmp_path / name):
        assert [sample.name for sample in open_dataset("cfd", root)] == ["001", "002"]


def test_only_label_2_is_crack(tmp_path: Path) -> None:
    make(tmp_path)
    mask = open_dataset("cfd", tmp_path)[0].mask()
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, [[False, True, False], [False, True, False]])


def test_no_layout_and_no_such_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no CFD in .*upcracknet data download cfd"):
        open_dataset("cfd", tmp_path)
    with pytest.raises(DataError, match="no split 'train'"):
        open_dataset("cfd", tmp_path, "train")


def test_annotation_without_photo(tmp_path: Path) -> None:
    make(tmp_path, photos=("001",))
    with pytest.raises(DataError, match=r"1 annotated photos are missing: .*002\.jpg"):
        open_dataset("cfd", tmp_path)


def test_annotation_of_another_size(tmp_path: Path) -> None:
    make(tmp_path)
    save_image_atomically(tmp_path / "image" / "002.jpg", np.zeros((3, 3), np.uint8))
    with pytest.raises(DataError, match=r"002 \(photo 3x3, mask 3x2\)"):
        open_dataset("cfd", tmp_path)
