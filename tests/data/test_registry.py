import os
from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.photo import save_image_atomically
from upcracknet.data.registry import DATASETS, data_root, find_places, open_dataset
from upcracknet.errors import DataError

real_data = pytest.mark.skipif(
    not os.environ.get("UPCRACKNET_DATA"), reason="UPCRACKNET_DATA is not set: the real datasets are not here"
)


def make_deepcrack(folder: Path, names: tuple[str, ...] = ("a",), split: str = "test") -> None:
    for name in names:
        save_image_atomically(folder / f"{split}_img" / f"{name}.jpg", np.full((6, 8, 3), 90, np.uint8))
        save_image_atomically(
            folder / f"{split}_lab" / f"{name}.png", np.eye(6, 8, dtype=np.uint8) * np.uint8(255)
        )


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
