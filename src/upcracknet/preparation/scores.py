"""What the detector says of all photos, cell by cell: small enough to follow a crack, few enough to hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int64, Shaped, UInt8

from upcracknet.data.dataset import Sample
from upcracknet.detection import CrackDetector, CrackMap, Threshold
from upcracknet.errors import PhotoError

CELL = 16
"""Side of a cell in pixels. What is left of a photo at its lower and right edge belongs to no cell."""

SPECK_BLUR = 3.0
"""Blur of the score in pixels: a pebble's dark spot fades, a crack, being long, does not."""

FLAT_DEVIATION = 1.0
"""Grey levels; a cell that varies less is over- or underexposed, or was never photographed."""

MARGIN = 4
"""Pixels around a marked crack, or a painted one, that do not count as undamaged: edges are often missed."""

SPECK_EXTENT = 16
"""Pixels; of what Otsu's method marks where no floor stops it, only what reaches as far counts as a crack."""

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""


@dataclass(frozen=True, eq=False)
class ScoredPhoto:
    """What is kept of a photo: a few numbers a cell, so that many photos fit in memory.

    Attributes:
        sample: the photo's file; its mask, where it has one, is not opened.
        scores: the detector's strongest score in each cell, over the photo's median.
        cracked: cells in which, or within 4 pixels of which, the detector marks a crack at its own threshold.
            Otsu's method without a floor marks specks on sound road too; those under 16 pixels do not count.
        flat: cells without texture.
    """

    sample: Sample
    scores: Float32[np.ndarray, "rows columns"]
    cracked: Bool[np.ndarray, "rows columns"]
    flat: Bool[np.ndarray, "rows columns"]


def score_photos(
    samples: Sequence[Sample],
    detector: CrackDetector,
    *,
    on_failure: Callable[[Sample, PhotoError], None] = lambda sample, error: None,
    progress: Progress = lambda stage, done, total: None,
) -> list[ScoredPhoto]:
    """Score all photos, holding only those in work.

    Args:
        samples: the photos; masks are not opened.
        detector: from photos to scores and cracks.
        on_failure: called for each photo that cannot be used; the others go on.
        progress: called after each photo.

    Returns:
        what was found in each photo that can be read, in order.
    """
    scored: list[ScoredPhoto] = []
    items = ((sample, sample.photo) for sample in samples)
    for done, (sample, found) in enumerate(detector.detect_each(items), start=1):
        if isinstance(found, PhotoError):
            on_failure(sample, found)
        else:
            scores = score_cells(found.score.astype(np.float32, copy=False))
            cracked = cells_near(_believed(found, detector.threshold))
            scored.append(ScoredPhoto(sample, scores, cracked, flat_cells(found.photo)))
        progress("scoring", done, len(samples))
    return scored


def _believed(found: CrackMap, threshold: Threshold) -> Bool[np.ndarray, "h w"]:
    """Leave out the specks of a threshold that always splits a photo in two and so marks some on any road."""
    if threshold.level is not None or threshold.floor > 0 or threshold.minimum_extent >= SPECK_EXTENT:
        return found.mask
    return replace(threshold, minimum_extent=SPECK_EXTENT).mask(found.score, found.threshold)


def score_cells(score: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "rows columns"]:
    """Give the strongest score in each cell, as a multiple of the photo's median score.

    A rough road scores higher than a smooth one all over; against its own median both are comparable.
    """
    smooth = np.asarray(cv2.GaussianBlur(score, (0, 0), SPECK_BLUR))
    strongest: np.ndarray = _blocks(smooth).max((1, 3)) / (np.float32(np.median(smooth)) + np.float32(1e-6))
    return strongest


def flat_cells(photo: UInt8[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "rows columns"]:
    """Find cells without any texture, which no road has."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    flat: np.ndarray = _blocks(grey).std((1, 3)) < FLAT_DEVIATION
    return flat


def cells_near(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "rows columns"]:
    """Find cells that hold True pixels, or have some within 4 pixels."""
    reach = 2 * MARGIN + 1
    return cell_sums(cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0) > 0


def cell_sums(mask: Bool[np.ndarray, "h w"]) -> Int64[np.ndarray, "rows columns"]:
    """Count the True pixels of each cell."""
    sums: np.ndarray = _blocks(mask).sum((1, 3), dtype=np.int64)
    return sums


def _blocks(values: Shaped[np.ndarray, "h w"]) -> Shaped[np.ndarray, "rows cell columns cell"]:
    rows, columns = (side // CELL for side in values.shape)
    return values[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
