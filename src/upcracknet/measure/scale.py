"""How many millimetres of road a pixel covers, at each place of a photo, and where that is known from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64, Num

from upcracknet.errors import ConfigurationError
from upcracknet.measure import drone, georeference, homography
from upcracknet.measure.places import LARGEST_ERROR, MARK_ERROR_PX, marked_places, require_length

Method = Literal["number", "points", "rectangle", "raster", "drone"]
"""Where a scale comes from: a number given, two points, the corners of a rectangle, a map, or a flight."""

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

ASSUMED_ERROR = 0.05
"""Uncertainty of a number that comes without one: an assumption, not a measurement."""


@dataclass(frozen=True)
class Scale:
    """The way from a photo's pixels to millimetres on the road, which is taken to be flat.

    Made by :meth:`uniform`, :meth:`from_points`, :meth:`from_rectangle`, :meth:`from_raster` or
    :meth:`from_drone`.

    Attributes:
        matrix: homography, 3×3, from the pixels x, y, 1 to the road's millimetres; pixel centres lie at whole
            numbers. Its third row is positive wherever the road is in sight.
        source: in words, where the scale comes from.
        uncertainty: relative error of a length, one standard deviation: 0.02 is 2 %.
        method: the kind of source.
        size: height and width in pixels of the upright photo that it was made on; none where it counts for
            photos of any size.
        coarsest: largest number of millimetres a pixel at which it counts; none where it counts everywhere.

    Raises:
        ConfigurationError: the matrix is singular, or a value is outside its range.
    """

    matrix: Matrix
    source: str
    uncertainty: float
    method: Method
    size: tuple[int, int] | None = None
    coarsest: float | None = None

    def __post_init__(self) -> None:
        if not np.isfinite(self._array).all() or np.linalg.det(self._array) == 0:
            raise ConfigurationError("scale: its matrix maps the photo to no area; make the scale again")
        if self.coarsest is not None and not self.coarsest > 0:
            raise ConfigurationError(
                f"scale: {self.coarsest:g} mm per pixel at most, expected a number above 0"
            )
        if not 0 <= self.uncertainty < 1:
            raise ConfigurationError(
                f"scale: uncertainty {self.uncertainty:g}, expected 0 or more and below 1: 0.02 is 2 %"
            )

    @classmethod
    def uniform(
        cls, millimetres_per_pixel: float, *, source: str | None = None, uncertainty: float = ASSUMED_ERROR
    ) -> "Scale":
        """Take one number for all places of all photos: the camera looked straight down from one height.

        Args:
            millimetres_per_pixel: above 0.
            source: where it comes from, in words.
            uncertainty: relative, one standard deviation; without it 5 %, which is assumed.

        Raises:
            ConfigurationError: the number is not above 0, or the uncertainty not from 0 up to 1.
        """
        if not 0 < millimetres_per_pixel < math.inf:
            raise ConfigurationError(
                f"scale: {millimetres_per_pixel:g} mm per pixel, expected a number above 0, such as 1.5"
            )
        source = source or f"given: {millimetres_per_pixel:g} mm per pixel"
        return cls(_uniform(millimetres_per_pixel), source, uncertainty, "number")

    @classmethod
    def from_points(
        cls,
        points: Sequence[tuple[float, float]],
        millimetres: float,
        size: tuple[int, int],
        photo: str = "the photo",
    ) -> "Scale":
        """Take the known distance between two points in a photo whose camera looked straight down.

        The uncertainty is that of the points, each placed within a pixel.

        Args:
            points: two, as x and y in pixels of the upright photo.
            millimetres: distance between them on the road.
            size: height and width of the photo in pixels.
            photo: its name, for the source and for errors.

        Raises:
            ConfigurationError: there are not two points, or one is outside the photo; they lie so close that
                the scale would be wrong by more than a fifth; or the distance is not above 0.
        """
        first, second = marked_places(points, 2, size, photo, "two points")
        require_length(millimetres, "the distance between the points")
        distance = float(np.hypot(*(second - first)))
        if MARK_ERROR_PX * math.sqrt(2) > LARGEST_ERROR * distance:
            raise ConfigurationError(
                f"{photo}: the two points lie {distance:.3g} pixels apart, too close to measure by; expected "
                "hundreds of pixels"
            )
        return cls(
            _uniform(millimetres / distance),
            f"two points {millimetres:g} mm apart in {photo}",
            MARK_ERROR_PX * math.sqrt(2) / distance,
            "points",
            size,
        )

    @classmethod
    def from_rectangle(
        cls,
        corners: Sequence[tuple[float, float]],
        width_mm: float,
        height_mm: float,
        size: tuple[int, int],
        photo: str = "the photo",
    ) -> "Scale":
        """Take a rectangle of known size that lies flat on the road, seen from any side.

        Four points fix the homography between the photo and the road (Hartley and Zisserman, Multiple View
        Geometry in Computer Vision, 2nd edition, section 4.1). Beyond the rectangle it is continued to
        where a pixel covers twice as much road, in length, as at the farthest corner. Distortion of the lens
        is not corrected.

        Args:
            corners: four, in order around the rectangle, as x and y in pixels of the upright photo.
            width_mm: length of the side from the first corner to the second.
            height_mm: length of the side from the second corner to the third.
            size: height and width of the photo in pixels.
            photo: its name, for the source and for errors.

        Raises:
            ConfigurationError: there are not four corners, one is outside the photo, three lie on a line, the
                outline crosses itself or is dented, a length is not above 0, or the corners lie so that
                lengths would be wrong by more than a fifth.
        """
        found = marked_places(corners, 4, size, photo, "four corners")
        require_length(width_mm, "the rectangle's width")
        require_length(height_mm, "the rectangle's height")
        view = homography.view_of_rectangle(found, width_mm, height_mm, size, photo)
        source = f"rectangle of {width_mm:g}×{height_mm:g} mm in {photo}"
        return cls(_as_matrix(view.matrix), source, view.uncertainty, "rectangle", size, view.coarsest)

    @classmethod
    def from_raster(cls, image: Any) -> "Scale":
        """Take the place on the ground that a map or an orthophoto carries; see :mod:`.georeference`.

        Degrees and feet are turned into millimetres; pixels may be oblong, turned or sheared.

        Args:
            image: opened by rasterio.

        Raises:
            PhotoError: it does not say where it lies, in a way from which lengths follow.
        """
        matrix = np.eye(3)
        matrix[:2, :2] = georeference.along_rows(georeference.require_ground(image))
        across, down = float(matrix[0, 0]), float(np.hypot(*matrix[:2, 1]))
        source = f"georeference of {image.name}: {across:.4g}×{down:.4g} mm per pixel"
        return cls(_as_matrix(matrix), source, georeference.UNCERTAINTY, "raster")

    @classmethod
    def from_drone(cls, image: Any, height_m: float | None = None, photo: str = "the photo") -> "Scale":
        """Estimate the scale from what a drone wrote into its photo; see :mod:`.drone`.

        Args:
            image: opened by Pillow.
            height_m: of the camera above the road, in metres; without it the height above the place of
                take-off that the photo names.
            photo: its name, for the source and for errors.

        Raises:
            PhotoError: the photo does not say what is needed, or the camera did not look down.
            ConfigurationError: the height is not above 0.
        """
        found = drone.estimate(image, height_m, photo)
        width, height = image.size
        return cls(_as_matrix(found.matrix), found.source, found.uncertainty, "drone", (height, width))

    @property
    def millimetres_per_pixel(self) -> float | None:
        """The one number for all places and directions; none where it differs by more than a thousandth."""
        (a, b, _), (c, d, _), (e, f, _) = self.matrix
        same = max(abs(a - d), abs(b), abs(c)) <= 1e-3 * abs(a) and e == f == 0
        return math.sqrt(abs(a * d - b * c)) if same else None

    def to_road(self, points: Num[np.ndarray, "n 2"]) -> Float64[np.ndarray, "n 2"]:
        """Find where pixels lie on the road.

        Args:
            points: x and y in pixels; centres at whole numbers.

        Returns:
            x and y in millimetres along the road's surface; NaN beyond the horizon, and where a pixel covers
            more than :attr:`coarsest`.
        """
        places = np.asarray(points, np.float64)
        road = homography.to_plane(self._array, places)
        if self.coarsest is not None:
            road[~(homography.pixel_sides(self._array, places) <= self.coarsest)] = np.nan
        return road

    def millimetres_per_pixel_at(self, points: Num[np.ndarray, "n 2"]) -> Float64[np.ndarray, " n"]:
        """Compute the side of the square that is as large as a pixel on the road: the root of its area.

        In an oblique photo a pixel covers more along the view than across: measure lengths by
        :meth:`to_road`.

        Args:
            points: x and y in pixels; centres at whole numbers.

        Returns:
            millimetres; NaN where :meth:`to_road` gives NaN.
        """
        sides = homography.pixel_sides(self._array, np.asarray(points, np.float64))
        return sides if self.coarsest is None else np.where(sides <= self.coarsest, sides, np.nan)

    def for_photo(self, height: int, width: int, tilt_deg: float = 0.0) -> "Scale":
        """Give the scale of a photo of some size, taken like the one that the scale was made on.

        Args:
            height: of the upright photo, in pixels.
            width: in pixels.
            tilt_deg: angle between the camera's view and straight down; 0 where it is not known.

        Returns:
            itself for the same size; for the same photo shrunk or enlarged, the scale that goes with it.

        Raises:
            ConfigurationError: width and height are in another ratio; or the photo is oblique, and the scale
                is not that of a rectangle.
        """
        if abs(tilt_deg) > drone.LARGEST_TILT_DEG and self.method != "rectangle":
            raise ConfigurationError(
                f"the camera was tilted by {abs(tilt_deg):.0f}° from straight down, where no number counts "
                "for all places; mark a rectangle on the road: `upcracknet scale --rectangle`"
            )
        if self.size is None or self.size == (height, width):
            return self
        made_height, made_width = self.size
        if abs(made_height * width / made_width - height) > 1:
            raise ConfigurationError(
                f"the photo has {width}×{height} pixels, but its scale was made on one of "
                f"{made_width}×{made_height}; make one for its folder: `upcracknet scale --for FOLDER`"
            )
        across, down = made_width / width, made_height / height
        # Pixel centres lie at whole numbers, so the photo's corner is at -0.5.
        to_made = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])
        coarsest = None if self.coarsest is None else self.coarsest * math.sqrt(across * down)
        return replace(
            self, matrix=_as_matrix(self._array @ to_made), size=(height, width), coarsest=coarsest
        )

    @property
    def _array(self) -> Float64[np.ndarray, "3 3"]:
        return np.asarray(self.matrix, np.float64)


def _uniform(millimetres_per_pixel: float) -> Matrix:
    return _as_matrix(np.diag([millimetres_per_pixel, millimetres_per_pixel, 1.0]))


def _as_matrix(values: Float64[np.ndarray, "3 3"]) -> Matrix:
    first, second, third = ((float(x), float(y), float(z)) for x, y, z in values)
    return first, second, third
