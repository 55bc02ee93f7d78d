"""Cracks as an inspector wants them: lines with a length, a width and a direction, in px and mm."""

import math
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int64

from upcracknet.measure.axis import Axes

GRADABLE_PX = 3.0
"""Narrower cracks have no severity: a third of a pixel is too much of their width."""

NO_DIRECTION = 0.75
"""A crack that is so many times as far across as from end to end has no direction."""

HALF_MEAN = 2
"""Points of the axis before and behind each that its width is the mean of: in a mask, a width that is
measured at one place may be wrong by a pixel."""

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
        """Give the places on the road, in millimetres, of n×2 places (x, y) in pixels."""
        ...


@dataclass(frozen=True, eq=False)
class Crack:
    """One crack: all lines of a mask that touch.

    Widths are measured at right angles to the axis, about every pixel along it, and not within a crack's
    width of a junction. All in millimetres is None without a scale. Where the scale is not the same
    everywhere, lengths are summed and widths measured on the road.

    Attributes:
        number: from 1 within the photo, the longest crack first.
        kind: class of the crack; ``"crack"`` where it is not known.
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
        severity: the standard's own word; "cannot be graded" below 3 pixels; None without a scale and for
            joints.
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
    kind: str
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


@dataclass(frozen=True)
class _Widths:
    """Mean, median, 95th per cent and greatest width of each crack, and the point of the greatest."""

    mean: Float64[np.ndarray, " cracks"]
    median: Float64[np.ndarray, " cracks"]
    p95: Float64[np.ndarray, " cracks"]
    greatest: Float64[np.ndarray, " cracks"]
    place: Int64[np.ndarray, " cracks"]

    @classmethod
    def of(
        cls, widths: Float64[np.ndarray, " n"], crack: Int64[np.ndarray, " n"], used: np.ndarray
    ) -> "_Widths":
        """Sum up the widths of the points that are used, of which each crack has one or more."""
        points = np.flatnonzero(used)
        points = points[np.lexsort((widths[points], crack[points]))]
        ordered, counts = widths[points], np.bincount(crack[points])
        ends = np.cumsum(counts)
        starts = ends - counts
        below = {}
        for share in (0.5, 0.95):  # linear between two points, as numpy.quantile
            at = starts + share * (counts - 1)
            low = np.floor(at).astype(np.int64)
            high = np.minimum(low + 1, ends - 1)
            below[share] = ordered[low] + (at - low) * (ordered[high] - ordered[low])
        mean = np.add.reduceat(ordered, starts) / counts
        return cls(mean, below[0.5], below[0.95], ordered[ends - 1], points[ends - 1])


def cracks_of(
    axes: Axes,
    left: Float64[np.ndarray, " n"],
    right: Float64[np.ndarray, " n"],
    scale: RoadScale | None = None,
) -> list[Crack]:
    """Make one record a crack, the longest first.

    Args:
        axes: the axes of all cracks.
        left: distance of the left rim at each point, in pixels.
        right: the same for the right rim.
        scale: gives millimetres; None gives pixels alone.
    """
    if not axes.crack.size:
        return []
    branch = np.repeat(np.arange(len(axes.crack)), np.diff(axes.starts))
    crack = axes.crack[branch]
    used = axes.typical.copy()
    used |= ~(np.bincount(crack, used) > 0)[crack]  # cracks of nothing but junctions
    length = _lengths(axes.points, axes.starts, axes.crack)
    raw = np.where(axes.stout[crack], axes.area[crack] / length[crack], left + right)
    widths = _means(raw, used, branch, axes.starts)
    in_px = _Widths.of(widths, crack, used)
    order = np.argsort(axes.crack, kind="stable")
    branches = np.split(order, np.cumsum(np.bincount(axes.crack))[:-1])
    records = []
    for index, own in enumerate(branches):
        lines = tuple(axes.points[axes.starts[one] : axes.starts[one + 1]] for one in own)
        records.append(
            Crack(
                number=0, kind="crack", length_px=float(length[index]),
                width_mean_px=float(in_px.mean[index]), width_median_px=float(in_px.median[index]),
                width_p95_px=float(in_px.p95[index]), width_max_px=float(in_px.greatest[index]),
                width_max_place=(
                    float(axes.points[in_px.place[index], 0]), float(axes.points[in_px.place[index], 1])
                ),
                area_px=int(axes.area[index]),
                orientation_deg=_orientation(lines, float(axes.area[index] / length[index])),
                axis=lines,
                width_along_px=tuple(widths[axes.starts[one] : axes.starts[one + 1]] for one in own),
                gradable=bool(in_px.mean[index] >= GRADABLE_PX),
            )
        )  # fmt: skip
    if scale is not None:
        records = _on_the_road(records, axes, left, right, raw, used, branch, scale)
    records.sort(key=lambda record: (-record.length_px, *record.axis[0][0][::-1]))
    return [replace(record, number=number) for number, record in enumerate(records, 1)]


def _on_the_road(
    records: list[Crack],
    axes: Axes,
    left: Float64[np.ndarray, " n"],
    right: Float64[np.ndarray, " n"],
    raw: Float64[np.ndarray, " n"],
    used: Bool[np.ndarray, " n"],
    branch: Int64[np.ndarray, " n"],
    scale: RoadScale,
) -> list[Crack]:
    """Add the millimetres."""
    crack = axes.crack[branch]
    road = scale.to_road(axes.points)
    # What a step of one pixel to the right, and one down, is on the road.
    across, down = (scale.to_road(axes.points + step) - road for step in ((1.0, 0.0), (0.0, 1.0)))
    area_scale = np.abs(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0])
    area = axes.area * np.bincount(crack, raw * area_scale) / np.bincount(crack, raw)
    length = _lengths(road, axes.starts, axes.crack)
    # From rim to rim, and of that what is at right angles to the axis as it lies on the road.
    normals = axes.normals
    rims = scale.to_road(axes.points + normals * left[:, None]) - scale.to_road(
        axes.points - normals * right[:, None]
    )
    along = axes.tangents[:, :1] * across + axes.tangents[:, 1:] * down
    along /= np.hypot(*along.T)[:, None]
    profile = np.abs(rims[:, 0] * along[:, 1] - rims[:, 1] * along[:, 0])
    profile = np.where(axes.stout[crack], area[crack] / length[crack], profile)
    in_mm = _Widths.of(_means(profile, used, branch, axes.starts), crack, used)
    return [
        replace(
            record,
            length_mm=float(length[index]), width_mean_mm=float(in_mm.mean[index]),
            width_median_mm=float(in_mm.median[index]), width_p95_mm=float(in_mm.p95[index]),
            width_max_mm=float(in_mm.greatest[index]), area_mm2=float(area[index]),
            scale_source=scale.source, scale_uncertainty=scale.uncertainty,
        )
        for index, record in enumerate(records)
    ]  # fmt: skip


def _lengths(
    points: Points, starts: Int64[np.ndarray, " k"], crack: Int64[np.ndarray, " branches"]
) -> Float64[np.ndarray, " cracks"]:
    steps = np.hypot(*np.diff(points, axis=0, append=points[-1:]).T)
    steps[starts[1:] - 1] = 0.0  # from one branch to the next
    return np.bincount(crack, np.add.reduceat(steps, starts[:-1]))


def _means(
    widths: Float64[np.ndarray, " n"],
    used: Bool[np.ndarray, " n"],
    branch: Int64[np.ndarray, " n"],
    starts: Int64[np.ndarray, " k"],
) -> Float64[np.ndarray, " n"]:
    """Give each point the mean width of those around it on its branch; only those that are used count."""
    place = np.arange(len(widths))
    first, last = (
        np.maximum(place - HALF_MEAN, starts[branch]),
        np.minimum(place + HALF_MEAN + 1, starts[branch + 1]),
    )
    totals, counts = (np.concatenate([[0.0], np.cumsum(each)]) for each in (widths * used, used))
    number = counts[last] - counts[first]
    means: np.ndarray = np.where(number > 0, (totals[last] - totals[first]) / np.maximum(number, 1), widths)
    return means


def _orientation(lines: tuple[Line, ...], width: float) -> float | None:
    """Direction between the two ends that are farthest apart; None if the crack reaches as far across."""
    ends = np.concatenate([line[[0, -1]] for line in lines])
    if len(ends) > 2:
        # The two ends that are farthest apart, within the step between the directions looked in.
        angles = np.deg2rad(np.arange(0, 180, 2))
        shadow = ends @ np.stack([np.cos(angles), np.sin(angles)])
        widest = int(np.ptp(shadow, axis=0).argmax())
        ends = ends[[int(shadow[:, widest].argmin()), int(shadow[:, widest].argmax())]]
    way = ends[1] - ends[0]
    apart = float(np.hypot(*way))
    if apart == 0:
        return None
    normal = np.array([-way[1], way[0]]) / apart
    reach = np.concatenate([line @ normal for line in lines])
    if max(float(np.ptp(reach)), width) > NO_DIRECTION * apart:
        return None
    return math.degrees(math.atan2(-way[1], way[0])) % 180.0  # rows count downwards
