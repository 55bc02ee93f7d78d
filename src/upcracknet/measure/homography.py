"""The homography of a rectangle on the road: where each pixel of an oblique photo lies."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float64

from upcracknet.errors import ConfigurationError
from upcracknet.measure.places import LARGEST_ERROR, MARK_ERROR_PX

CONTINUATION = 2.0
"""Beyond the rectangle its homography is continued to where a pixel covers this many times as much road, in
length, as at the rectangle's farthest corner. What errors of the corners do grows quickly there."""

SAMPLES = 16
"""The uncertainty is that at so many columns and rows of places over the photo."""


@dataclass(frozen=True)
class RectangleView:
    """What a rectangle of known size tells of a photo.

    Attributes:
        matrix: homography, 3×3, from pixels to the road's millimetres; its third coordinate is 1 in the
            middle of the corners.
        coarsest: millimetres per pixel, as the root of the pixel's area, up to which it counts.
        uncertainty: relative error of short lengths wherever it counts in the photo, one standard deviation,
            that follows from marking each corner within a pixel.
    """

    matrix: Float64[np.ndarray, "3 3"]
    coarsest: float
    uncertainty: float


def view_of_rectangle(
    corners: Float64[np.ndarray, "4 2"], width_mm: float, height_mm: float, size: tuple[int, int], photo: str
) -> RectangleView:
    """Find the homography of a rectangle, and how certain it is.

    Args:
        corners: in order around the rectangle, x and y in pixels.
        width_mm: from the first corner to the second.
        height_mm: from the second corner to the third.
        size: height and width of the photo in pixels.
        photo: its name, for errors.

    Raises:
        ConfigurationError: three corners lie on a line, the outline crosses itself or is dented, or lengths
            would be wrong by more than a fifth.
    """
    following, last = np.roll(corners, -1, axis=0), np.roll(corners, 1, axis=0)
    ahead, behind = following - corners, corners - last
    turns = behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0]
    # A corner's distance from the line through its neighbours is the turn over their distance.
    between = np.hypot(*(following - last).T)
    if (np.abs(turns) <= MARK_ERROR_PX * np.maximum(between, MARK_ERROR_PX)).any():
        raise ConfigurationError(f"{photo}: three of the corners lie on a line; mark corners of a rectangle")
    if not (turns > 0).all() and not (turns < 0).all():
        raise ConfigurationError(
            f"{photo}: the outline of the corners crosses itself or is dented; give them in order around the "
            "rectangle"
        )
    # Marked the other way around, the road would be seen in a mirror.
    down = height_mm if turns[0] > 0 else -height_mm
    road = np.array([(0, 0), (width_mm, 0), (width_mm, down), (0, down)])
    matrix = _through(corners, road)
    coarsest = CONTINUATION * float(pixel_sides(matrix, corners).max())
    uncertainty = _uncertainty(corners, road, _places_that_count(matrix, coarsest, size))
    if uncertainty > LARGEST_ERROR:
        raise ConfigurationError(
            f"{photo}: corners that are a pixel off would change lengths by {uncertainty:.0%}; mark a "
            "rectangle that is larger in the photo"
        )
    return RectangleView(matrix, coarsest, uncertainty)


def to_plane(
    matrix: Float64[np.ndarray, "3 3"], points: Float64[np.ndarray, "n 2"]
) -> Float64[np.ndarray, "n 2"]:
    """Map points by a homography; NaN where the third coordinate is not above 0: beyond the horizon."""
    x, y, depth = matrix @ np.column_stack([points, np.ones(len(points))]).T
    depth = np.where(depth > 0, depth, np.nan)
    return np.column_stack([x / depth, y / depth])


def pixel_sides(
    matrix: Float64[np.ndarray, "3 3"], points: Float64[np.ndarray, "n 2"]
) -> Float64[np.ndarray, " n"]:
    """Compute the roots of the areas that pixels cover on the plane; NaN beyond the horizon."""
    depth = np.column_stack([points, np.ones(len(points))]) @ matrix[2]
    # The determinant of the derivative of a homography.
    sides: np.ndarray = np.sqrt(abs(np.linalg.det(matrix)) / np.where(depth > 0, depth, np.nan) ** 3)
    return sides


def _through(
    corners: Float64[np.ndarray, "4 2"], road: Float64[np.ndarray, "4 2"]
) -> Float64[np.ndarray, "3 3"]:
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), road.astype(np.float32))
    scaled: np.ndarray = matrix / (matrix[2] @ (*corners.mean(axis=0), 1))
    return scaled


def _places_that_count(
    matrix: Float64[np.ndarray, "3 3"], coarsest: float, size: tuple[int, int]
) -> Float64[np.ndarray, "n 2"]:
    height, width = size
    x, y = np.meshgrid(np.linspace(0, width - 1, SAMPLES), np.linspace(0, height - 1, SAMPLES))
    places = np.column_stack([x.ravel(), y.ravel()])
    counts: np.ndarray = places[pixel_sides(matrix, places) <= coarsest]
    return counts


def _uncertainty(
    corners: Float64[np.ndarray, "4 2"], road: Float64[np.ndarray, "4 2"], places: Float64[np.ndarray, "n 2"]
) -> float:
    """The error of a pixel's width and height on the road, to first order in the errors of the corners."""

    def lengths(moved: Float64[np.ndarray, "4 2"]) -> Float64[np.ndarray, "2 n"]:
        matrix = _through(moved, road)
        start = to_plane(matrix, places)
        ends = np.stack([to_plane(matrix, places + step) for step in ((1, 0), (0, 1))])
        found: np.ndarray = np.linalg.norm(ends - start, axis=2)
        return found

    true = lengths(corners)
    changes = [lengths(corners + step.reshape(4, 2)) / true - 1 for step in MARK_ERROR_PX * np.eye(8)]
    return float(np.sqrt(np.nanmean(np.square(changes).sum(axis=0))))
