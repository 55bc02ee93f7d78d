"""DeepCrack: 300 training and 237 test photos, 544×384 pixels (Liu et al. 2019; paper, Section IV-A)."""

from dataclasses import replace

from upcracknet.data.dataset import CrackDataset, Places, PublishedDataset, pair_masks, sorted_photos

TRAINING_SCENES = frozenset({f"11289-{part}" for part in range(1, 11)} | {"11216"})
"""Test photos that show training photos: 11289-1 … 11289-10 are shifted crops of the training photos of
the same names, and 11216 is the training photo 11158."""


def _read(places: Places, split: str) -> CrackDataset:
    """Open the official layout: ``train_img/*.jpg`` with ``train_lab/*.png``, and the same for ``test``."""
    folder = places.holding(f"{split}_img", f"{split}_lab")
    if folder is None:
        raise DEEPCRACK.missing(places.root, f"{split}_img and {split}_lab")
    photos = sorted_photos(folder / f"{split}_img")
    samples = pair_masks(photos, lambda photo: folder / f"{split}_lab" / f"{photo.stem}.png", "DeepCrack")
    return CrackDataset("deepcrack", split, folder, samples)


def _read_deduplicated(places: Places, split: str) -> CrackDataset:
    """Open DeepCrack without the 11 test photos that show training photos; the training split is whole."""
    official = _read(places, split)
    left_out = TRAINING_SCENES if split == "test" else ()
    samples = tuple(sample for sample in official if sample.name not in left_out)
    return CrackDataset("deepcrack-deduplicated", split, official.root, samples)


DEEPCRACK = PublishedDataset(
    name="deepcrack",
    title="DeepCrack",
    splits=("train", "test"),
    folder_names=("DeepCrack",),
    needed=("train_img", "train_lab", "test_img", "test_lab"),
    page="https://github.com/yhlleo/DeepCrack",
    terms="non-commercial research only; cite Liu et al., 'DeepCrack', Neurocomputing 338 (2019)",
    read=_read,
    url="https://github.com/yhlleo/DeepCrack/raw/master/dataset/DeepCrack.zip",
    differences={"deepcrack": ""},
    training_scenes=TRAINING_SCENES,
)

DEEPCRACK_DEDUPLICATED = replace(
    DEEPCRACK,
    name="deepcrack-deduplicated",
    read=_read_deduplicated,
    differences={"deepcrack-deduplicated": "The paper's DeepCrack rows are of all 237 test photos."},
    training_scenes=frozenset(),
)
