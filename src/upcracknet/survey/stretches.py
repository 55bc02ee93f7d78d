"""The same stretches of road in two surveys: found by place and direction, not by number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64, Int64
from scipy.spatial import cKDTree

from upcracknet.survey.records import Section, SurveyPhoto
from upcracknet.survey.space import Vectors, in_space, sampled

FARTHEST_M = 25.0
"""Two lines no farther apart are those of one road: receivers err by some metres, lanes lie apart."""

_LARGEST_ANGLE_DEG = 45.0  # between two lines of one road, driven the same or the other way
_STEP_M = 2.0  # between two samples of a line
_NEAREST = 32  # samples that are looked at: at a crossing the nearest ones may be of the other road


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of sections as samples.

    Attributes:
        points: n×3 places in space, in metres.
        directions: n×3, of length 1.
        owners: the place in the list of sections of the one that each sample is of.
    """

    points: Vectors
    directions: Vectors
    owners: Int64[np.ndarray, " n"]

    @classmethod
    def of(cls, sections: Sequence[Section]) -> "Lines":
        """Walk along the lines of sections."""
        walked = [sampled(np.array(section.line, np.float64).reshape(-1, 2), _STEP_M) for section in sections]
        owners = np.repeat(np.arange(len(sections)), [len(points) for points, _ in walked])
        empty = np.zeros((0, 3))
        return cls(
            np.concatenate([empty, *(points for points, _ in walked)]),
            np.concatenate([empty, *(directions for _, directions in walked)]),
            owners.astype(np.int64),
        )

    def owners_at(self, points: Vectors, directions: Vectors) -> Int64[np.ndarray, " m"]:
        """Find whose line passes at places, within 25 m, in the same or the opposite direction, within 45°.

        Args:
            points: m×3 places in space, in metres.
            directions: m×3, of length 1.

        Returns:
            for each the owner of the nearest sample that fits; -1 where none does.
        """
        count = min(_NEAREST, len(self.points))
        if not count or not len(points):
            return np.full(len(points), -1, np.int64)
        distances, nearest = cKDTree(self.points).query(points, list(range(1, count + 1)))
        cosines = np.abs(np.einsum("mc,mkc->mk", directions, self.directions[nearest]))
        fits = (distances <= FARTHEST_M) & (cosines >= np.cos(np.radians(_LARGEST_ANGLE_DEG)))
        first = nearest[np.arange(len(points)), fits.argmax(axis=1)]
        return np.where(fits.any(axis=1), self.owners[first], -1)


def on_sections(
    photos: Iterable[SurveyPhoto], own: Sequence[Section], others: Sequence[Section]
) -> list[SurveyPhoto]:
    """Give photos of a survey the sections of another one.

    Args:
        photos: of the survey.
        own: its sections.
        others: those of the other survey.

    Returns:
        the photos that lie on one of them, with its number.
    """
    placed = [photo for photo in photos if photo.position is not None and photo.section is not None]
    lines = Lines.of(own)
    if not placed or not len(lines.points):
        return []
    positions = [photo.position for photo in placed if photo.position is not None]
    points = in_space(np.array([[place.longitude, place.latitude] for place in positions]))
    # A photo leads where the road leads on which it was taken.
    _, nearest = cKDTree(lines.points).query(points)
    owners = Lines.of(others).owners_at(points, lines.directions[nearest])
    return [
        replace(photo, section=others[owner].number)
        for photo, owner in zip(placed, owners, strict=True)
        if owner >= 0
    ]


def shares_covered(sections: Sequence[Section], others: Sequence[Section]) -> Float64[np.ndarray, " n"]:
    """Measure which share of each section another survey has.

    Args:
        sections: n of one survey.
        others: those of the other one.

    Returns:
        shares of their lengths, 0 to 1.
    """
    lines = Lines.of(sections)
    found = Lines.of(others).owners_at(lines.points, lines.directions) >= 0
    samples = np.bincount(lines.owners, minlength=len(sections))
    return np.bincount(lines.owners, found, minlength=len(sections)) / np.maximum(samples, 1)
