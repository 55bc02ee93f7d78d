"""Photos of one place in two surveys, laid on each other, and what became of their cracks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from upcracknet.errors import DataError, PhotoError
from upcracknet.results.crack_files import read_cracks
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record
from upcracknet.survey.changes import CrackChange, crack_change
from upcracknet.survey.records import SurveyPhoto
from upcracknet.survey.registering import Registration, register
from upcracknet.survey.space import in_space

FARTHEST_M = 3.0
"""Photos taken no farther apart may show the same place."""


@dataclass(frozen=True, eq=False)
class PhotoPair:
    """A photo of the new survey and the nearest one of the old survey.

    Attributes:
        old: of the old survey.
        new: of the new survey.
        distance_m: between both, in metres.
        registration: how the old one lies on the new one; None where that was refused.
        change: what became of the cracks; None likewise.
        problem: why it was refused.
        read: whether both photos and their cracks could be read.
    """

    old: SurveyPhoto
    new: SurveyPhoto
    distance_m: float
    registration: Registration | None = None
    change: CrackChange | None = None
    problem: str | None = None
    read: bool = True

    def metres(self, pixels: float | None) -> float | None:
        """Give a length in pixels of the new photo in metres; None without one scale for all of it."""
        scale = self.new.record.millimetres_per_pixel
        return None if pixels is None or scale is None else pixels * scale / 1000

    @property
    def widths_mm(self) -> tuple[float | None, float | None]:
        """Mean width of the cracks that both photos have, then and now, in millimetres."""
        if self.change is None:
            return None, None
        old, new = self.metres(self.change.old_width_px), self.metres(self.change.new_width_px)
        return None if old is None else 1000 * old, None if new is None else 1000 * new


def pairs_by_place(
    old: Sequence[SurveyPhoto], new: Sequence[SurveyPhoto]
) -> list[tuple[SurveyPhoto, SurveyPhoto, float]]:
    """Find for each photo of a survey the nearest one of another survey, within 3 m.

    Photos without a place, and those that failed or were not measured, have none.

    Args:
        old: photos of one survey.
        new: those of the other one.

    Returns:
        an old photo, a new one, and metres between both.
    """
    before, after = [_usable(old), _usable(new)]
    if not before or not after:
        return []
    distances, nearest = cKDTree(_places(before)).query(_places(after))
    return [
        (before[index], photo, float(distance))
        for photo, index, distance in zip(after, nearest, distances, strict=True)
        if distance <= FARTHEST_M
    ]


def compare_photos(
    old: ResultFolder,
    new: ResultFolder,
    pairs: Sequence[tuple[SurveyPhoto, SurveyPhoto, float]],
    show: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[PhotoPair]:
    """Lay photos of one place on each other and compare their cracks.

    A pair is refused where a photo is gone or has changed, or where both do not show the same place.

    Args:
        old: result folder of the old survey.
        new: that of the new one.
        pairs: an old photo, a new one, and metres between both.
        show: called with the number of pairs that are done and of all.
    """
    for done, (before, after, distance_m) in enumerate(pairs, 1):
        read = False
        try:
            photos = _photo(old, before.record), _photo(new, after.record)
            cracks = _cracks(old, before.record), _cracks(new, after.record)
            read = True
            registration = register(*photos)
            change = crack_change(*cracks, registration)
        except (PhotoError, DataError) as error:
            yield PhotoPair(before, after, distance_m, problem=str(error), read=read)
        else:
            yield PhotoPair(before, after, distance_m, registration, change)
        show(done, len(pairs))


def _usable(photos: Sequence[SurveyPhoto]) -> list[SurveyPhoto]:
    return [photo for photo in photos if photo.position is not None and photo.record.cracks is not None]


def _places(photos: Sequence[SurveyPhoto]) -> np.ndarray:
    positions = [photo.position for photo in photos if photo.position is not None]
    return in_space(np.array([[place.longitude, place.latitude] for place in positions], np.float64))


def _photo(results: ResultFolder, record: Record) -> np.ndarray:
    return results.source(record).load()


def _cracks(results: ResultFolder, record: Record) -> dict[str, object]:
    return read_cracks(results.file(record.cracks or ""))
