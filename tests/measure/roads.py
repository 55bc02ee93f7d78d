"""A flat road seen by a pinhole camera, for tests: the truth, independent of the code that is tested."""

import numpy as np

SIZE = 900, 1200
"""Height and width of the photos, in pixels."""

FOCAL_LENGTH_PX = 1000.0


def road_to_photo(tilt_deg: float, height_mm: float = 2500.0) -> np.ndarray:
    """The homography from the road's millimetres (x to the right, y away from the camera's foot) to pixels.

    Args:
        tilt_deg: of the camera from straight down, ahead.
        height_mm: of the camera above the road.
    """
    tilt = np.radians(tilt_deg)
    right = np.array([1.0, 0, 0])
    view = np.array([0, np.sin(tilt), -np.cos(tilt)])
    down = np.cross(view, right)  # of the photo
    rotation = np.stack([right, down, view])
    inside = np.array(
        [[FOCAL_LENGTH_PX, 0, (SIZE[1] - 1) / 2], [0, FOCAL_LENGTH_PX, (SIZE[0] - 1) / 2], [0, 0, 1]]
    )
    on_ground = np.array([[1, 0, 0], [0, 1, 0], [0, 0, -height_mm]])  # the camera is the origin
    return inside @ rotation @ on_ground


def seen(homography: np.ndarray, road: np.ndarray) -> np.ndarray:
    """Pixels of places on the road, n×2."""
    x, y, depth = homography @ np.column_stack([road, np.ones(len(road))]).T
    assert (depth > 0).all()
    return np.column_stack([x / depth, y / depth])


def centre(tilt_deg: float, height_mm: float = 2500.0) -> np.ndarray:
    """The place on the road in the middle of the photo."""
    return np.array([0, height_mm * np.tan(np.radians(tilt_deg))])


def rectangle(tilt_deg: float, width_mm: float, height_mm: float, turned_deg: float = 0) -> np.ndarray:
    """Corners on the road of a rectangle in the middle of the photo, the far left one first, clockwise."""
    x, y = width_mm / 2, height_mm / 2
    angle = np.radians(turned_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.array([(-x, y), (x, y), (x, -y), (-x, -y)]) @ turn.T + centre(tilt_deg)
