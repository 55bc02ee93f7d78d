"""Photos paired with crack masks: one interface for published datasets and plain folders (paper, IV-A)."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.photo import load_mask, load_photo, photo_size
from upcracknet.errors import DataError

DATA_ROOT_VARIABLE = "UPCRACKNET_DATA"
DATASET_NAMES = ("deepcrack", "deepcrack-deduplicated", "cfd", "crack500")
FOLDER_NAMES = {
    "deepcrack": ("DeepCrack",),
    "cfd": ("CFD", "CrackForest-dataset", "CrackForest-dataset-master", "CrackForest"),
    "crack500": ("Crack500",),
}
"""The folders a dataset is looked for in, any case; a download makes the first."""


@dataclass(frozen=True)
class Sample:
    """One photo and, where it was annotated, its crack mask.

    Attributes:
        name: unique within its dataset; the photo's file name without suffix.
        photo_path: the photo's file.
        mask_path: the mask's file (an image, or a CFD ``.mat``), None for a photo without annotation.
    """

    name: str
    photo_path: Path
    mask_path: Path | None = None

    def photo(self) -> UInt8[np.ndarray, "h w 3"]:
        """The photo, RGB uint8.

        Raises:
            PhotoError: the file cannot be read.
        """
        return load_photo(self.photo_path)

    def mask(self) -> Bool[np.ndarray, "h w"]:
        """The crack mask, True where there is a crack.

        Raises:
            DataError: the photo has no mask.
            PhotoError: the file cannot be read.
        """
        if self.mask_path is None:
            raise DataError(f"{self.photo_path}: has no mask; add one or use a dataset with annotations")
        if self.mask_path.suffix.lower() == ".mat":
            from upcracknet.data.cfd import load_segmentation  # the reader of CFD imports this module

            return load_segmentation(self.mask_path)
        return load_mask(self.mask_path)


@dataclass(frozen=True)
class CrackDataset(Sequence[Sample]):
    """The samples of one split, in the order of their names.

    Attributes:
        name: the dataset's name in tables.
        split: ``train``, ``val`` or ``test``.
        root: the dataset's own folder.
        samples: the samples.
    """

    name: str
    split: str
    root: Path
    samples: tuple[Sample, ...]

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        return self.samples[index]


def open_dataset(name: str | Path, root: str | Path | None = None, split: str = "test") -> CrackDataset:
    """Opens a published dataset by name, or a plain folder by path.

    Args:
        name: one of ``deepcrack``, ``deepcrack-deduplicated`` (the test photos that are not crops of training
            photos), ``cfd``, ``crack500``; or the path of a folder of photos (``./deepcrack`` for a folder of
            that name).
        root: the dataset's folder or the folder that holds it; None takes the variable ``UPCRACKNET_DATA``.
            Not used for a plain folder.
        split: ``train`` or ``test``; Crack500's published crops also have ``val``.

    Returns:
        The dataset; masks are present, and of their photos' sizes, for each annotated sample.

    Raises:
        DataError: the name is neither a dataset nor a folder, the root is not known, or the layout is not as
            published.
    """
    # The readers import this module.
    from upcracknet.data.cfd import open_cfd
    from upcracknet.data.crack500 import open_crack500
    from upcracknet.data.deepcrack import open_deepcrack, open_deepcrack_deduplicated
    from upcracknet.data.folder import open_folder

    readers: dict[str, Callable[[Path, str], CrackDataset]] = {
        "deepcrack": open_deepcrack,
        "deepcrack-deduplicated": open_deepcrack_deduplicated,
        "cfd": open_cfd,
        "crack500": open_crack500,
    }
    reader = readers.get(str(name).lower())
    if reader is not None:
        return reader(data_root(root), split)
    if not Path(name).expanduser().is_dir():
        raise DataError(f"'{name}' is neither a dataset ({', '.join(DATASET_NAMES)}) nor a folder of photos")
    return open_folder(Path(name).expanduser(), split)


def data_root(root: str | Path | None) -> Path:
    """The folder that holds the datasets: the given one, else that of ``UPCRACKNET_DATA``.

    Raises:
        DataError: neither is given, or the folder does not exist.
    """
    chosen = root or os.environ.get(DATA_ROOT_VARIABLE)
    if not chosen:
        raise DataError(
            f"no data folder: set {DATA_ROOT_VARIABLE} or give --data-root; "
            "'upcracknet data download deepcrack --data-root FOLDER' fetches a dataset"
        )
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"data folder {folder} does not exist; correct --data-root or {DATA_ROOT_VARIABLE}, "
            "or fetch a dataset with 'upcracknet data download'"
        )
    return folder


def find_layout(root: Path, dataset: str, needed: Sequence[str]) -> Path | None:
    """Finds a dataset's folder: a folder of one of its names in root, a folder therein, or root itself.

    Args:
        root: where to look.
        dataset: a key of `FOLDER_NAMES`; root is not taken where it has the name of another dataset, since
            datasets share layouts.
        needed: folders or files that must be in the dataset's folder.

    Returns:
        The folder, None if there is none.
    """
    names = {name.lower() for name in FOLDER_NAMES[dataset]}
    others = {name.lower() for key in FOLDER_NAMES if key != dataset for name in FOLDER_NAMES[key]}
    named = sorted(child for child in root.iterdir() if child.is_dir() and child.name.lower() in names)
    nested = [grandchild for child in named for grandchild in sorted(child.iterdir()) if grandchild.is_dir()]
    itself = [] if root.resolve().name.lower() in others else [root]
    candidates = (*named, *nested, *itself)
    return next((f for f in candidates if all((f / entry).exists() for entry in needed)), None)


def pair_masks(photos: Sequence[Path], mask_of: Callable[[Path], Path], dataset: str) -> tuple[Sample, ...]:
    """Pairs each photo with its mask and makes sure that all masks are there and of the photos' sizes.

    Args:
        photos: the photos' files, not empty.
        mask_of: where the mask of a photo must lie.
        dataset: the dataset's name, for the error.

    Raises:
        DataError: there is no photo, masks are missing, or sizes differ; the first few are listed.
    """
    if not photos:
        raise DataError(f"{dataset}: no photos found; fetch it again with 'upcracknet data download'")
    samples = tuple(Sample(photo.stem, photo, mask_of(photo)) for photo in photos)
    missing = [
        str(sample.mask_path) for sample in samples if sample.mask_path and not sample.mask_path.is_file()
    ]
    if missing:
        raise DataError(f"{dataset}: {len(missing)} masks are missing: {first_few(missing)}")
    require_equal_sizes(samples, dataset)
    return samples


def require_equal_sizes(samples: Iterable[Sample], dataset: str) -> None:
    """Makes sure that each mask has the size of its photo.

    Raises:
        DataError: sizes differ; the first few samples are listed.
        PhotoError: a file cannot be read.
    """
    different = []
    for sample in samples:
        if sample.mask_path is None:
            continue
        photo = photo_size(sample.photo_path)
        mask = (
            sample.mask().shape if sample.mask_path.suffix.lower() == ".mat" else photo_size(sample.mask_path)
        )
        if photo != mask:
            different.append(f"{sample.name} (photo {photo[1]}x{photo[0]}, mask {mask[1]}x{mask[0]})")
    if different:
        raise DataError(
            f"{dataset}: {len(different)} masks differ in size from their photos: {first_few(different)}"
        )


def first_few(entries: Sequence[str], count: int = 3) -> str:
    """The first entries, and how many more there are."""
    more = f" and {len(entries) - count} more" if len(entries) > count else ""
    return ", ".join(entries[:count]) + more


def sorted_photos(folder: Path, suffix: str = ".jpg") -> list[Path]:
    """The files of a folder with this suffix in any case, without hidden ones, sorted by name."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() == suffix and not p.name.startswith("."))
