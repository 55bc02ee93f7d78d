"""The five measures of the paper (Section IV-B), from pooled counts or averaged over images: not the same.

The paper pools: its tables have one crack prevalence a test set and IoU = F1 / (2 − F1) in every row, both
true only of one confusion matrix for the whole test set. Unless a name says otherwise, so does everything
here.

A ratio with denominator 0 is 1 if nothing is annotated and nothing is predicted, since that is the right
answer, and 0 otherwise. This decides about single images without cracks; pooled counts of a test set never
come to it.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from statistics import fmean

from upcracknet.evaluation.confusion import ConfusionCounts


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
        """The measures of (pooled) counts."""
        nothing_to_find = counts.predicted == 0 and counts.annotated == 0
        precision = ratio(counts.true_positive, counts.predicted, nothing_to_find)
        recall = ratio(counts.found, counts.annotated, nothing_to_find)
        f1 = ratio(2 * precision * recall, precision + recall, nothing_to_find)
        return cls(
            precision=precision,
            recall=recall,
            accuracy=ratio(counts.true_positive + counts.true_negative, counts.pixels, nothing_to_find),
            f1=f1,
            iou=f1 / (2 - f1),
        )


def ratio(numerator: int | float, denominator: int | float, nothing_to_find: bool) -> float:
    """`numerator / denominator`, with the module's rule for a denominator of 0."""
    if denominator == 0:
        return float(nothing_to_find)
    return numerator / denominator


def mean_iou(counts: ConfusionCounts) -> float:
    """Mean of the IoU of cracks and the IoU of the background, as crack papers' "mIoU" often is.

    The background is nearly everything and nearly always right, so this is far above the IoU of cracks: never
    compare the two. For counts without tolerance.
    """
    wrong = counts.false_positive + counts.false_negative
    background = ratio(counts.true_negative, counts.true_negative + wrong, nothing_to_find=True)
    return (Scores.of(counts).iou + background) / 2


def mean_over_images(scores: Iterable[Scores]) -> Scores:
    """The mean of each measure over images, in which every image weighs the same; not the paper's figure.

    Raises:
        ValueError: If there are no images.
    """
    columns = list(zip(*map(astuple, scores), strict=True))
    if not columns:
        raise ValueError("the mean over images needs at least one image, got none")
    return Scores(*map(fmean, columns))
