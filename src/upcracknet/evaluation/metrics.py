"""Pixel counts of a crack mask against the annotation, and the five measures of the paper (Section IV-B).

Crack annotations are a few pixels wide and their edges are uncertain by one or two, so results are often
given with a tolerance: a predicted pixel is right if an annotated one lies within ``tolerance`` pixels, and
an annotated pixel is found if a predicted one does. Precision is made from the predictions, recall from the
annotation; with tolerance 0 both are the usual counts.

The paper pools the counts of a test set: its tables have one crack prevalence a test set and
IoU = F1 / (2 − F1) in every row, both true only of one confusion matrix for the whole test set. Unless a name
says otherwise, so does everything here. Means over images are other figures.

A ratio with denominator 0 is 1 if nothing is annotated and nothing is predicted, since that is the right
answer, and 0 otherwise. This decides about single images without cracks; pooled counts of a test set never
come to it.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from statistics import fmean

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

MEASURES = ("precision", "recall", "accuracy", "f1", "iou")
"""The fields of ``Scores``, in the paper's order."""


@dataclass(frozen=True)
class ConfusionCounts:
    """Numbers of pixels; counts of several images are pooled by adding them.

    Attributes:
        true_positive: predicted pixels with an annotated pixel within the tolerance.
        false_positive: the other predicted pixels.
        false_negative: annotated pixels without a predicted pixel within the tolerance.
        true_negative: all remaining pixels, so that the four sum to the number of pixels.
        found: annotated pixels with a predicted pixel within the tolerance; ``true_positive`` at tolerance 0.
    """

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    true_negative: int = 0
    found: int = 0

    def __add__(self, other: "ConfusionCounts") -> "ConfusionCounts":
        return ConfusionCounts(
            *(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))
        )

    @property
    def predicted(self) -> int:
        """Number of predicted crack pixels."""
        return self.true_positive + self.false_positive

    @property
    def annotated(self) -> int:
        """Number of annotated crack pixels."""
        return self.found + self.false_negative

    @property
    def pixels(self) -> int:
        """Number of all pixels."""
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative


@dataclass(frozen=True)
class Scores:
    """The measures of the crack class, each in [0, 1].

    With a tolerance, precision counts predicted pixels and recall annotated ones, F1 is their harmonic mean,
    and IoU follows from F1 by the identity that holds exactly at tolerance 0: IoU = F1 / (2 − F1).
    """

    precision: float
    recall: float
    accuracy: float
    f1: float
    iou: float

    @classmethod
    def of(cls, counts: ConfusionCounts) -> "Scores":
        """Measure counts, of one image or pooled."""
        nothing_to_find = counts.predicted == 0 and counts.annotated == 0
        precision = _ratio(counts.true_positive, counts.predicted, nothing_to_find)
        recall = _ratio(counts.found, counts.annotated, nothing_to_find)
        f1 = _ratio(2 * precision * recall, precision + recall, nothing_to_find)
        return cls(
            precision=precision,
            recall=recall,
            accuracy=_ratio(counts.true_positive + counts.true_negative, counts.pixels, nothing_to_find),
            f1=f1,
            iou=f1 / (2 - f1),
        )


def disk(radius: int) -> UInt8[np.ndarray, "d d"]:
    """Make a dilation kernel of the offsets up to a Euclidean length, with side 2 · radius + 1.

    Args:
        radius: greatest length in pixels.
    """
    offsets = np.arange(-radius, radius + 1)
    return (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.uint8)


def within(mask: Bool[np.ndarray, "h w"], tolerance: int) -> Bool[np.ndarray, "h w"]:
    """Find the pixels at most ``tolerance`` pixels (Euclidean, centre to centre) from a pixel of a mask."""
    if tolerance == 0:
        return mask
    near: np.ndarray = cv2.dilate(mask.astype(np.uint8), disk(tolerance)).astype(bool)
    return near


def count(
    prediction: Bool[np.ndarray, "h w"], truth: Bool[np.ndarray, "h w"], *, tolerance: int = 0
) -> ConfusionCounts:
    """Count the pixels of one prediction.

    Args:
        prediction: the detected crack pixels, H×W.
        truth: the annotated crack pixels, H×W.
        tolerance: largest distance in pixels at which two crack pixels count as the same.
    """
    right = int((prediction & within(truth, tolerance)).sum())
    found = int((truth & within(prediction, tolerance)).sum())
    wrong = int(prediction.sum()) - right
    missed = int(truth.sum()) - found
    return ConfusionCounts(
        true_positive=right,
        false_positive=wrong,
        false_negative=missed,
        true_negative=prediction.size - right - wrong - missed,
        found=found,
    )


def mean_iou(counts: ConfusionCounts) -> float:
    """Average the IoU of cracks and the IoU of the background, as crack papers' "mIoU" often is.

    The background is nearly everything and nearly always right, so this is far above the IoU of cracks: never
    compare the two. For counts without tolerance.
    """
    wrong = counts.false_positive + counts.false_negative
    background = _ratio(counts.true_negative, counts.true_negative + wrong, nothing_to_find=True)
    return (Scores.of(counts).iou + background) / 2


def mean_over_images(scores: Iterable[Scores]) -> Scores:
    """Average each measure over images, in which every image weighs the same; not the paper's figure.

    Raises:
        ValueError: there are no images.
    """
    columns = list(zip(*map(astuple, scores), strict=True))
    if not columns:
        raise ValueError("the mean over images needs at least one image, got none")
    return Scores(*map(fmean, columns))


def _ratio(numerator: int | float, denominator: int | float, nothing_to_find: bool) -> float:
    """Divide, with the module's rule for a denominator of 0."""
    if denominator == 0:
        return float(nothing_to_find)
    return numerator / denominator
