"""Every threshold at once: the best one of a test set (ODS), the best of each image (OIS), average precision.

ODS and OIS look at the annotation to choose a threshold, so they say how good the score maps are, not how
good the detector is in use. Both are given from pooled counts (Arbeláez et al., TPAMI 2011, name them so for
contours).

A score map is quantised to 16 bits and counted into histograms, one of its pixels within the tolerance of the
annotation, one of the other pixels, and one of the annotated pixels by the largest score within the
tolerance. Thresholding commutes with taking that maximum, so cumulated histograms are exactly the counts at
all thresholds, and no score map is kept.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt16

from upcracknet.evaluation.metrics import ConfusionCounts, Scores, disk, within

LEVELS = 65_536  # 16 bits
SMALLEST = np.finfo(np.float64).tiny  # instead of a denominator of 0


@dataclass(frozen=True)
class OperatingPoint:
    """Counts reached at a threshold; None where each image had its own."""

    counts: ConfusionCounts
    threshold: float | None

    @property
    def scores(self) -> Scores:
        """The measures at this point."""
        return Scores.of(self.counts)


@dataclass(frozen=True)
class ThresholdCurve:
    """Counts at all 65,536 thresholds, of one image or of several added up.

    Entry k of each array counts at the threshold (k + ½) / 65535, where a pixel is predicted if its score is
    above it.

    Attributes:
        true_positive: predicted pixels within the tolerance of an annotated pixel.
        false_positive: the other predicted pixels.
        found: annotated pixels within the tolerance of a predicted pixel.
        annotated: number of annotated pixels.
        pixels: number of all pixels.
    """

    true_positive: Int[np.ndarray, " levels"]
    false_positive: Int[np.ndarray, " levels"]
    found: Int[np.ndarray, " levels"]
    annotated: int
    pixels: int

    @classmethod
    def empty(cls) -> "ThresholdCurve":
        """Make the curve of no images."""
        nothing = np.zeros(LEVELS, np.int64)
        return cls(nothing, nothing, nothing, annotated=0, pixels=0)

    @classmethod
    def of(
        cls, score: Float[np.ndarray, "h w"], truth: Bool[np.ndarray, "h w"], *, tolerance: int = 0
    ) -> "ThresholdCurve":
        """Count one image at all thresholds.

        Args:
            score: score map, H×W in [0, 1].
            truth: the annotated crack pixels, H×W.
            tolerance: in pixels, as in ``upcracknet.evaluation.metrics.count``.
        """
        level = np.rint(score * (LEVELS - 1)).astype(np.uint16)
        near = within(truth, tolerance)
        best_nearby = cv2.dilate(level, disk(tolerance)) if tolerance else level
        return cls(
            true_positive=above(level[near]),
            false_positive=above(level[~near]),
            found=above(best_nearby[truth]),
            annotated=int(truth.sum()),
            pixels=truth.size,
        )

    def __add__(self, other: "ThresholdCurve") -> "ThresholdCurve":
        return ThresholdCurve(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.found + other.found,
            self.annotated + other.annotated,
            self.pixels + other.pixels,
        )

    def counts(self, level: int) -> ConfusionCounts:
        """Give the counts at entry ``level``."""
        right, wrong, found = (
            int(curve[level]) for curve in (self.true_positive, self.false_positive, self.found)
        )
        missed = self.annotated - found
        return ConfusionCounts(right, wrong, missed, self.pixels - right - wrong - missed, found)

    @property
    def precision(self) -> Float[np.ndarray, " levels"]:
        """Precision at all thresholds; 1 where nothing is predicted, where recall is 0."""
        predicted = self.true_positive + self.false_positive
        return np.where(predicted > 0, self.true_positive / np.maximum(predicted, 1), 1.0)

    @property
    def recall(self) -> Float[np.ndarray, " levels"]:
        """Recall at all thresholds; 0 where nothing is annotated."""
        return self.found / max(self.annotated, 1)

    @property
    def best(self) -> OperatingPoint:
        """The threshold with the highest F1 of these counts; of equally good ones the highest.

        So where nothing is annotated, or nothing can be found, nothing is predicted.
        """
        precision, recall = self.precision, self.recall
        half_f1 = precision * recall / np.maximum(precision + recall, SMALLEST)
        level = LEVELS - 1 - int(np.argmax(half_f1[::-1]))
        return OperatingPoint(self.counts(level), (level + 0.5) / (LEVELS - 1))

    @property
    def average_precision(self) -> float:
        """Area under the precision–recall curve: the sum of recall steps times precision; for tolerance 0."""
        gained = -np.diff(self.recall, append=0.0)
        lowest_recall_step = self.annotated - int(self.found[0])
        everything_predicted = self.annotated / max(self.pixels, 1)
        area = float((gained * self.precision).sum())
        return area + everything_predicted * lowest_recall_step / max(self.annotated, 1)


def above(levels: UInt16[np.ndarray, " n"]) -> Int[np.ndarray, " levels"]:
    """Count for every level the values greater than it."""
    histogram = np.bincount(levels, minlength=LEVELS)
    return levels.size - np.cumsum(histogram)


class ThresholdSweep:
    """The curves of a test set, for its ODS, OIS and average precision."""

    def __init__(self) -> None:
        self.curve = ThresholdCurve.empty()
        self._best_of_each_image = ConfusionCounts()

    def add(self, curve: ThresholdCurve) -> None:
        """Add the curve of one image."""
        self.curve += curve
        self._best_of_each_image += curve.best.counts

    @property
    def ods(self) -> OperatingPoint:
        """Optimal data-set scale: the one threshold with the highest pooled F1."""
        return self.curve.best

    @property
    def ois(self) -> OperatingPoint:
        """Optimal image scale: each image at its own best threshold, the counts then pooled.

        Can be below the ODS: the best threshold of an image without clear cracks may predict a lot of it,
        which costs little in that image's F1 but much in the pooled one.
        """
        return OperatingPoint(self._best_of_each_image, None)
