"""The lines of cracks, cut into short straight segments with their lengths and widths on the road."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float64

from upcracknet.measure.frame import Frame, Points

Numbers = Float64[np.ndarray, " _"]


@dataclass(frozen=True)
class Segments:
    """Straight segments between neighbouring points of lines; those of several lines are simply more of them.

    "On the road" is in millimetres, or in pixels where there is no scale; NaN where the scale does not count.

    Attributes:
        middles: their middles (x, y) in pixels.
        steps_px: from the start of each to its end, in pixels.
        places: their middles on the road.
        steps: from the start of each to its end on the road.
        widths_px: width of the crack at each, in pixels.
        widths: the same on the road, measured across the line.
    """

    middles: Points
    steps_px: Points
    places: Points
    steps: Points
    widths_px: Numbers
    widths: Numbers

    @classmethod
    def of(cls, axes: Sequence[Points], widths_px: Sequence[Numbers], frame: Frame) -> "list[Segments]":
        """Cut lines at their points, all at once.

        Args:
            axes: the points (x, y) of each line in pixels.
            widths_px: width of the crack at each point of each line, in pixels.
            frame: the photo.

        Returns:
            those of each line; a line of one point has none.
        """
        points = np.concatenate([np.zeros((0, 2)), *axes])
        widths_px_at = np.concatenate([np.zeros(0), *widths_px])
        line = np.repeat(np.arange(len(axes)), [len(axis) for axis in axes])
        steps_px, middles = np.diff(points, axis=0), (points[1:] + points[:-1]) / 2
        lengths_px = np.hypot(steps_px[:, 0], steps_px[:, 1])
        kept = (lengths_px > 0) & (line[1:] == line[:-1])
        steps_px, middles, lengths_px = steps_px[kept], middles[kept], lengths_px[kept]
        widths_px_at = ((widths_px_at[1:] + widths_px_at[:-1]) / 2)[kept]
        across = steps_px[:, ::-1] * (-1, 1) / lengths_px[:, None] * widths_px_at[:, None] / 2
        edges = frame.to_road(middles + across) - frame.to_road(middles - across)
        steps = frame.to_road(middles + steps_px / 2) - frame.to_road(middles - steps_px / 2)
        widths = np.hypot(edges[:, 0], edges[:, 1])
        everything = cls(middles, steps_px, frame.to_road(middles), steps, widths_px_at, widths)
        ends = np.searchsorted(line[1:][kept], np.arange(len(axes) + 1))
        return [everything[slice(*pair)] for pair in pairwise(ends)]

    @classmethod
    def joined(cls, parts: "Sequence[Segments]") -> "Segments":
        """Put those of several lines into one."""
        columns = (field.name for field in fields(cls))
        empty = (np.zeros((0, 2)),) * 4 + (np.zeros(0),) * 2
        return cls(
            *(
                np.concatenate([nothing, *(getattr(part, name) for part in parts)])
                for name, nothing in zip(columns, empty, strict=True)
            )
        )

    def __len__(self) -> int:
        return len(self.middles)

    def __getitem__(self, chosen: np.ndarray | slice) -> "Segments":
        return Segments(
            self.middles[chosen],
            self.steps_px[chosen],
            self.places[chosen],
            self.steps[chosen],
            self.widths_px[chosen],
            self.widths[chosen],
        )

    @property
    def lengths_px(self) -> Numbers:
        """Length of each in pixels."""
        lengths: Numbers = np.hypot(self.steps_px[:, 0], self.steps_px[:, 1])
        return lengths

    @property
    def known(self) -> Bool[np.ndarray, " n"]:
        """Which of them lie where the scale counts, from end to end and from rim to rim."""
        finite: Bool[np.ndarray, " n"] = np.isfinite(self.widths + self.lengths)
        return finite

    @property
    def lengths(self) -> Numbers:
        """Length of each on the road."""
        lengths: Numbers = np.hypot(self.steps[:, 0], self.steps[:, 1])
        return lengths


def spread(
    places: Points, weights: Numbers
) -> tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"], Float64[np.ndarray, "2 2"]]:
    """Find how places spread: their principal axes.

    Args:
        places: at least one (x, y).
        weights: of each, more than 0 in all.

    Returns:
        their middle; the standard deviation along each principal axis, the smaller first; the axes as
        columns.
    """
    middle = weights @ places / weights.sum()
    around = places - middle
    variances, axes = np.linalg.eigh((around * weights[:, None]).T @ around / weights.sum())
    return middle, np.sqrt(np.maximum(variances, 0)), axes
