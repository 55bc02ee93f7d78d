"""DeepCrack: 300 training and 237 test photos, 544×384 pixels (Liu et al. 2019; paper, IV-A)."""

from pathlib import Path

from upcracknet.data.dataset import CrackDataset, find_layout, pair_masks, sorted_photos
from upcracknet.errors import DataError

SPLITS = ("train", "test")
LEAKED_TEST_NAMES = frozenset({f"11289-{part}" for part in range(1, 11)} | {"11216"})
"""Test photos that show training photos: 11289-1 … 11289-10 are shifted crops of the training photos of
the same names, and 11216 is the training photo 11158."""


def open_deepcrack(root: Path, split: str = "test") -> CrackDataset:
    """Opens the official layout: ``train_img/*.jpg`` with ``train_lab/*.png``, and the same for ``test``.

    Args:
        root: the dataset's folder, or the folder that holds ``DeepCrack``.
        split: ``train`` or ``test``.

    Raises:
        DataError: another split, or the layout is not as published, or masks are missing or of other sizes.
    """
    if split not in SPLITS:
        raise DataError(f"DeepCrack has no split '{split}', expected one of {', '.join(SPLITS)}")
    folder = find_layout(root, "deepcrack", (f"{split}_img", f"{split}_lab"))
    if folder is None:
        raise DataError(
            f"no DeepCrack in {root}: expected {split}_img and {split}_lab there or in its folder DeepCrack; "
            "fetch it with 'upcracknet data download deepcrack'"
        )
    masks = folder / f"{split}_lab"
    photos = sorted_photos(folder / f"{split}_img")
    return CrackDataset(
        "deepcrack", split, folder, pair_masks(photos, lambda p: masks / f"{p.stem}.png", "DeepCrack")
    )


def open_deepcrack_deduplicated(root: Path, split: str = "test") -> CrackDataset:
    """Opens DeepCrack without the 11 test photos that show training photos; the training split is whole.

    Raises:
        DataError: as `open_deepcrack`.
    """
    official = open_deepcrack(root, split)
    samples = official.samples
    if split == "test":
        samples = tuple(sample for sample in samples if sample.name not in LEAKED_TEST_NAMES)
    return CrackDataset("deepcrack-deduplicated", split, official.root, samples)
