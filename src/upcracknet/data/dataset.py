"""Photos paired with crack masks: published datasets and plain folders alike (paper, Section IV-A)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.photo import load_mask, load_photo, photo_size
from upcracknet.errors import DataError


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
        """Load the photo, RGB uint8, as :func:`load_photo` does."""
        return load_photo(self.photo_path)

    def mask(self) -> Bool[np.ndarray, "h w"]:
        """Load the crack mask, True where there is a crack, as :func:`load_mask` does.

        Raises:
            DataError: the photo has no mask.
        """
        if self.mask_path is None:
            raise DataError(f"{self.photo_path}: has no mask; add one or use a dataset with annotations")
        return load_mask(self.mask_path)


@dataclass(frozen=True)
class CrackDataset(Sequence[Sample]):
    """The samples of one split, in the order of their names.

    Attributes:
        name: the dataset's name in tables.
        split: ``train``, ``val`` or ``test``.
        root: the dataset's own folder.
        samples: the samples.
        left_out: a sentence on files that look like photos and are not read; None where there are none.
    """

    name: str
    split: str
    root: Path
    samples: tuple[Sample, ...]
    left_out: str | None = None

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        return self.samples[index]


@dataclass(frozen=True)
class Places:
    """The folders in which a dataset may lie.

    Attributes:
        root: where the user says it is.
        folders: root and folders in it, the likeliest first.
    """

    root: Path
    folders: Sequence[Path]

    def holding(self, *entries: str) -> Path | None:
        """Find the first folder that holds all of these files or folders; None if there is none."""
        return next((f for f in self.folders if all((f / entry).exists() for entry in entries)), None)


@dataclass(frozen=True)
class PublishedDataset:
    """All that is known of a published dataset; ``registry.py`` holds them.

    Attributes:
        name: by which it is asked for.
        title: the paper's name of it, for tables.
        splits: its parts.
        folder_names: what its folder may be called, in any case; a download makes the first.
        needed: what the folder of a whole download holds.
        page: the authors' page.
        terms: terms of use and what to cite, as the authors state them.
        read: opens one of the splits where the dataset may lie; raises ``DataError`` if it is not there, or
            not as published.
        url: the archive; None where the authors offer none that a program can fetch.
        sha256: checksum of the archive; None where the authors publish none: that of the first download is
            then recorded in ``downloads.json``, and later ones must equal it.
        differences: how the photos differ from those of the paper's tables, by each name in tables under
            which the dataset may be opened; empty for the same photos.
        tested_in_patches: whether the paper tests on 256×256 patches of the photos at their own scale, not on
            the photos shrunk to 256×256.
        training_scenes: names of the test photos that show what training photos show.
    """

    name: str
    title: str
    splits: tuple[str, ...]
    folder_names: tuple[str, ...]
    needed: tuple[str, ...]
    page: str
    terms: str
    read: Callable[[Places, str], CrackDataset]
    url: str | None = None
    sha256: str | None = None
    differences: Mapping[str, str] = field(default_factory=dict)
    tested_in_patches: bool = False
    training_scenes: frozenset[str] = frozenset()

    def missing(self, root: Path, expected: str) -> DataError:
        """Make the error for a dataset that is not where it is looked for."""
        remedy = "fetches it" if self.url else "says where to get it"
        return DataError(
            f"no {self.title} in {root}: expected {expected}, there or in its folder {self.folder_names[0]}; "
            f"'upcracknet data download {self.name}' {remedy}"
        )


def pair_masks(photos: Sequence[Path], mask_of: Callable[[Path], Path], dataset: str) -> tuple[Sample, ...]:
    """Pair each photo with its mask and make sure that all masks are there and of the photos' sizes.

    Raises:
        DataError: there is no photo, masks are missing, or sizes differ; the first few are listed.
    """
    if not photos:
        raise DataError(f"{dataset}: no photos found; fetch it again with 'upcracknet data download'")
    samples = tuple(Sample(photo.stem, photo, mask_of(photo)) for photo in photos)
    missing = [str(mask) for sample in samples if (mask := sample.mask_path) and not mask.is_file()]
    if missing:
        raise DataError(f"{dataset}: {len(missing)} masks are missing: {first_few(missing)}")
    require_equal_sizes(samples, dataset)
    return samples


def require_equal_sizes(samples: Iterable[Sample], dataset: str) -> None:
    """Make sure that each mask has the size of its photo.

    Raises:
        DataError: sizes differ; the first few samples are listed.
        PhotoError: a file cannot be read.
    """
    different = []
    for sample in samples:
        if sample.mask_path is None:
            continue
        photo = photo_size(sample.photo_path)
        is_image = sample.mask_path.suffix.lower() != ".mat"
        mask = photo_size(sample.mask_path) if is_image else sample.mask().shape
        if photo != mask:
            different.append(f"{sample.name} (photo {photo[1]}x{photo[0]}, mask {mask[1]}x{mask[0]})")
    if different:
        raise DataError(
            f"{dataset}: {len(different)} masks differ in size from their photos: {first_few(different)}"
        )


def first_few(entries: Sequence[str]) -> str:
    """Write the first three entries, and how many more there are."""
    more = f" and {len(entries) - 3} more" if len(entries) > 3 else ""
    return ", ".join(entries[:3]) + more


def sorted_photos(folder: Path, suffix: str = ".jpg") -> list[Path]:
    """List the files of a folder with this suffix in any case, without hidden ones, sorted by name."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() == suffix and not p.name.startswith("."))
