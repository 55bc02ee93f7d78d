"""The lines of cracks, cut into short straight segments with their lengths and widths on the road."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.frame import Frame, Points

Numbers = Float64[np.ndarray, " _"]


@dataclass(frozen=True)
class Segments:
    """Straight segments between neighbouring points of lines; those of several lines are simply more of them.

    "On the road" is in millimetres, or in pixels where there is no scale.

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
    def of(cls, axis: Points, widths_px: Numbers, frame: Frame) -> "Segments":
        """Cut a line at its points.

        Args:
            axis: its points (x, y) in pixels.
            widths_px: width of the crack at each point, in pixels.
            frame: the photo.
        """
        axis = np.asarray(axis, np.float64)
        steps_px, middles = np.diff(axis, axis=0), (axis[1:] + axis[:-1]) / 2
        lengths_px = np.hypot(steps_px[:, 0], steps_px[:, 1])
        moved = lengths_px > 0
        steps_px, middles, lengths_px = steps_px[moved], middles[moved], lengths_px[moved]
        widths_px = ((widths_px[1:] + widths_px[:-1]) / 2)[moved]
        across = steps_px[:, ::-1] * (-1, 1) / lengths_px[:, None] * widths_px[:, None] / 2
        edges = frame.to_road(middles + across) - frame.to_road(middles - across)
        ends = frame.to_road(middles + steps_px / 2) - frame.to_road(middles - steps_px / 2)
        widths = np.hypot(edges[:, 0], edges[:, 1])
        return cls(middles, steps_px, frame.to_road(middles), ends, widths_px, widths)

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

    def __getitem__(self, chosen: np.ndarray) -> "Segments":
        return Segments(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def lengths_px(self) -> Numbers:
        """Length of each in pixels."""
        lengths: Numbers = np.hypot(self.steps_px[:, 0], self.steps_px[:, 1])
        return lengths

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
    middle = np.average(places, axis=0, weights=weights)
    around = places - middle
    variances, axes = np.linalg.eigh((around * weights[:, None]).T @ around / weights.sum())
    return middle, np.sqrt(np.maximum(variances, 0)), axes
