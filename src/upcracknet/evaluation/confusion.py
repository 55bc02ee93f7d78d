"""Pixel counts of a predicted crack mask against the annotated one, exact or with a tolerance in pixels.

Crack annotations are a few pixels wide and their edges are uncertain by one or two, so results are often
given with a tolerance: a predicted pixel is right if an annotated one lies within `tolerance` pixels, and an
annotated pixel is found if a predicted one does. Precision is made from the predictions, recall from the
annotation; with tolerance 0 both are the usual counts.
"""

from dataclasses import astuple, dataclass

import cv2
import numpy as np
from jaxtyping import Bool, UInt8


@dataclass(frozen=True)
class ConfusionCounts:
    """Numbers of pixels; counts of several images are pooled by adding them.

    Attributes:
        true_positive: Predicted pixels with an annotated pixel within the tolerance.
        false_positive: The other predicted pixels.
        false_negative: Annotated pixels without a predicted pixel within the tolerance.
        true_negative: All remaining pixels, so that the four sum to the number of pixels.
        found: Annotated pixels with a predicted pixel within the tolerance; `true_positive` at tolerance 0.
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


def disk(radius: int) -> UInt8[np.ndarray, "d d"]:
    """Offsets of Euclidean length up to `radius` pixels, as a dilation kernel with side 2·radius + 1."""
    offsets = np.arange(-radius, radius + 1)
    return (offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2).astype(np.uint8)


def within(mask: Bool[np.ndarray, "h w"], tolerance: int) -> Bool[np.ndarray, "h w"]:
    """The pixels that lie at most `tolerance` pixels (Euclidean, centre to centre) from a pixel of `mask`."""
    if tolerance == 0:
        return mask
    near: np.ndarray = cv2.dilate(mask.astype(np.uint8), disk(tolerance)).astype(bool)
    return near


def count(
    prediction: Bool[np.ndarray, "h w"], truth: Bool[np.ndarray, "h w"], *, tolerance: int = 0
) -> ConfusionCounts:
    """Counts the pixels of one prediction.

    Args:
        prediction: The detected crack pixels, H×W.
        truth: The annotated crack pixels, H×W.
        tolerance: Largest distance in pixels at which two crack pixels count as the same.
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
