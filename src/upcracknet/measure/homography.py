"""The homography of a rectangle on the road: where each pixel of an oblique photo lies."""

import cv2
import numpy as np
from jaxtyping import Float64

from upcracknet.errors import ConfigurationError
from upcracknet.measure.places import LARGEST_ERROR, MARK_ERROR_PX

LINES = 5
"""The uncertainty is that of the pieces of so many lines each way, laid over the rectangle."""


def of_rectangle(
    corners: Float64[np.ndarray, "4 2"], width_mm: float, height_mm: float, photo: str
) -> tuple[Float64[np.ndarray, "3 3"], float]:
    """Find the homography from a photo to the road, and how uncertain lengths are by it.

    Args:
        corners: in order around the rectangle, x and y in pixels.
        width_mm: from the first corner to the second.
        height_mm: from the second corner to the third.
        photo: its name, for errors.

    Returns:
        the matrix, its third coordinate 1 in the middle of the rectangle; and the relative error of lengths
        in the rectangle, one standard deviation, that follows from marking each corner within a pixel.

    Raises:
        ConfigurationError: three corners lie on a line, the outline crosses itself or is dented, or lengths
            would be wrong by more than a fifth.
    """
    following, last = np.roll(corners, -1, axis=0), np.roll(corners, 1, axis=0)
    ahead, behind = following - corners, corners - last
    turns = behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0]
    # Distance of each corner from the line through its neighbours.
    between = np.hypot(*(following - last).T)
    if (np.abs(turns) <= MARK_ERROR_PX * np.maximum(between, MARK_ERROR_PX)).any():
        raise ConfigurationError(
            f"{photo}: three of the corners lie on a line; mark the corners of a rectangle"
        )
    if not (turns > 0).all() and not (turns < 0).all():
        raise ConfigurationError(
            f"{photo}: the outline of the corners crosses itself or is dented; give them in order around the "
            "rectangle"
        )
    # Marked the other way around, the road would be seen in a mirror.
    down = height_mm if turns[0] > 0 else -height_mm
    road = np.array([(0, 0), (width_mm, 0), (width_mm, down), (0, down)])
    matrix = _through(corners, road)
    uncertainty = _uncertainty(corners, road, matrix)
    if uncertainty > LARGEST_ERROR:
        raise ConfigurationError(
            f"{photo}: corners that are a pixel off would change lengths by {uncertainty:.0%}; mark a "
            "rectangle that is larger in the photo"
        )
    return matrix, uncertainty


def apply(
    matrix: Float64[np.ndarray, "3 3"], points: Float64[np.ndarray, "n 2"]
) -> Float64[np.ndarray, "n 2"]:
    """Map points by a homography."""
    return np.asarray(cv2.perspectiveTransform(points[None], matrix)[0], np.float64)


def _through(
    corners: Float64[np.ndarray, "4 2"], road: Float64[np.ndarray, "4 2"]
) -> Float64[np.ndarray, "3 3"]:
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), road.astype(np.float32))
    scaled: np.ndarray = matrix / (matrix[2] @ (*corners.mean(axis=0), 1))
    return scaled


def _uncertainty(
    corners: Float64[np.ndarray, "4 2"],
    road: Float64[np.ndarray, "4 2"],
    matrix: Float64[np.ndarray, "3 3"],
) -> float:
    """The error of lengths in the rectangle, to first order in the errors of the corners' coordinates."""
    steps = np.linspace(0, 1, LINES)
    x, y = np.meshgrid(road[:, 0].max() * steps, road[2, 1] * steps)
    marked = apply(np.linalg.inv(matrix), np.column_stack([x.ravel(), y.ravel()]))

    def lengths(by: Float64[np.ndarray, "3 3"]) -> Float64[np.ndarray, " pieces"]:
        places = apply(by, marked).reshape(LINES, LINES, 2)
        pieces = np.diff(places, axis=0).reshape(-1, 2), np.diff(places, axis=1).reshape(-1, 2)
        found: np.ndarray = np.hypot(*np.concatenate(pieces).T)
        return found

    true, changes = lengths(matrix), []
    for index in range(corners.size):
        moved = corners.copy()
        moved.flat[index] += MARK_ERROR_PX
        changes.append(lengths(_through(moved, road)) / true - 1)
    return float(np.sqrt(np.square(changes).sum(axis=0).mean()))
