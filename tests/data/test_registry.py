import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from upcracknet.data.photo import save_image_atomically
from upcracknet.data.registry import DATASETS, data_root, find_places, open_dataset
from upcracknet.errors import DataError

real_data = pytest.mark.skipif(
    not os.environ.get("UPCRACKNET_DATA"), reason="UPCRACKNET_DATA is not set: the real datasets are not here"
)

LEAKED = [f"11289-{part}" for part in range(1, 11)] + ["11216"]
LABELS = np.array([[1, 2, 3], [4, 2, 1]], np.uint8)


def make_deepcrack(folder: Path, names: Sequence[str] = ("a",), split: str = "test") -> None:
    for name in names:
        save_image_atomically(folder / f"{split}_img" / f"{name}.jpg", np.full((6, 8, 3), 90, np.uint8))
        save_image_atomically(
            folder / f"{split}_lab" / f"{name}.png", np.eye(6, 8, dtype=np.uint8) * np.uint8(255)
        )


def make_cfd(
    folder: Path, photos: tuple[str, ...] = ("001", "002", "155"), annotated: tuple[str, ...] = ("001", "002")
) -> None:
    for name in photos:
        save_image_atomically(folder / "image" / f"{name}.jpg", np.full((2, 3, 3), 90, np.uint8))
    (folder / "groundTruth").mkdir()
    for name in annotated:
        annotation = {"groundTruth": {"Segmentation": LABELS, "Boundaries": LABELS > 1}}
        scipy.io.savemat(folder / "groundTruth" / f"{name}.mat", annotation)


def make_pair(photo: Path, mask: Path) -> None:
    save_image_atomically(photo, np.full((6, 8, 3), 90, np.uint8))
    save_image_atomically(mask, np.eye(6, 8, dtype=np.uint8) * np.uint8(255))


def test_root_from_the_variable_and_the_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_deepcrack(tmp_path / "DeepCrack")
    make_deepcrack(tmp_path / "other" / "deepcrack", ("b", "c"))
    monkeypatch.setenv("UPCRACKNET_DATA", str(tmp_path))
    assert [sample.name for sample in open_dataset("deepcrack")] == ["a"]
    assert [sample.name for sample in open_dataset("DeepCrack", tmp_path / "other")] == ["b", "c"]


def test_no_root_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPCRACKNET_DATA", raising=False)
    with pytest.raises(DataError) as caught:
        open_dataset("cfd")
    for remedy in ("UPCRACKNET_DATA", "--data-root", "upcracknet data download"):
        assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_root(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        data_root(tmp_path / "missing")


def test_name_that_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'gaps384' is neither a dataset .*deepcrack.* nor a folder"):
        open_dataset("gaps384", tmp_path)


def test_folder_by_path_needs_no_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UPCRACKNET_DATA", raising=False)
    save_image_atomically(tmp_path / "road" / "a.png", np.zeros((4, 4), np.uint8))
    assert [sample.name for sample in open_dataset(tmp_path / "road")] == ["a"]


def test_a_folder_of_ones_own_is_no_published_data_set(tmp_path: Path) -> None:
    for name in ("deepcrack", "CFD", "crack500-640x360"):
        save_image_atomically(tmp_path / name / "a.png", np.zeros((4, 4), np.uint8))
        assert open_dataset(tmp_path / name).name == f"{name}-folder"


def test_a_root_that_is_closed_is_one_clear_error(tmp_path, monkeypatch) -> None:
    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=r"DeepCrack: .*Permission denied.*check that you may read"):
        open_dataset("deepcrack", tmp_path)


def test_layout_is_looked_for_below_and_not_in_another_datasets_folder(tmp_path: Path) -> None:
    needed = ("train_img", "train_lab")
    for part in needed:
        (tmp_path / "Crack500" / part).mkdir(parents=True)
        (tmp_path / "DEEPCRACK" / "dataset" / part).mkdir(parents=True)

    def found(name: str, root: Path) -> Path | None:
        return find_places(DATASETS[name], root).holding(*needed)

    assert found("deepcrack", tmp_path) == tmp_path / "DEEPCRACK" / "dataset"
    assert found("crack500", tmp_path / "Crack500") == tmp_path / "Crack500"
    assert found("deepcrack", tmp_path / "Crack500") is None


def test_deepcracks_layout_from_the_folder_and_its_parent(tmp_path: Path) -> None:
    folder = tmp_path / "DeepCrack"
    make_deepcrack(folder, ["b", "a"])
    make_deepcrack(folder, ["t"], "train")
    (folder / "test_img" / ".DS_Store").write_bytes(b"x")
    (folder / "test_img" / "._a.jpg").write_bytes(b"x")
    for root in (folder, tmp_path):
        dataset = open_dataset("deepcrack", root)
        assert [sample.name for sample in dataset] == ["a", "b"]
        assert dataset[0].mask_path == folder / "test_lab" / "a.png"
        assert [sample.name for sample in open_dataset("deepcrack", root, "train")] == ["t"]


def test_deepcrack_deduplicated_leaves_out_the_leaked_test_photos_only(tmp_path: Path) -> None:
    make_deepcrack(tmp_path, [*LEAKED, "11289-11", "11289"])
    make_deepcrack(tmp_path, ["11289-1", "11158"], "train")
    dataset = open_dataset("deepcrack-deduplicated", tmp_path)
    assert dataset.name == "deepcrack-deduplicated"
    assert [sample.name for sample in dataset] == ["11289-11", "11289"]
    assert len(open_dataset("deepcrack-deduplicated", tmp_path, "train")) == 2
    assert DATASETS["deepcrack"].training_scenes == set(LEAKED)


def test_missing_masks_are_listed(tmp_path: Path) -> None:
    make_deepcrack(tmp_path, list("abcde"))
    for name in "abcd":
        (tmp_path / "test_lab" / f"{name}.png").unlink()
    with pytest.raises(DataError, match=r"4 masks are missing: .*a\.png, .*b\.png, .*c\.png and 1 more"):
        open_dataset("deepcrack", tmp_path)


def test_masks_of_other_sizes_are_listed(tmp_path: Path) -> None:
    make_deepcrack(tmp_path, ["a", "b"])
    save_image_atomically(tmp_path / "test_lab" / "b.png", np.zeros((5, 8), np.uint8))
    with pytest.raises(DataError, match=r"1 masks differ in size .*b \(photo 8x6, mask 8x5\)"):
        open_dataset("deepcrack", tmp_path)


def test_deepcrack_without_layout_photos_or_such_a_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no DeepCrack in .*upcracknet data download deepcrack"):
        open_dataset("deepcrack", tmp_path)
    with pytest.raises(DataError, match="no split 'val', expected one of train, test"):
        open_dataset("deepcrack", tmp_path, "val")
    (tmp_path / "test_img").mkdir()
    (tmp_path / "test_lab").mkdir()
    with pytest.raises(DataError, match="no photos found"):
        open_dataset("deepcrack", tmp_path)


@pytest.mark.parametrize("name", ["CFD", "CrackForest-dataset", "crackforest-dataset-master"])
def test_cfds_layout_leaves_out_photos_without_annotation(name: str, tmp_path: Path) -> None:
    make_cfd(tmp_path / name)
    for root in (tmp_path, tmp_path / name):
        assert [sample.name for sample in open_dataset("cfd", root)] == ["001", "002"]


def test_only_label_2_of_cfd_is_crack(tmp_path: Path) -> None:
    make_cfd(tmp_path)
    mask = open_dataset("cfd", tmp_path)[0].mask()
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, [[False, True, False], [False, True, False]])


def test_cfd_without_layout_or_such_a_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no CFD in .*upcracknet data download cfd"):
        open_dataset("cfd", tmp_path)
    with pytest.raises(DataError, match="no split 'train'"):
        open_dataset("cfd", tmp_path, "train")


def test_cfd_annotation_without_photo(tmp_path: Path) -> None:
    make_cfd(tmp_path, photos=("001",))
    with pytest.raises(DataError, match=r"1 annotated photos are missing: .*002\.jpg"):
        open_dataset("cfd", tmp_path)


def test_cfd_annotation_of_another_size(tmp_path: Path) -> None:
    make_cfd(tmp_path)
    save_image_atomically(tmp_path / "image" / "002.jpg", np.zeros((3, 3), np.uint8))
    with pytest.raises(DataError, match=r"002 \(photo 3x3, mask 3x2\)"):
        open_dataset("cfd", tmp_path)


@pytest.mark.parametrize("inside", ["valcrop", "valcrop/valcrop"])
@pytest.mark.parametrize("ending", ["", "_mask"])
def test_crack500s_published_crops(inside: str, ending: str, tmp_path: Path) -> None:
    folder = tmp_path / "CRACK500" / inside
    make_pair(folder / "20160222_1_361.jpg", folder / f"20160222_1_361{ending}.png")
    for root in (tmp_path, tmp_path / "CRACK500"):
        dataset = open_dataset("crack500", root, "val")
        assert dataset.name == "crack500"
        assert [sample.name for sample in dataset] == ["20160222_1_361"]
        np.testing.assert_array_equal(dataset[0].mask(), np.eye(6, 8, dtype=np.bool_))


def test_crack500s_published_whole_photos(tmp_path: Path) -> None:
    make_pair(tmp_path / "testdata" / "a.jpg", tmp_path / "testdata" / "a_mask.png")
    assert open_dataset("crack500", tmp_path).name == "crack500-whole"


def test_crack500s_shrunk_photos_are_named_apart(tmp_path: Path) -> None:
    make_pair(tmp_path / "Crack500" / "train_img" / "a.jpg", tmp_path / "Crack500" / "train_lab" / "a.png")
    dataset = open_dataset("crack500", tmp_path, "train")
    assert (dataset.name, len(dataset)) == ("crack500-640x360", 1)
    with pytest.raises(DataError, match=r"no Crack500 in .*: expected valcrop, valdata, or val_img"):
        open_dataset("crack500", tmp_path, "val")


def test_crack500_with_missing_masks_or_unknown_split(tmp_path: Path) -> None:
    save_image_atomically(tmp_path / "traincrop" / "a.jpg", np.zeros((6, 8), np.uint8))
    with pytest.raises(DataError, match=r"1 masks are missing: .*a\.png"):
        open_dataset("crack500", tmp_path, "train")
    with pytest.raises(DataError, match="expected one of train, val, test"):
        open_dataset("crack500", tmp_path, "validation")


@real_data
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "split", "count", "crack_share"),
    # Counts and shares as the authors and the project's data page give them, in per cent.
    [
        ("deepcrack", "train", 300, 2.9),
        ("deepcrack", "test", 237, 4.3),
        ("deepcrack-deduplicated", "test", 226, 4.4),
        ("cfd", "test", 118, 1.6),
        ("crack500", "train", 286, None),
        ("crack500", "test", 93, None),
    ],
)
def test_real_datasets(name: str, split: str, count: int, crack_share: float | None) -> None:
    dataset = open_dataset(name, split=split)
    assert len(dataset) == count
    if crack_share is not None:
        assert 100 * np.mean([sample.mask().mean() for sample in dataset]) == pytest.approx(
            crack_share, abs=0.05
        )
    for sample in dataset[::40]:
        assert sample.photo().shape[:2] == sample.mask().shape
