"""From axes and the distances to their rims to one record a crack, in pixels and in millimetres."""

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from upcracknet.measure.axis import Axes
from upcracknet.measure.classes import NO_DIRECTION
from upcracknet.measure.records import Crack, Line, Points, RoadScale
from upcracknet.measure.severity import NARROWEST_PX

HALF_MEAN = 2
"""Points of the axis before and behind each that its width is the mean of: in a mask, a width that is
measured at one place may be wrong by a pixel."""


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

    Returns:
        the records, without classes and severities.
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
                gradable=bool(in_px.mean[index] >= NARROWEST_PX),
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
    """Add the millimetres of the cracks that lie wholly on the road."""
    crack = axes.crack[branch]
    road = scale.to_road(axes.points)
    # What a step of one pixel to the right, and one down, is on the road.
    across, down = (scale.to_road(axes.points + step) - road for step in ((1.0, 0.0), (0.0, 1.0)))
    # From rim to rim, and of that what is at right angles to the axis as it lies on the road.
    normals = axes.normals
    rims = scale.to_road(axes.points + normals * left[:, None]) - scale.to_road(
        axes.points - normals * right[:, None]
    )
    along = axes.tangents[:, :1] * across + axes.tangents[:, 1:] * down
    along /= np.hypot(*along.T)[:, None]
    profile = np.abs(rims[:, 0] * along[:, 1] - rims[:, 1] * along[:, 0])
    area_scale = np.abs(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0])
    # Sums run over all cracks: what is not on the road must not spoil those of other cracks.
    known = np.isfinite(profile + area_scale)
    whole = np.bincount(crack, ~known) == 0
    road, profile, area_scale = (
        np.where(each, values, 0.0)
        for each, values in ((known[:, None], road), (known, profile), (known, area_scale))
    )
    area = axes.area * np.bincount(crack, raw * area_scale) / np.bincount(crack, raw)
    length = np.where(whole, _lengths(road, axes.starts, axes.crack), np.inf)
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
        if whole[index]
        else record
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
