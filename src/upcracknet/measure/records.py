"""Cracks as an inspector wants them: lines with a length, a width and a direction, in px and mm."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.classes import Kind

Points = Float64[np.ndarray, "n 2"]
Line = Float64[np.ndarray, "_ 2"]  # of a length of its own


@runtime_checkable
class RoadScale(Protocol):
    """What measuring needs of a scale: see :class:`upcracknet.measure.Scale`."""

    @property
    def source(self) -> str:
        """Where the millimetres come from."""
        ...

    @property
    def uncertainty(self) -> float:
        """One standard deviation, relative to the length."""
        ...

    def to_road(self, points: Points) -> Points:
        """Give the places on the road, in millimetres, of n×2 places (x, y) in pixels.

        NaN where there is none.
        """
        ...


@dataclass(frozen=True, eq=False)
class Crack:
    """One crack: all lines of a mask that touch.

    Widths are measured at right angles to the axis, about every pixel along it, and not within a crack's
    width of a junction. All in millimetres is None without a scale, and for a crack of which a part lies
    where the scale does not count: the length of the rest is not that of the crack. Where the scale is not
    the same everywhere, lengths are summed and widths measured on the road.

    Attributes:
        number: from 1 within the photo, the longest crack first.
        kind: class of the crack; ``"crack"`` where its direction is not known, or it has none. The class is
            that of its direction on the road: seen at a slant, ``orientation_deg`` is another angle.
        length_px: length of its axis, over all branches and up to its ends. A branch begins on the axis of
            the crack that it leaves.
        width_mean_px: mean width.
        width_median_px: width that half of its axis is below.
        width_p95_px: width that 95 % of its axis is below.
        width_max_px: greatest width, as the mean over about 5 pixels of the axis.
        width_max_place: place (x, y) of the greatest width, in pixels.
        area_px: pixels of the crack, with what lies between two rims of one crack.
        orientation_deg: direction from one end to the other, or between the two ends that are farthest apart:
            0 to 180 against the x axis, counter-clockwise as seen. None for what has no direction: a ring, a
            cross, a square speck.
        axis: branches, each n×2 (x, y) in pixels, smoothed; pixel centres are at whole numbers.
        width_along_px: width at each point of each branch.
        gradable: whether the mean width is at least 3 pixels. Narrower cracks cannot be graded.
        severity: the standard's own word for its mean width, see :func:`upcracknet.measure.severity.grade`;
            "cannot be graded" below 3 pixels; None without millimetres, and for joints.
        length_mm: length on the road.
        width_mean_mm: mean width on the road.
        width_median_mm: width on the road that half of the axis is below.
        width_p95_mm: width on the road that 95 % of the axis is below.
        width_max_mm: greatest width on the road.
        area_mm2: area on the road.
        scale_source: where the millimetres come from.
        scale_uncertainty: one standard deviation of the scale, relative to the length.
    """

    number: int
    kind: Kind
    length_px: float
    width_mean_px: float
    width_median_px: float
    width_p95_px: float
    width_max_px: float
    width_max_place: tuple[float, float]
    area_px: int
    orientation_deg: float | None
    axis: tuple[Line, ...]
    width_along_px: tuple[Float64[np.ndarray, " _"], ...]
    gradable: bool
    severity: str | None = None
    length_mm: float | None = None
    width_mean_mm: float | None = None
    width_median_mm: float | None = None
    width_p95_mm: float | None = None
    width_max_mm: float | None = None
    area_mm2: float | None = None
    scale_source: str | None = None
    scale_uncertainty: float | None = None
