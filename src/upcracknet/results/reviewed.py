"""Photos that people looked at, with what the model found in them and what counts instead."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from upcracknet.data.photo import load_mask
from upcracknet.errors import UpCrackNetError
from upcracknet.results.corrections import (
    CORRECTION,
    FOLDER,
    OUTDATED,
    Correction,
    correction_checksum,
    is_outdated,
    read_correction,
)
from upcracknet.results.effective_mask import effective_mask, size_of
from upcracknet.results.folder import ResultFolder, files_below
from upcracknet.results.records import Record
from upcracknet.results.regions import drawn, polygon_of
from upcracknet.results.scores import load_score


@dataclass(frozen=True)
class ReviewedPhoto:
    """A photo that is read whole and of which a person said something.

    Attributes:
        results: the result folder.
        record: of the photo; it is done.
        correction: what was said.
    """

    results: ResultFolder
    record: Record
    correction: Correction

    @property
    def name(self) -> str:
        """Name of the photo's results, unique in their folder."""
        return self.record.name

    def photo(self) -> UInt8[np.ndarray, "h w 3"]:
        """Load the photo, RGB.

        Raises:
            PhotoError: it is gone, or another one than the cracks were found in.
        """
        return self.results.source(self.record).load()

    def truth(self) -> Bool[np.ndarray, "h w"]:
        """Load the mask that counts: none of a rejected photo.

        Raises:
            PhotoError: it cannot be read.
            DataError: it has another size than the photo.
        """
        return effective_mask(self.results, self.record, self.correction)

    def answer(self) -> Bool[np.ndarray, "h w"]:
        """Load the model's own mask.

        Raises:
            PhotoError: it cannot be read.
        """
        assert self.record.mask is not None
        return load_mask(self.results.file(self.record.mask))

    def score(self) -> Float32[np.ndarray, "h w"] | None:
        """Load how crack-like the model found each pixel, 0 to 1; None where that was not stored.

        Raises:
            DataError: it cannot be read.
        """
        return load_score(self.results, self.record)

    def looked_at(self) -> Bool[np.ndarray, "h w"]:
        """Find where the model searched: all of the photo, or the polygon that was given as road.

        Raises:
            ConfigurationError: what the record has in the place of a polygon is none.
        """
        polygon = (self.record.settings or {}).get("region")
        size = size_of(self.record)
        if polygon is None:
            return np.ones(size, bool)
        return drawn(polygon_of(polygon, self.name), size)


def reviewed_photos(results: ResultFolder) -> tuple[list[ReviewedPhoto], list[str]]:
    """Find the photos of which a person said something.

    Args:
        results: the result folder.

    Returns:
        the photos, sorted by name; and one sentence for each that cannot be taken.
    """
    photos: list[ReviewedPhoto] = []
    left_out: list[str] = []
    folder = results.path / FOLDER
    for path in files_below(folder):
        name = path.relative_to(folder).as_posix().removesuffix(".json")
        try:
            correction, record = read_correction(results, name), results.record(name)
        except UpCrackNetError as error:
            left_out.append(str(error))
            continue
        if record.mask is None or correction is None:
            left_out.append(f"{name}: the photo could not be used; mend it and run `upcracknet detect` again")
        elif record.mask.endswith(".tif"):
            left_out.append(f"{name}: is read in windows; only photos that are read whole can be taken")
        elif is_outdated(results, record, correction):
            left_out.append(f"{name}: {OUTDATED}")
        else:
            photos.append(ReviewedPhoto(results, record, correction))
    return photos, left_out


def is_measured(results: ResultFolder, record: Record) -> bool:
    """Tell whether a photo's measures are of what people said of it last.

    Returns:
        False where a correction was made, changed or withdrawn since the cracks were measured.
    """
    return (record.measures or {}).get(CORRECTION) == correction_checksum(results, record.name)


def count_by_status(photos: Iterable[ReviewedPhoto]) -> dict[str, int]:
    """Count photos by what was said of them: ``accepted``, ``corrected``, ``rejected``."""
    found = Counter[str](photo.correction.status for photo in photos)
    return {status: found[status] for status in ("accepted", "corrected", "rejected")}
