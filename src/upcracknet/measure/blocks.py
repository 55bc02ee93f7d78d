"""A mask is mostly road: rectangles around what is marked, so that little else is worked on."""

from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import Bool

Box = tuple[slice, slice]
"""Rows and columns, each with a beginning and an end."""

NOTHING: Box = (slice(0, 0), slice(0, 0))


def blocks(shape: tuple[int, ...], side: int) -> Iterator[Box]:
    """Cut a picture into rectangles of about one size, and no longer than 1.5 times a side."""
    rows, columns = (
        [slice(length * index // count, length * (index + 1) // count) for index in range(count)]
        for length, count in ((length, max(round(length / side), 1)) for length in shape)
    )
    for own in rows:
        for own_columns in columns:
            yield own, own_columns


def trimmed(mask: Bool[np.ndarray, "_ _"], box: Box) -> Box | None:
    """Cut a rectangle of a mask to the marked pixels in it; None if there are none."""
    left, top, width, height = cv2.boundingRect(mask[box].view(np.uint8))
    top, left = top + box[0].start, left + box[1].start
    return (slice(top, top + height), slice(left, left + width)) if width else None


def grown(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """Add a margin to a rectangle, as far as the picture goes."""
    rows, columns = (
        slice(max(side.start - margin, 0), min(side.stop + margin, length))
        for side, length in zip(box, shape, strict=True)
    )
    return rows, columns


def shifted(box: Box, down: int, right: int) -> Box:
    """Give the place of a rectangle in a picture that begins so many rows and columns earlier."""
    rows, columns = box
    return slice(rows.start + down, rows.stop + down), slice(columns.start + right, columns.stop + right)


def common(first: Box, second: Box) -> Box | None:
    """Give what two rectangles have in common; None if that is nothing."""
    rows, columns = (
        slice(max(one.start, other.start), min(one.stop, other.stop))
        for one, other in zip(first, second, strict=True)
    )
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def padded(
    mask: Bool[np.ndarray, "_ _"], margin: int, border: int = cv2.BORDER_CONSTANT
) -> Bool[np.ndarray, "_ _"]:
    """Add a margin to a mask: not marked, or as OpenCV's other kinds of borders are."""
    return cv2.copyMakeBorder(mask.view(np.uint8), *4 * (margin,), border, value=0).view(bool)
