"""Cells of 16×16 pixels: small enough to follow a crack, few enough to weigh every window of a photo."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int64, Shaped, UInt8

CELL = 16
"""Side of a cell in pixels. What is left of a photo at its lower and right edge belongs to no cell."""

SPECK_BLUR = 3.0
"""Blur of the score in pixels: a pebble's dark spot fades, a crack, being long, does not."""

FLAT_DEVIATION = 1.0
"""Grey levels; a cell that varies less is over- or underexposed, or was never photographed."""


def detector_cells(score: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "rows columns"]:
    """The detector's strongest score in each cell, as a multiple of the photo's median score.

    A rough road scores higher than a smooth one all over; against its own median both are comparable.
    """
    smooth = np.asarray(cv2.GaussianBlur(score, (0, 0), SPECK_BLUR))
    strongest: np.ndarray = _blocks(smooth).max((1, 3)) / (np.float32(np.median(smooth)) + np.float32(1e-6))
    return strongest


def flat_cells(photo: UInt8[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "rows columns"]:
    """Cells without any texture, which no road has."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    flat: np.ndarray = _blocks(grey).std((1, 3)) < FLAT_DEVIATION
    return flat


def cell_sums(mask: Bool[np.ndarray, "h w"]) -> Int64[np.ndarray, "rows columns"]:
    """How many pixels of each cell are True."""
    sums: np.ndarray = _blocks(mask).sum((1, 3), dtype=np.int64)
    return sums


def _blocks(values: Shaped[np.ndarray, "h w"]) -> Shaped[np.ndarray, "rows cell columns cell"]:
    rows, columns = (side // CELL for side in values.shape)
    return values[: rows * CELL, : columns * CELL].reshape(rows, CELL, columns, CELL)
