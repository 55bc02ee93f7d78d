from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.photo import save_image_atomically
from upcracknet.data.registry import DATASETS, open_dataset
from upcracknet.errors import DataError

LEAKED = [f"11289-{part}" for part in range(1, 11)] + ["11216"]


def make(folder: Path, names: list[str], split: str = "test") -> None:
    for name in names:
        save_image_atomically(folder / f"{split}_img" / f"{name}.jpg", np.full((6, 8, 3), 90, np.uint8))
        save_image_atomically(folder / f"{split}_lab" / f"{name}.png", np.zeros((6, 8), np.uint8))


def test_official_layout_from_the_folder_and_its_parent(tmp_path: Path) -> None:
    folder = tmp_path / "DeepCrack"
    make(folder, ["b", "a"])
    make(folder, ["t"], "train")
    (folder / "test_img" / ".DS_Store").write_bytes(b"x")
    (folder / "test_img" / "._a.jpg").write_bytes(b"x")
    for root in (folder, tmp_path):
        dataset = open_dataset("deepcrack", root)
        assert [sample.name for sample in dataset] == ["a", "b"]
        assert dataset[0].mask_path == folder / "test_lab" / "a.png"
        assert [sample.name for sample in open_dataset("deepcrack", root, "train")] == ["t"]


def test_deduplicated_leaves_out_the_leaked_test_photos_only(tmp_path: Path) -> None:
    make(tmp_path, [*LEAKED, "11289-11", "11289"])
    make(tmp_path, ["11289-1", "11158"], "train")
    dataset = open_dataset("deepcrack-deduplicated", tmp_path)
    assert dataset.name == "deepcrack-deduplicated"
    assert [sample.name for sample in dataset] == ["11289-11", "11289"]
    assert len(open_dataset("deepcrack-deduplicated", tmp_path, "train")) == 2
    assert DATASETS["deepcrack"].training_scenes == set(LEAKED)


def test_missing_masks_are_listed(tmp_path: Path) -> None:
    make(tmp_path, list("abcde"))
    for name in "abcd":
        (tmp_path / "test_lab" / f"{name}.png").unlink()
    with pytest.raises(DataError, match=r"4 masks are missing: .*a\.png, .*b\.png, .*c\.png and 1 more"):
        open_dataset("deepcrack", tmp_path)


def test_masks_of_other_sizes_are_listed(tmp_path: Path) -> None:
    make(tmp_path, ["a", "b"])
    save_image_atomically(tmp_path / "test_lab" / "b.png", np.zeros((5, 8), np.uint8))
    with pytest.raises(DataError, match=r"1 masks differ in size .*b \(photo 8x6, mask 8x5\)"):
        open_dataset("deepcrack", tmp_path)


def test_no_layout_no_photos_no_such_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no DeepCrack in .*upcracknet data download deepcrack"):
        open_dataset("deepcrack", tmp_path)
    with pytest.raises(DataError, match="no split 'val', expected one of train, test"):
        open_dataset("deepcrack", tmp_path, "val")
    (tmp_path / "test_img").mkdir()
    (tmp_path / "test_lab").mkdir()
    with pytest.raises(DataError, match="no photos found"):
        open_dataset("deepcrack", tmp_path)
