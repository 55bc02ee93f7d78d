"""How many of the annotated pixels are found, by the width of the crack that they belong to.

The width of a crack at a point of its medial axis is the diameter of the largest disc that lies within the
annotation and covers this point. Every annotated pixel has the width at the point of the medial axis that is
nearest to it.

The axis is that of the annotation at twice its size (each pixel four), by thinning. There the distance to the
nearest pixel that is no crack, from centre to centre, is half the width of a bar in its own pixels times 2:
exactly the width, be it odd or even. At its own size the axis cannot tell a bar of 1 pixel from one of 2.
"The largest disc that covers this point" and not "the disc around this point", because thinning leaves spurs
that run from the axis to bumps of a wide crack's edge, where the disc around the point is small.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32
from scipy.spatial import KDTree
from skimage.morphology import skeletonize

from upcracknet.detection import CrackMap
from upcracknet.evaluation.metrics import within
from upcracknet.evaluation.protocol import EvaluationItem

WIDTH_LIMITS = (3.0, 6.0, 12.0)
"""Where one range of widths ends and the next begins, in pixels; a width on a limit is in the lower range."""

TOLERANCE = 2  # pixels


@dataclass(frozen=True)
class WidthRecall:
    """The annotated pixels of one range of widths; those of several photos are pooled by adding.

    Attributes:
        above: lower end of the range in pixels, not in it.
        up_to: upper end in pixels, in it; None for no end.
        annotated: number of annotated pixels.
        found: how many of them the mask has.
        found_nearby: how many have a pixel of the mask within 2 pixels.
    """

    above: float
    up_to: float | None
    annotated: int = 0
    found: int = 0
    found_nearby: int = 0

    def __add__(self, other: "WidthRecall") -> "WidthRecall":
        return replace(
            self,
            annotated=self.annotated + other.annotated,
            found=self.found + other.found,
            found_nearby=self.found_nearby + other.found_nearby,
        )

    @property
    def recall(self) -> float | None:
        """Share of the annotated pixels that is found, 0 to 1; None where none is annotated."""
        return self.found / self.annotated if self.annotated else None

    @property
    def recall_nearby(self) -> float | None:
        """The same with a tolerance of 2 pixels."""
        return self.found_nearby / self.annotated if self.annotated else None


def crack_widths(truth: Bool[np.ndarray, "h w"]) -> Float32[np.ndarray, " n"]:
    """Measure the width of the crack at each annotated pixel.

    Args:
        truth: the annotated crack pixels, H×W. A crack at the photo's edge is taken to go on beyond it.

    Returns:
        widths in pixels, of the annotated pixels row by row, as ``truth.nonzero()`` has them.
    """
    rows, columns = truth.nonzero()
    if truth.all():  # no road to measure a distance to
        return np.full(rows.size, math.inf, np.float32)
    doubled = truth.repeat(2, axis=0).repeat(2, axis=1)
    distance = cv2.distanceTransform(doubled.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    axis_rows, axis_columns = skeletonize(doubled).nonzero()  # type: ignore[no-untyped-call]
    if not axis_rows.size:
        return np.zeros(0, np.float32)
    radii = np.asarray(distance[axis_rows, axis_columns], np.float32)
    widest = np.zeros(doubled.shape, np.float32)
    for index in np.argsort(radii, kind="stable"):  # larger discs over smaller ones
        center = int(axis_columns[index]), int(axis_rows[index])
        radius = float(radii[index])
        cv2.circle(widest, center, math.ceil(radius) - 1, radius, cv2.FILLED)
    on_axis = widest[axis_rows, axis_columns]
    # A pixel's centre lies between the four that it became.
    _, nearest = KDTree(np.stack([axis_rows, axis_columns], 1)).query(np.stack([rows, columns], 1) * 2 + 0.5)
    return np.asarray(on_axis[nearest], np.float32)


def recall_by_width(
    prediction: Bool[np.ndarray, "h w"],
    truth: Bool[np.ndarray, "h w"],
    widths: Float32[np.ndarray, " n"] | None = None,
) -> tuple[WidthRecall, ...]:
    """Count the annotated pixels that a mask finds, without tolerance and within 2 pixels.

    Args:
        prediction: the detected crack pixels, H×W.
        truth: the annotated crack pixels, H×W.
        widths: what ``crack_widths`` gives for ``truth``; None computes it.

    Returns:
        one result a range of widths, from thin to wide.
    """
    widths = crack_widths(truth) if widths is None else widths
    found, nearby = prediction[truth], within(prediction, TOLERANCE)[truth]
    results = []
    for empty in no_recall():
        chosen = (widths > empty.above) & (widths <= (math.inf if empty.up_to is None else empty.up_to))
        counts = (int(pixels.sum()) for pixels in (chosen, found & chosen, nearby & chosen))
        results.append(WidthRecall(empty.above, empty.up_to, *counts))
    return tuple(results)


def no_recall() -> tuple[WidthRecall, ...]:
    """Give the ranges of widths, without any pixels yet."""
    limits: Sequence[float | None] = (*WIDTH_LIMITS, None)
    return tuple(WidthRecall(above, up_to) for above, up_to in zip((0.0, *WIDTH_LIMITS), limits, strict=True))


class WidthTally:
    """Recall by width, pooled over all items of an evaluation; ``observe`` of ``evaluate`` takes ``add``.

    Args:
        known: widths by the item's name, read and filled: what several detectors are compared with is
            measured once. Only for one data set under one protocol.
    """

    def __init__(self, known: dict[str, Float32[np.ndarray, " n"]] | None = None) -> None:
        self.ranges = no_recall()
        self._known = {} if known is None else known

    def add(self, item: EvaluationItem, crack_map: CrackMap) -> None:
        """Add one result."""
        if item.name not in self._known:
            self._known[item.name] = crack_widths(item.truth)
        measured = recall_by_width(crack_map.mask, item.truth, self._known[item.name])
        self.ranges = tuple(total + one for total, one in zip(self.ranges, measured, strict=True))
