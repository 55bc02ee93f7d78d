"""Straight joints made by people, known from cracks by their line and width alone.

A crack follows the stones; a saw cut, an expansion joint or the seam between two lanes follows a string. So a
joint is what lies along a straight line through most of the photo, close to it everywhere, at one width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from upcracknet.measure.frame import Frame, Points
from upcracknet.measure.segments import Segments, spread

COVERED = 0.6
"""Share of the line's way through the photo that the joint is seen on, at least."""

STRAIGHT_PX = 0.8
"""Greatest deviation from the line, as the root of the mean square in pixels."""

EVEN = 0.35
"""Greatest spread of the width: half the distance of its 10th and 90th per cent, as a share of the median; or
1 pixel."""

SLENDER = 10.0
"""A joint is at least so many times as long as it is wide: a patch is none."""

_REACH_PX = 3.0  # what lies further from the line does not belong to it
_TURN = np.cos(np.radians(15))  # nor does what runs at another angle
_SHORTEST = 0.15  # of the photo's shorter side: less gives no line to try


@dataclass(frozen=True)
class Joint:
    """A straight joint.

    Attributes:
        start: where its line enters the photo, (x, y) in pixels.
        end: where it leaves it.
        width_px: its median width in pixels.
    """

    start: Float64[np.ndarray, "2"]
    end: Float64[np.ndarray, "2"]
    width_px: float

    def holds(self, segments: Segments) -> Bool[np.ndarray, " n"]:
        """Tell which segments of cracks lie along it."""
        along = (self.end - self.start) / np.hypot(*(self.end - self.start))
        return _along(segments, self.start, along)

    def has(self, segments: Segments) -> bool:
        """Tell whether most of them lie along it."""
        return len(segments) > 0 and bool(self.holds(segments).mean() > 0.5)


def find_joints(segments: Sequence[Segments], frame: Frame) -> list[Joint]:
    """Find straight joints among the lines of cracks.

    Args:
        segments: those of each branch of the cracks of a photo.
        frame: the photo. In a map of a large area no line runs through most of it, and no joint is found.

    Returns:
        the joints, in the order of their longest branch.
    """
    shorter = min(frame.height, frame.width)
    everything = Segments.joined(segments)
    joints: list[Joint] = []
    for branch in sorted(segments, key=lambda branch: -branch.lengths_px.sum()):
        if branch.lengths_px.sum() < _SHORTEST * shorter:
            break
        if any(joint.has(branch) for joint in joints):
            continue
        joint = _joint(branch, everything, frame)
        if joint is not None and np.hypot(*(joint.end - joint.start)) >= shorter / 2:
            joints.append(joint)
    return joints


def _joint(branch: Segments, everything: Segments, frame: Frame) -> Joint | None:
    """The joint that a branch is part of, if it is."""
    middle, along = _line(branch)
    if _scatter(branch, middle, along) > STRAIGHT_PX:
        return None
    for _ in range(2):  # the line through all that lies along it is better than that through one branch
        part = everything[_along(everything, middle, along)]
        if not part.lengths_px.size:
            return None
        middle, along = _line(part)
    ends = _through(middle, along, frame)
    places = np.unique(np.floor((part.middles - middle) @ along))  # each pixel of the way once
    tenth, median, most = np.quantile(part.widths_px, (0.1, 0.5, 0.9))
    if (
        ends is None
        or np.hypot(*(ends[1] - ends[0])) < SLENDER * median
        or len(places) < COVERED * np.hypot(*(ends[1] - ends[0]))
        or _scatter(part, middle, along) > STRAIGHT_PX
        or (most - tenth) / 2 > max(EVEN * median, 1.0)
    ):
        return None
    return Joint(ends[0], ends[1], float(median))


def _line(segments: Segments) -> tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"]]:
    """A place on the straight line through segments, and its direction."""
    middle, _, axes = spread(segments.middles, segments.lengths_px)
    return middle, axes[:, -1]


def _across(places: Points, middle: np.ndarray, along: np.ndarray) -> Float64[np.ndarray, " n"]:
    """Signed distances from a line."""
    distances: Float64[np.ndarray, " n"] = (places - middle) @ np.array([-along[1], along[0]])
    return distances


def _scatter(segments: Segments, middle: np.ndarray, along: np.ndarray) -> float:
    square = _across(segments.middles, middle, along) ** 2
    return float(np.sqrt(np.average(square, weights=segments.lengths_px)))


def _along(segments: Segments, middle: np.ndarray, along: np.ndarray) -> Bool[np.ndarray, " n"]:
    """Tell which segments lie along a line, near and parallel to it."""
    near = np.abs(_across(segments.middles, middle, along)) <= _REACH_PX
    parallel = np.abs(segments.steps_px @ along) >= _TURN * segments.lengths_px
    chosen: Bool[np.ndarray, " n"] = near & parallel
    return chosen


def _through(
    middle: np.ndarray, along: np.ndarray, frame: Frame
) -> tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"]] | None:
    """Where a line enters and leaves the photo."""
    # Pixel centres lie at whole numbers, and the photo begins and ends half a pixel beyond them.
    size = np.array([frame.width, frame.height])
    with np.errstate(divide="ignore"):
        ways = np.sort(np.stack([-0.5 - middle, size - 0.5 - middle]) / along, axis=0)
    first, last = ways[0].max(), ways[1].min()
    return (middle + first * along, middle + last * along) if last > first else None
