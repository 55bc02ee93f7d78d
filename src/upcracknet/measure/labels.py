"""Where the labels of cracks go: beside them, within the picture, and not on each other."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Float64, UInt8

_ALONG = 0.5, 0.4, 0.6, 0.25, 0.75, 0.1, 0.9, 0.0, 1.0  # places to try, as shares of a crack
_AWAY = 10.0  # pixels between crack and label
_APART = 4.0  # pixels between labels
_MOST_HIDDEN = 0.05  # of a label's box: what it may cover of cracks
_SIDES = np.array([(1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1)], float)

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels; right and bottom lie just outside."""


def place_labels(
    lines: Sequence[Float64[np.ndarray, "_ 2"]],
    reaches: Sequence[float],
    sizes: Sequence[tuple[int, int]],
    drawn: UInt8[np.ndarray, "h w"],
) -> list[Box | None]:
    """Place a label beside each crack, where it covers the least of all cracks.

    Args:
        lines: points (x, y) of each crack in pixels of the picture; the first are placed first.
        reaches: half the width of each crack there.
        sizes: width and height of each label.
        drawn: the picture's cracks, 1 where one is and 0 elsewhere.

    Returns:
        the box of each; None where there is no room left for it.
    """
    height, width = drawn.shape
    covered = np.asarray(cv2.integral(drawn), np.int64)
    placed = np.zeros((0, 4))
    boxes: list[Box | None] = []
    for line, reach, size in zip(lines, reaches, sizes, strict=True):
        points = line[[round(share * (len(line) - 1)) for share in _ALONG]]
        half = np.array(size) / 2
        middles = (points[:, None] + _SIDES * (half + reach + _AWAY)).reshape(-1, 2)
        first = np.rint(middles - half).astype(np.int64)
        corners = np.hstack([first, first + size])
        inside = (corners[:, :2] >= 0).all(axis=1) & (corners[:, 2:] <= (width, height)).all(axis=1)
        free = (
            (corners[:, None, :2] >= placed[:, 2:] + _APART)
            | (corners[:, None, 2:] <= placed[:, :2] - _APART)
        ).any(axis=2)
        corners = corners[inside & free.all(axis=1)]
        if not len(corners):
            boxes.append(None)
            continue
        left, top, right, bottom = corners.T
        cost = covered[bottom, right] - covered[top, right] - covered[bottom, left] + covered[top, left]
        if placed.size and cost.min() > _MOST_HIDDEN * size[0] * size[1]:
            boxes.append(None)
            continue
        best = corners[int(cost.argmin())]
        placed = np.vstack([placed, best])
        boxes.append((int(best[0]), int(best[1]), int(best[2]), int(best[3])))
    return boxes
