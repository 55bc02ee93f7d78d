"""Mining undamaged road from photos whose cracks are marked (paper, Sections IV-A and V)."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Int32


@dataclass(frozen=True, order=True)
class Window:
    """A rectangle of a photo, in pixels; top and left are of its first row and column."""

    top: int
    left: int
    height: int
    width: int


def undamaged_corners(
    mask: Bool[np.ndarray, "h w"] | None,
    *,
    size: int,
    stride: int = 16,
    margin: int = 4,
    shape: tuple[int, int] | None = None,
) -> Int32[np.ndarray, "n 2"]:
    """Find all square windows without cracks on a grid of positions.

    Args:
        mask: true where there is a crack; None where the whole photo is known to be undamaged.
        size: side of the windows in pixels; a size that does not fit gives no window.
        stride: step of the grid in pixels; the last row and column of positions touch the far edges.
        margin: pixels around a window that must be free of cracks as well, since annotations miss faint
            edges.
        shape: height and width of the photo, needed where ``mask`` is None.

    Returns:
        (top, left) of each window, from top to bottom and left to right.

    Raises:
        ValueError: neither ``mask`` nor ``shape`` is given, or the size or stride is below 1, or the margin
            below 0.
    """
    if mask is not None:
        shape = (mask.shape[0], mask.shape[1])
    if shape is None:
        raise ValueError("give a mask, or the shape of the photo")
    if size < 1 or stride < 1 or margin < 0:
        raise ValueError(f"size {size}, stride {stride}, margin {margin}: expected at least 1, 1 and 0")
    height, width = shape
    if size > height or size > width:
        return np.empty((0, 2), np.int32)
    tops, lefts = _positions(height - size, stride), _positions(width - size, stride)
    if mask is None:
        free = np.ones((len(tops), len(lefts)), np.bool_)
    else:
        # Cracks in a window grown by the margin are dilated cracks in the window itself.
        counts = cv2.integral(mask.astype(np.uint8))
        upper, lower = np.maximum(tops - margin, 0), np.minimum(tops + size + margin, height)
        near, far = np.maximum(lefts - margin, 0), np.minimum(lefts + size + margin, width)
        inside = (
            counts[lower][:, far] - counts[lower][:, near] - counts[upper][:, far] + counts[upper][:, near]
        )
        free = inside == 0
    rows, columns = np.nonzero(free)
    return np.stack([tops[rows], lefts[columns]], axis=1).astype(np.int32)


def _positions(last: int, stride: int) -> Int32[np.ndarray, " n"]:
    return np.unique(np.append(np.arange(0, last + 1, stride), last)).astype(np.int32)
