"""The published datasets, one row each, and how a dataset or a plain folder is opened."""

import os
from pathlib import Path

from upcracknet.data.cfd import CFD
from upcracknet.data.crack500 import CRACK500
from upcracknet.data.dataset import CrackDataset, Places, PublishedDataset
from upcracknet.data.deepcrack import DEEPCRACK, DEEPCRACK_DEDUPLICATED
from upcracknet.data.folder import open_folder
from upcracknet.data.listing import home_expanded
from upcracknet.errors import DataError

DATA_ROOT_VARIABLE = "UPCRACKNET_DATA"

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
        return open_folder(folder, split)
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
    """
    names = {name.lower() for name in dataset.folder_names}
    others = {name.lower() for other in DATASETS.values() for name in other.folder_names} - names
    named = sorted(child for child in root.iterdir() if child.is_dir() and child.name.lower() in names)
    nested = [inside for child in named for inside in sorted(child.iterdir()) if inside.is_dir()]
    itself = [] if root.resolve().name.lower() in others else [root]
    return Places(root, (*named, *nested, *itself))
