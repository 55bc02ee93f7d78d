"""The published datasets (paper, Section IV-A), one object each, and how a dataset or a folder is opened.

- DeepCrack: 300 training and 237 test photos, 544×384 pixels (Liu et al. 2019).
- CFD (CrackForest): 118 annotated photos of 480×320 pixels (Shi et al., T-ITS 2016).
- Crack500: 1,896, 348 and 1,124 crops of 2000×1500 photos (Yang et al., T-ITS 2020).
"""

import os
from dataclasses import replace
from pathlib import Path

from upcracknet.data.dataset import (
    CrackDataset,
    Places,
    PublishedDataset,
    first_few,
    pair_masks,
    sorted_photos,
)
from upcracknet.data.folder import open_folder
from upcracknet.data.listing import home_expanded
from upcracknet.errors import DataError
from upcracknet.files import one_line

DATA_ROOT_VARIABLE = "UPCRACKNET_DATA"

TRAINING_SCENES = frozenset({f"11289-{part}" for part in range(1, 11)} | {"11216"})
"""Test photos that show training photos: 11289-1 … 11289-10 are shifted crops of the training photos of
the same names, and 11216 is the training photo 11158."""


def _read_deepcrack(places: Places, split: str) -> CrackDataset:
    """Open the official layout: ``train_img/*.jpg`` with ``train_lab/*.png``, and the same for ``test``."""
    folder = places.holding(f"{split}_img", f"{split}_lab")
    if folder is None:
        raise DEEPCRACK.missing(places.root, f"{split}_img and {split}_lab")
    photos = sorted_photos(folder / f"{split}_img")
    samples = pair_masks(photos, lambda photo: folder / f"{split}_lab" / f"{photo.stem}.png", "DeepCrack")
    return CrackDataset("deepcrack", split, folder, samples)


def _read_without_training_scenes(places: Places, split: str) -> CrackDataset:
    """Open DeepCrack without the 11 test photos that show training photos; the training split is whole."""
    official = _read_deepcrack(places, split)
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
    read=_read_deepcrack,
    url="https://github.com/yhlleo/DeepCrack/raw/master/dataset/DeepCrack.zip",
    differences={"deepcrack": ""},
    training_scenes=TRAINING_SCENES,
)

DEEPCRACK_DEDUPLICATED = replace(
    DEEPCRACK,
    name="deepcrack-deduplicated",
    read=_read_without_training_scenes,
    differences={"deepcrack-deduplicated": "The paper's DeepCrack rows are of all 237 test photos."},
    training_scenes=frozenset(),
)


def _read_cfd(places: Places, split: str) -> CrackDataset:
    """Open the official layout: ``image/*.jpg`` with ``groundTruth/*.mat``.

    The dataset has no official parts and the paper only tests on it, so ``test`` is all annotated photos.
    Photos without annotation (the official archive has 37) are left out.
    """
    folder = places.holding(*CFD.needed)
    if folder is None:
        raise CFD.missing(places.root, "image and groundTruth")
    annotations = sorted((folder / "groundTruth").glob("[!.]*.mat"))
    photos = [folder / "image" / f"{annotation.stem}.jpg" for annotation in annotations]
    missing = [str(photo) for photo in photos if not photo.is_file()]
    if missing:
        raise DataError(f"CFD: {len(missing)} annotated photos are missing: {first_few(missing)}")
    samples = pair_masks(photos, lambda photo: folder / "groundTruth" / f"{photo.stem}.mat", "CFD")
    return CrackDataset("cfd", split, folder, samples)


CFD = PublishedDataset(
    name="cfd",
    title="CFD",
    splits=("test",),
    folder_names=("CFD", "CrackForest-dataset", "CrackForest-dataset-master", "CrackForest"),
    needed=("image", "groundTruth"),
    page="https://github.com/cuilimeng/CrackForest-dataset",
    terms="non-commercial research only; cite Shi et al., 'Automatic road crack detection using random "
    "structured forests', IEEE T-ITS 17 (2016)",
    read=_read_cfd,
    url="https://github.com/cuilimeng/CrackForest-dataset/archive/refs/heads/master.zip",
    differences={"cfd": "The paper's CFD rows are of 200 patches cut at places it does not say."},
    tested_in_patches=True,
)


def _read_crack500(places: Places, split: str) -> CrackDataset:
    """Open one of the layouts in use.

    - published crops: ``traincrop``, ``valcrop`` and ``testcrop``, each with ``*.jpg`` and, of the same name,
      ``*.png`` or ``*_mask.png`` (each archive may have been unpacked into a folder of its own name);
    - published whole photos: ``traindata``, ``valdata`` and ``testdata``, the same way;
    - whole photos shrunk to 640×360: ``train_img`` with ``train_lab``, and the same for ``test``; a third
      party's subset and not the paper's crops: say so in every table. Its name here is ``crack500-640x360``.
    """
    for part, name in ((f"{split}crop", "crack500"), (f"{split}data", "crack500-whole")):
        folder = places.holding(part)
        if folder is not None:
            inner = folder / part / part
            photos = sorted_photos(inner if inner.is_dir() else folder / part)
            return CrackDataset(name, split, folder, pair_masks(photos, _mask_beside, "Crack500"))
    folder = places.holding(f"{split}_img", f"{split}_lab")
    if folder is None:
        raise CRACK500.missing(places.root, f"{split}crop, {split}data, or {split}_img and {split}_lab")
    photos = sorted_photos(folder / f"{split}_img")
    samples = pair_masks(photos, lambda photo: folder / f"{split}_lab" / f"{photo.stem}.png", "Crack500")
    return CrackDataset("crack500-640x360", split, folder, samples)


def _mask_beside(photo: Path) -> Path:
    marked = photo.with_name(f"{photo.stem}_mask.png")
    return marked if marked.is_file() else photo.with_suffix(".png")


CRACK500 = PublishedDataset(
    name="crack500",
    title="Crack500",
    splits=("train", "val", "test"),
    folder_names=("Crack500",),
    needed=("traincrop", "valcrop", "testcrop"),
    page="https://github.com/fyangneil/pavement-crack-detection",
    terms="cite Zhang et al., ICIP 2016, and Yang et al., 'Feature pyramid and hierarchical boosting "
    "network for pavement crack detection', IEEE T-ITS 21 (2020)",
    read=_read_crack500,
    differences={
        "crack500": "",
        "crack500-640x360": "The paper's Crack500 rows are of 1,124 crops at full scale; these are whole "
        "photos, shrunk.",
    },
)

DATASETS = {dataset.name: dataset for dataset in (DEEPCRACK, DEEPCRACK_DEDUPLICATED, CFD, CRACK500)}
"""The published datasets by name."""

PAPER_TEST_SETS = {
    name: (dataset.title, difference)
    for dataset in DATASETS.values()
    for name, difference in dataset.differences.items()
}
"""The paper's name of a dataset, and how its photos differ from the paper's, by its name in tables."""


def open_dataset(name: str | Path, root: str | Path | None = None, split: str = "test") -> CrackDataset:
    """Open a published dataset by name, or a plain folder by path.

    Args:
        name: one of ``deepcrack``, ``deepcrack-deduplicated`` (the test photos that are not crops of training
            photos), ``cfd``, ``crack500``; or the path of a folder of photos (``./deepcrack`` for a folder of
            that name).
        root: the dataset's folder or the folder that holds it; None takes the variable ``UPCRACKNET_DATA``.
            Not used for a plain folder.
        split: ``train`` or ``test``; Crack500's published crops also have ``val``.

    Returns:
        the dataset; masks are present, and of their photos' sizes, for each annotated sample.

    Raises:
        DataError: the name is neither a dataset nor a folder, the root is not known, there is no such split,
            or the layout is not as published.
        PhotoError: a photo or mask cannot be read.
    """
    dataset = DATASETS.get(str(name).lower())
    if dataset is None:
        folder = home_expanded(name)
        if not folder.is_dir():
            raise DataError(f"'{name}' is neither a dataset ({', '.join(DATASETS)}) nor a folder of photos")
        opened = open_folder(folder, split)
        taken = opened.name.lower() in PAPER_TEST_SETS or opened.name.lower() in DATASETS
        return replace(opened, name=f"{opened.name}-folder") if taken else opened
    if split not in dataset.splits:
        raise DataError(
            f"{dataset.title} has no split '{split}', expected one of {', '.join(dataset.splits)}"
        )
    return dataset.read(find_places(dataset, data_root(root)), split)


def data_root(root: str | Path | None) -> Path:
    """Find the folder that holds the datasets: the given one, else that of ``UPCRACKNET_DATA``.

    Raises:
        DataError: neither is given, or the folder does not exist.
    """
    chosen = root or os.environ.get(DATA_ROOT_VARIABLE)
    if not chosen:
        raise DataError(
            f"no data folder: set {DATA_ROOT_VARIABLE} or give --data-root; "
            "'upcracknet data download deepcrack --data-root FOLDER' fetches a dataset"
        )
    folder = home_expanded(chosen)
    if not folder.is_dir():
        raise DataError(
            f"data folder {folder} does not exist; correct --data-root or {DATA_ROOT_VARIABLE}, "
            "or fetch a dataset with 'upcracknet data download'"
        )
    return folder


def count_photos(dataset: PublishedDataset, root: Path) -> dict[str, int]:
    """Count the photos by name in tables and split; splits that are not there, or not whole, are left out."""
    found = {}
    for split in dataset.splits:
        try:
            opened = dataset.read(find_places(dataset, root), split)
        except DataError:
            continue
        found[f"{opened.name} {split}"] = len(opened)
    return found


def find_places(dataset: PublishedDataset, root: Path) -> Places:
    """Find the folders in which a dataset may lie.

    These are the folders in root that have one of its names, the folders therein, and root itself; this not
    if it has the name of another dataset, since datasets share layouts.

    Raises:
        DataError: a folder cannot be searched.
    """
    names = {name.lower() for name in dataset.folder_names}
    others = {name.lower() for other in DATASETS.values() for name in other.folder_names} - names
    try:
        named = sorted(child for child in root.iterdir() if child.is_dir() and child.name.lower() in names)
        nested = [inside for child in named for inside in sorted(child.iterdir()) if inside.is_dir()]
    except OSError as error:
        raise DataError(f"{dataset.title}: {one_line(error)}; check that you may read {root}") from error
    itself = [] if root.resolve().name.lower() in others else [root]
    return Places(root, (*named, *nested, *itself))
