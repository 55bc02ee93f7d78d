"""Places that a person marks in a photo, and lengths that go with them: checked, with one clear line each."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from upcracknet.errors import ConfigurationError

MARK_ERROR_PX = 1.0
"""How well a place is marked by hand, in pixels: one standard deviation of x and of y; an assumption."""

LARGEST_ERROR = 0.2
"""Marks that leave lengths wrong by more than this share, one standard deviation, are refused."""


def marked_places(
    points: Sequence[tuple[float, float]], count: int, size: tuple[int, int], photo: str, expected: str
) -> Float64[np.ndarray, "count 2"]:
    """Check places marked in a photo.

    Args:
        points: x and y of each, in pixels.
        count: how many there must be.
        size: height and width of the photo in pixels.
        photo: its name, for errors.
        expected: how many of what there must be, in words.

    Raises:
        ConfigurationError: there are more or fewer, or one is not finite or outside the photo.
    """
    if len(points) != count or any(len(point) != 2 for point in points):
        raise ConfigurationError(f"{photo}: {len(points)} given, expected {expected}, each as x,y in pixels")
    height, width = size
    for x, y in points:
        if not (-0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5):
            raise ConfigurationError(
                f"{photo}: {x:g},{y:g} lies outside; expected x up to {width - 1} and y up to {height - 1}"
            )
    return np.asarray(points, np.float64)


def require_length(millimetres: float, name: str) -> None:
    """Refuse a length that is none.

    Raises:
        ConfigurationError: it is not above 0, or not finite.
    """
    if not 0 < millimetres < math.inf:
        raise ConfigurationError(f"{name} is {millimetres:g} mm, expected a length above 0")
