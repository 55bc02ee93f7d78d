"""What the page shows of each photo: a row of its record, its correction and its place, kept up to date."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from upcracknet.errors import DataError, PhotoError
from upcracknet.files import stamp_of_file
from upcracknet.results.corrections import (
    CORRECTION,
    OUTDATED,
    Correction,
    correction_checksum,
    correction_path,
    is_outdated,
    read_correction,
)
from upcracknet.results.folder import ResultFolder, files_below
from upcracknet.results.records import Record, severity_rank
from upcracknet.serve.review.tiles import levels_of
from upcracknet.survey.records import SurveyPhoto

LARGEST_MASK = 200_000_000
"""Pixels of the largest mask that may be drawn on: the page holds it with a byte a pixel."""

LARGEST_WHOLE = 200_000_000
"""Pixels of the largest photo that is decoded whole: 600 MB, and as much again for its levels."""

OF_RECORD = (
    *("name", "status", "width", "height", "severity", "crack_length_m", "crack_length_px", "crack_count"),
    *("area_share", "threshold", "error"),
)
"""What a row takes over from its record."""

Row = dict[str, Any]


@dataclass
class Photo:
    """A photo as the server knows it.

    Attributes:
        number: of it, as long as the server runs.
        record: what was found in it.
        correction: what was said of it.
        outdated: whether that was said of another photo, which is then left out, or of another mask.
        mask_stamp: of the file of the model's mask.
        revision: checksum of the correction; empty where there is none.
        problem: why the correction cannot be read.
        missing: why the photo cannot be shown.
        changed: number of the last change of all photos that was one of this.
        stamps: of the files that this was read from.
        doubt: how much in doubt its cracks are, 0 to 1; None while that is not known.
    """

    number: int
    record: Record
    correction: Correction | None
    outdated: bool
    mask_stamp: str
    revision: str
    problem: str | None
    missing: str | None
    changed: int
    stamps: tuple[str, str]
    doubt: float | None = None

    @property
    def editable(self) -> bool:
        """Whether its mask may be drawn on."""
        size = (self.record.width or 0) * (self.record.height or 0)
        return self.record.mask is not None and size <= LARGEST_MASK

    @property
    def measured(self) -> bool:
        """Whether its measures are those of the mask that counts."""
        measures = self.record.measures
        if measures is None or self.record.cracks is None:
            return False
        return bool(measures.get(CORRECTION, "") == self.revision)

    @property
    def needs_measuring(self) -> bool:
        """Whether its measures are those of another mask than the one that counts, and can be made again."""
        known = self.record.measures is not None and self.record.mask is not None and self.problem is None
        return known and not self.measured


class Photos:
    """All photos of a result folder, for several threads.

    Args:
        results: the folder.
        places: of the photos on the survey, by name; empty where there is none.
    """

    def __init__(self, results: ResultFolder, places: Mapping[str, SurveyPhoto]) -> None:
        self.results = results
        self.places = places
        self.suggested: list[str] = []
        self.revision = 0
        self._by_name: dict[str, Photo] = {}
        self._numbers: dict[str, int] = {}  # of all names there ever were, in this order
        self._names: list[str] = []
        self._lock = threading.RLock()
        self.refresh()

    def refresh(self) -> None:
        """Read what other programs have changed: records and corrections that were replaced."""
        root = self.results.path / "records"
        names = [path.relative_to(root).as_posix().removesuffix(".json") for path in files_below(root)]
        with self._lock:
            for name in self._by_name.keys() - names:
                del self._by_name[name]
            for name in names:
                self.look(name)

    def look(self, name: str) -> None:
        """Read a photo again if its record, its mask or its correction was replaced."""
        with self._lock:
            known = self._by_name.get(name)
            if (
                known is None
                or known.stamps != self._stamps(name)
                or known.mask_stamp != self._mask_stamp(known.record)
            ):
                self.read(name)

    def read(self, name: str) -> None:
        """Read a photo again.

        Args:
            name: of its results; one whose record is damaged or gone is left out.
        """
        with self._lock:
            stamps = self._stamps(name)  # first: what changes meanwhile is read again next time
            try:
                record = self.results.record(name)
            except DataError:
                self._by_name.pop(name, None)
                return
            mask_stamp = self._mask_stamp(record)
            correction, problem = None, None
            try:
                correction = read_correction(self.results, name)
            except DataError as error:
                problem = str(error)
            outdated = correction is not None and is_outdated(self.results, record, correction)
            if outdated and correction is not None and correction.changes_the_mask:
                correction = None  # the mask of another photo
            known = self._by_name.get(name)
            number = self._numbers.setdefault(name, len(self._numbers))
            self._names[number:] = self._names[number:] or [name]
            self.revision += 1
            self._by_name[name] = Photo(
                number,
                record,
                correction,
                outdated,
                mask_stamp,
                correction_checksum(self.results, name) or "",
                problem,
                self._missing(record),
                self.revision,
                stamps,
                None if known is None else known.doubt,
            )

    def set_doubt(self, name: str, doubt: float) -> None:
        """Note how much in doubt the cracks of a photo are."""
        with self._lock:
            photo = self._by_name.get(name)
            if photo is not None:
                self.revision += 1
                photo.doubt, photo.changed = doubt, self.revision

    def names(self) -> list[str]:
        """Give the names of all photos, sorted."""
        with self._lock:
            return sorted(self._by_name)

    def get(self, number: int) -> Photo:
        """Find a photo by its number.

        Raises:
            KeyError: there is none.
        """
        with self._lock:
            if not 0 <= number < len(self._names):
                raise KeyError(number)
            return self._by_name[self._names[number]]

    def named(self, name: str) -> Photo:
        """Find a photo by its name.

        Raises:
            KeyError: there is none.
        """
        with self._lock:
            return self._by_name[name]

    def standard(self) -> str | None:
        """Give the standard that the photos are graded by; None where none was measured."""
        with self._lock:
            measured = (photo.record.measures for photo in self._by_name.values())
            standards = (measures.get("standard") for measures in measured if measures)
            return next((standard for standard in standards if standard is not None), None)

    def rows(self, since: int = -1) -> list[Row]:
        """Give the rows of the photos that have changed after a revision, sorted by name."""
        with self._lock:
            changed = [photo for photo in self._by_name.values() if photo.changed > since]
            return [self.row(photo) for photo in sorted(changed, key=lambda photo: photo.record.name)]

    def row(self, photo: Photo) -> Row:
        """Give the row of a photo; see the package's contract."""
        record, correction, place = photo.record, photo.correction, self.places.get(photo.record.name)
        position = None if place is None else place.position
        said = OUTDATED in (record.measure_warning or "")  # by its measures, once it is measured
        outdated = OUTDATED if photo.outdated and not said else None
        warnings = (photo.problem, outdated, record.warning, record.measure_warning)
        suggested = self.suggested
        return {field: getattr(record, field) for field in OF_RECORD} | {
            "id": photo.number,
            "severity_rank": severity_rank(record.severity),
            "doubt": photo.doubt,
            "latitude": None if position is None else position.latitude,
            "longitude": None if position is None else position.longitude,
            "chainage_m": None if place is None else place.chainage_m,
            "section": None if place is None else place.section,
            "review_status": None if correction is None or photo.outdated else correction.status,
            "reason": None if correction is None else correction.reason,
            "note": None if correction is None else correction.note,
            "revision": photo.revision,
            "mask_stamp": photo.mask_stamp,
            "measured": photo.measured,
            "editable": photo.editable,
            "has_score": photo.editable and record.score is not None,
            "levels": levels_of(record.height or 1, record.width or 1),
            "photo_problem": photo.missing,
            "suggested": suggested.index(record.name) + 1 if record.name in suggested else None,
            "warning": "; ".join(warning for warning in warnings if warning) or None,
        }

    def _stamps(self, name: str) -> tuple[str, str]:
        record = self.results.path / "records" / f"{name}.json"
        return stamp_of_file(record), stamp_of_file(correction_path(self.results, name))

    def _mask_stamp(self, record: Record) -> str:
        return "" if record.mask is None else stamp_of_file(self.results.file(record.mask))

    def _missing(self, record: Record) -> str | None:
        if record.status == "failed":
            return record.error
        if is_too_large_to_show(record):
            return (
                f"more than {LARGEST_WHOLE:,} pixels, too large to be shown; run `pip install "
                "'upcracknet[survey]'` and `upcracknet detect` again, then it is read piece by piece"
            )
        try:
            self.results.source(record).require_unchanged()
        except PhotoError as error:
            return str(error)
        return None


def is_too_large_to_show(record: Record) -> bool:
    """Tell whether a photo could only be shown if all of it were decoded, and is too large for that.

    Photos that were detected in with rasterio are read piece by piece, however large they are.
    """
    pixels = (record.height or 0) * (record.width or 0)
    return record.mask is not None and not record.mask.endswith(".tif") and pixels > LARGEST_WHOLE
