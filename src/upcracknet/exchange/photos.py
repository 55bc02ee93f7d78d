"""What the photos of a result folder are called in exports, and which one a name in an import means."""

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool

from upcracknet.data.image_file import PHOTO_SUFFIXES
from upcracknet.errors import DataError, PhotoError
from upcracknet.exchange.parts import Part, parts_of, without_short_parts
from upcracknet.files import replacing, write_atomically
from upcracknet.results.corrections import Correction
from upcracknet.results.effective_mask import effective_mask, size_of
from upcracknet.results.folder import ResultFolder
from upcracknet.results.jpeg import jpeg
from upcracknet.results.opening import LARGE
from upcracknet.results.records import Record

Photos = Literal["copy", "link", "none"]
"""What of the photos goes with an export."""

MASK_ENDINGS = ("_mask", "_lab")
"""What people put behind a photo's name to name its mask."""


def file_name(record: Record) -> str:
    """Give the path of a photo's file within an export, by its results' name.

    It ends as photos do, and has only signs that every format and disk takes.
    """
    name = "".join(
        sign if sign.isprintable() else "".join(f"%{byte:02X}" for byte in sign.encode())
        for sign in record.name
    )
    if PurePosixPath(name).suffix.lower() in PHOTO_SUFFIXES:
        return name
    suffix = PurePosixPath(record.photo.partition("?")[0]).suffix
    return name + (suffix if suffix.lower() in PHOTO_SUFFIXES else ".jpg")  # frames of videos have none


@dataclass(frozen=True)
class ExportedPhoto:
    """One photo on its way to another program.

    Attributes:
        number: from 1, in the order of the names.
        results: the result folder.
        record: of the photo.
        correction: what a person said of it, if anything.
        cracks: what was measured of it, as ``cracks/NAME.json`` has it.
        least_length_px: parts of the mask that reach less far are left out.
    """

    number: int
    results: ResultFolder
    record: Record
    correction: Correction | None
    cracks: tuple[dict[str, Any], ...]
    least_length_px: int

    @property
    def file_name(self) -> str:
        """Path of the photo's file within the export."""
        return file_name(self.record)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return size_of(self.record)

    @cached_property
    def mask(self) -> Bool[np.ndarray, "h w"]:
        """The mask that counts, without short parts.

        Raises:
            PhotoError: it cannot be read, or is too large to be held.
            DataError: the corrected mask has another size than the photo.
        """
        height, width = self.size
        if height * width > LARGE:
            raise PhotoError(
                f"{self.record.photo}: {width}x{height} pixels, expected at most {LARGE:,} for annotation "
                "programs; export it with --to masks and without --least-length-px"
            )
        return without_short_parts(self._whole, self.least_length_px)

    @property
    def parts(self) -> list[Part]:
        """The connected parts of the mask, from the top, without short ones; see :attr:`mask`."""
        return parts_of(self.mask, self.cracks)

    @property
    def _whole(self) -> Bool[np.ndarray, "h w"]:
        return effective_mask(self.results, self.record, self.correction)


def bring_photo(results: ResultFolder, record: Record, path: Path, how: Photos) -> None:
    """Copy a photo to an export, or link it there; a copy that is there already stays.

    Raises:
        PhotoError: it is gone, cannot be fetched, or has changed since its cracks were found.
        OutputError: it cannot be written.
    """
    source = results.source(record)
    if source.path is None:
        if how == "link":
            raise PhotoError(f"{source.address}: an address cannot be linked to; use --photos copy or none")
        write_atomically(path, source.content())
        return
    source.require_unchanged()
    if not source.path.is_file():  # a frame of a video
        write_atomically(path, jpeg(source.load()))
    elif how == "link":
        with replacing(path) as partial:
            partial.symlink_to(source.path)
    elif not _is_copy(path, source.path):
        with replacing(path) as partial:
            shutil.copy2(source.path, partial)
            source.require_unchanged()  # else the masks would be another photo's


def _is_copy(path: Path, photo: Path) -> bool:
    """Whether a photo was copied by an earlier run, which keeps its time of change."""
    if path.is_symlink() or not path.exists():
        return False
    here, there = os.stat(path), os.stat(photo)  # noqa: PTH116
    return (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns)


class PhotoIndex:
    """Finds the photo that a name in an annotation file means.

    Args:
        records: of all photos.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._exact: dict[str, str] = {}
        self._by_last: dict[str, list[str]] = {}
        for record in records:
            name = file_name(record)
            self._exact[name] = record.name
            last = PurePosixPath(name).name
            for key in {last, PurePosixPath(last).stem}:
                self._by_last.setdefault(key, []).append(name)

    def find(self, given: str) -> str:
        """Find the name of a photo's results.

        The name may have more folders in front than the export had, or fewer, and another suffix.

        Args:
            given: path or name of a photo or a mask, also as Windows writes paths.

        Raises:
            DataError: no photo has it, or several do.
        """
        path = PurePosixPath(given.replace("\\", "/"))
        if str(path) in self._exact:
            return self._exact[str(path)]
        bare = re.sub(f"({'|'.join(MASK_ENDINGS)})$", "", path.stem)
        fitting: dict[str, tuple[int, int, int]] = {}
        for rank, key in enumerate((path.name, path.stem, bare)):
            for name in self._by_last.get(key, []):
                if _fit(PurePosixPath(name), path):
                    fitting.setdefault(name, (*_agreement(PurePosixPath(name), path), -rank))
        # A photo of the folder that is named comes before one whose own folder is not.
        found = [name for name, agreement in fitting.items() if agreement == max(fitting.values())]
        if len(found) > 1:
            raise DataError(f"{given}: fits {len(found)} photos, {' and '.join(found[:2])}; name its folder")
        if found:
            return self._exact[found[0]]
        raise DataError(
            f"{given}: no photo of this result folder is called so; give the folder of that photo"
        )


def _fit(name: PurePosixPath, given: PurePosixPath) -> bool:
    """Whether the folders of two paths agree as far as both name them."""
    pairs = zip(name.parts[-2::-1], given.parts[-2::-1], strict=False)
    return all(one == other for one, other in pairs)


def _agreement(name: PurePosixPath, given: PurePosixPath) -> tuple[int, int]:
    """How many folders two paths share, and (negative) how many of the first one's the second lacks."""
    shared = min(len(name.parts), len(given.parts)) - 1
    return shared, shared + 1 - len(name.parts)
