"""The road that a photo shows: where its pixels lie on it, and which way traffic drives."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float64

from upcracknet.errors import ConfigurationError

Points = Float64[np.ndarray, "_ 2"]
"""Places (x, y), x to the right and y down in a photo."""


@runtime_checkable
class ToRoad(Protocol):
    """What is needed of a scale."""

    def to_road(self, points: Points) -> Points:
        """Give the places on the road, in millimetres, of places in the photo, in pixels.

        NaN where there is none: beyond the horizon, and where the scale does not count.
        """
        ...


@dataclass(frozen=True)
class Direction:
    """The driving direction in a photo.

    Attributes:
        degrees: angle against the photo's x axis, counter-clockwise as seen; 90 is up. A direction and its
            reverse are the same.
        source: where it is known from, in words.
    """

    degrees: float
    source: str = "given"

    def __post_init__(self) -> None:
        if not np.isfinite(self.degrees):
            raise ConfigurationError(
                f"a driving direction of {self.degrees} degrees; expected a number, 90 for up in the photo"
            )


PHOTO_VERTICAL = Direction(90.0, "photo's vertical")
"""The direction of photos from a car or by a surveyor who looks along the road. Of a map from above it says
nothing."""


@dataclass(frozen=True)
class Frame:
    """A photo as a piece of road.

    Attributes:
        height: rows of the photo.
        width: columns of the photo.
        scale: gives millimetres; None leaves everything in pixels.
        direction: the driving direction; None where it is not known.
    """

    height: int
    width: int
    scale: ToRoad | None = None
    direction: Direction | None = PHOTO_VERTICAL

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise ConfigurationError(
                f"a photo of {self.width} by {self.height} pixels; expected at least 1 by 1"
            )

    def to_road(self, points: Float[np.ndarray, "n 2"]) -> Points:
        """Give places on the road in millimetres, or in pixels where there is no scale.

        NaN for places where the scale gives none.
        """
        points = np.asarray(points, np.float64)
        return points if self.scale is None else np.asarray(self.scale.to_road(points), np.float64)

    @cached_property
    def driving(self) -> Float64[np.ndarray, "2"] | None:
        """The driving direction on the road, of length 1; None where it is not known.

        It is that of a line through the middle of the photo's lower half: seen at a slant, lines along the
        road meet far away, and near the photo's middle column the photo's vertical is one of them.
        Where the scale does not count there, it is not known.
        """
        if self.direction is None:
            return None
        angle = np.radians(self.direction.degrees)
        middle = np.array([(self.width - 1) / 2, 0.75 * (self.height - 1)])
        step = np.array([np.cos(angle), -np.sin(angle)]) * 0.1 * min(self.width, self.height)
        start, end = self.to_road(np.stack([middle - step, middle + step]))
        along: Float64[np.ndarray, 2] = (end - start) / np.hypot(*(end - start))
        return along if np.isfinite(along).all() else None

    def angle_to_driving(self, direction: Float64[np.ndarray, "2"] | None) -> float | None:
        """Give the angle between a direction on the road and the driving direction, 0 to 90 degrees.

        It is None where either is not known.
        """
        if direction is None or self.driving is None:
            return None
        cosine = abs(float(direction @ self.driving)) / float(np.hypot(*direction))
        return float(np.degrees(np.arccos(min(cosine, 1.0))))
