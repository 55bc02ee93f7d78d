"""A synthetic drive: photos along a road, straight down, whose places and cracks are known exactly."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import cv2
import numpy as np
from jaxtyping import Bool, Float64, UInt8

from upcracknet.data.synthetic.axes import axes_of
from upcracknet.data.synthetic.course import Course
from upcracknet.data.synthetic.cracks import CrackPath, Points, rasterise
from upcracknet.data.synthetic.damage import DamageKind, draw_damage
from upcracknet.data.synthetic.noise import Plane, Scene
from upcracknet.data.synthetic.painting import paint_coverage
from upcracknet.data.synthetic.road import photograph
from upcracknet.data.synthetic.surfaces import Surface, draw_surface
from upcracknet.errors import ConfigurationError
from upcracknet.measure.severity import grade

LEAST_HEIGHT, LEAST_WIDTH = 600, 500
"""Pixels of a photo that hold a network of cracks, also a later one that lies otherwise."""

CLOCK_OFFSET = timedelta(hours=1)
"""What is to be added to the camera's clock: it was not set to summer time."""

_MARGIN = 96  # pixels of road around a photo, of which a later photo may show some
_DEPTHS = (0.35, 0.8)  # cracks as a share of the road's brightness: seen well
_TURN_DEG, _SHIFT_PX = 2.0, 50.0  # how a later photo may lie otherwise


@dataclass(frozen=True)
class TrueCrack:
    """A crack as it is in a photo: within its frame, open parts alone.

    Attributes:
        kind: its class.
        length_mm: length in millimetres.
        width_mean_mm: mean width in millimetres.
        severity: by its mean width (ASTM D6433).
    """

    kind: DamageKind
    length_mm: float
    width_mean_mm: float
    severity: str


@dataclass(frozen=True)
class DrivePhoto:
    """One photo of a drive, and what is true of it.

    Attributes:
        photo: uint8 H×W×3 RGB; its top points along the drive.
        mask: bool H×W, True on cracks.
        chainage_m: metres along the road of the photo's middle.
        latitude: of its middle, in degrees (WGS 84).
        longitude: likewise.
        course_deg: of the car, in degrees from true north, clockwise.
        time: when it was taken, in UTC.
        cracks: those in it; a network is many, one between two junctions.
        network_area_mm2: area of alligator cracking in it, in square millimetres.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    mask: Bool[np.ndarray, "h w"]
    chainage_m: float
    latitude: float
    longitude: float
    course_deg: float
    time: datetime
    cracks: tuple[TrueCrack, ...]
    network_area_mm2: float


@dataclass(frozen=True)
class Drive:
    """How a drive goes; the same values give the same photos.

    Attributes:
        count: number of photos.
        height: of each photo in pixels, along the road; at least 600.
        width: of each photo in pixels; at least 500.
        millimetres_per_pixel: of road.
        first_m: metres along the road to the first photo.
        spacing_m: metres between two photos. With both values as given, no photo lies within 0.9 m of a
            hundred metres, counted from where the car leaves or from the first photo.
        surface: material of the road.
        seed: of the road and its cracks, 0 or more.
        later: the same road a year later: cracks have grown, the light is another, and the photos are
            shifted and turned a little.
        course: of the road and the car.
    """

    count: int = 40
    height: int = 768
    width: int = 512
    millimetres_per_pixel: float = 2.0
    first_m: float = 1.0
    spacing_m: float = 9.8
    surface: Surface = "asphalt"
    seed: int = 0
    later: bool = False
    course: Course = Course()  # noqa: RUF009 - frozen

    def __post_init__(self) -> None:
        if self.count < 1 or self.height < LEAST_HEIGHT or self.width < LEAST_WIDTH or self.seed < 0:
            raise ConfigurationError(
                f"a drive of {self.count} photos of {self.height} by {self.width} pixels with seed "
                f"{self.seed}; expected at least 1 photo of {LEAST_HEIGHT} by {LEAST_WIDTH} pixels and a "
                "seed of 0 or more: change them"
            )

    @property
    def driven(self) -> Course:
        """The course with the day and speed of this drive."""
        if not self.later:
            return self.course
        again = self.course.begins + timedelta(days=364, hours=3)
        return replace(self.course, begins=again, speed_m_per_s=1.1 * self.course.speed_m_per_s)

    @property
    def chainages_m(self) -> Float64[np.ndarray, " n"]:
        """Metres along the road of each photo."""
        return self.first_m + self.spacing_m * np.arange(self.count)

    def photos(self) -> Iterator[DrivePhoto]:
        """Make the photos one by one, in their order."""
        places = self.driven.places(self.chainages_m)
        for number, (chainage_m, place) in enumerate(zip(self.chainages_m, places, strict=True)):
            photo, mask, cracks, area_mm2 = self._look(number)
            time = self.driven.time(float(chainage_m))
            latitude, longitude, course = map(float, place)
            yield DrivePhoto(
                photo, mask, float(chainage_m), latitude, longitude, course, time, cracks, area_mm2
            )

    def _look(
        self, number: int
    ) -> tuple[UInt8[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"], tuple[TrueCrack, ...], float]:
        """The photo of a place, its mask, its cracks, and its area of alligator cracking."""
        road = np.random.default_rng((self.seed, number))
        size = self.height + 2 * _MARGIN, self.width + 2 * _MARGIN
        damage = draw_damage(*size, road)
        scene = draw_surface(*size, road, self.surface)
        camera = np.random.default_rng((self.seed, number, self.later))
        view = _view(size, camera) if self.later else _seen_at(size, 0.0, np.zeros(2))
        scene = np.asarray(cv2.warpAffine(scene, view, (self.width, self.height)))
        if self.later:
            scene = _relit(scene, camera)
        paths = [(crack.kind, crack.path(self.later)) for crack in damage.cracks]
        seen = [(kind, _in_view(path, view)) for kind, path in paths if path is not None]
        coverage = rasterise([path for _, path in seen], self.height, self.width)
        photo = photograph(scene, camera)
        if coverage.any():
            photo, _ = paint_coverage(photo, coverage, camera, _DEPTHS)
        cracks = [crack for kind, path in seen for crack in self._truth(kind, path)]
        network = damage.network_later if self.later else damage.network
        # A view turns and shifts, which changes no area; and a network lies whole in the photo.
        area = 0.0 if network is None else _area(network) * self.millimetres_per_pixel**2
        return photo, coverage > 0.5, tuple(cracks), area

    def _truth(self, kind: DamageKind, path: CrackPath) -> Iterator[TrueCrack]:
        """What of a crack lies in the photo."""
        alone: Plane = rasterise([path], self.height, self.width)
        for axis in axes_of([path], alone):
            length_mm = float(np.hypot(*np.diff(axis[:, :2], axis=0).T).sum()) * self.millimetres_per_pixel
            width_mm = float(axis[:, 2].mean()) * self.millimetres_per_pixel
            yield TrueCrack(kind, length_mm, width_mm, grade(width_mm))


def _view(size: tuple[int, int], generator: np.random.Generator) -> Float64[np.ndarray, "2 3"]:
    """How a later photo lies on the place."""
    turn = float(generator.uniform(-_TURN_DEG, _TURN_DEG))
    return _seen_at(size, turn, generator.uniform(-_SHIFT_PX, _SHIFT_PX, 2))


def _seen_at(
    size: tuple[int, int], turn_deg: float, shift: Float64[np.ndarray, "2"]
) -> Float64[np.ndarray, "2 3"]:
    """From places of the road to those of a photo: turned about the middle, and shifted, in pixels."""
    matrix = cv2.getRotationMatrix2D(((size[1] - 1) / 2, (size[0] - 1) / 2), turn_deg, 1.0)
    matrix[:, 2] += shift - _MARGIN
    return np.asarray(matrix)


def _in_view(path: CrackPath, view: Float64[np.ndarray, "2 3"]) -> CrackPath:
    return replace(path, points=path.points @ view[:, :2].T + view[:, 2])


def _relit(scene: Scene, generator: np.random.Generator) -> Scene:
    """Another day's light: brighter or darker, and unevenly so."""
    height, width = scene.shape[:2]
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(generator.uniform(-0.12, 0.12))
    across = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(generator.uniform(-0.12, 0.12))
    light = np.float32(generator.uniform(0.75, 1.2)) * (1 + down + across)
    return np.asarray(scene * light[..., None])


def _area(corners: Points) -> float:
    """Area of a polygon in square pixels, by the shoelace formula."""
    x, y = corners.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
