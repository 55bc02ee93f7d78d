"""A grid of millimetres drawn back on the photo: whoever sees it fit the road can trust the scale."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import UInt8

from upcracknet.measure.scale import Scale

STEPS_MM = (10, 100, 500, 1_000, 5_000, 10_000, 100_000)
"""Distances between the grid's lines, the smallest that leaves room between them."""

ROOM_PX, LONGEST_PX = 40, 1600
"""Least distance of the grid's lines in the picture, and its longest side."""

LINES_COLOUR, MARKS_COLOUR = (255, 220, 0), (0, 200, 255)


def draw_grid(
    photo: UInt8[np.ndarray, "h w 3"], scale: Scale, marks: Sequence[tuple[float, float]] = ()
) -> tuple[UInt8[np.ndarray, "shown_h shown_w 3"], int]:
    """Draw the lines of the road's grid on a photo, and the places that were marked.

    Where the scale does not count, the photo is darkened.

    Args:
        photo: RGB, upright.
        scale: of the photo.
        marks: x and y in pixels of the photo, drawn as a closed outline.

    Returns:
        the picture, shrunk to at most 1600 pixels; and the millimetres between two lines.
    """
    height, width = photo.shape[:2]
    factor = min(1.0, LONGEST_PX / max(height, width))
    shown_size = max(1, round(width * factor)), max(1, round(height * factor))
    picture = cv2.resize(photo, shown_size, interpolation=cv2.INTER_AREA)
    shrinking = np.array([shown_size[0] / width, shown_size[1] / height])
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    # Pixel centres lie at whole numbers in both.
    places = (np.column_stack([x.ravel(), y.ravel()]) + 0.5) / shrinking - 0.5
    scale = scale.for_photo(height, width)
    road = scale.to_road(places).reshape(*picture.shape[:2], 2)
    known = np.isfinite(road).all(axis=2)
    typical = np.nanmedian(scale.millimetres_per_pixel_at(places)) / factor if known.any() else 0.0
    step = next((step for step in STEPS_MM if step >= ROOM_PX * typical), STEPS_MM[-1])
    squares = np.floor(road / step)
    lines = np.zeros(known.shape, bool)
    # Not equal, but not where either is unknown.
    lines[:, 1:] |= (np.abs(np.diff(squares, axis=1)) > 0).any(axis=2)
    lines[1:] |= (np.abs(np.diff(squares, axis=0)) > 0).any(axis=2)
    picture[~known] //= 3
    picture[lines] = LINES_COLOUR
    if len(marks):
        outline = (np.asarray(marks) + 0.5) * shrinking - 0.5
        cv2.polylines(
            picture, [np.rint(outline).astype(np.int32)], isClosed=True, color=MARKS_COLOUR, thickness=2
        )
    text = f"one square: {step} mm"
    (text_width, text_height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 1)
    picture[: text_height + 20, : text_width + 16] = 0
    cv2.putText(picture, text, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, LINES_COLOUR, 1, cv2.LINE_AA)
    return picture, step
