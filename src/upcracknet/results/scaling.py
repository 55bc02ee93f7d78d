"""Scales made from files: a photo with marked places, a georeferenced image, a drone's photo."""

from dataclasses import dataclass
from pathlib import Path

from upcracknet.data.image_file import opened_image
from upcracknet.data.photo import load_photo, photo_size, save_image_atomically
from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.measure.drone import camera_tilt_deg
from upcracknet.measure.grid import draw_grid
from upcracknet.measure.scale import Scale
from upcracknet.results.opening import opened


@dataclass(frozen=True)
class ScaleOptions:
    """Where a scale comes from: a photo with places marked in it, a raster or a drone's photo.

    Attributes:
        points: two places in the photo, each as x,y in pixels from its upper left corner; the camera must
            have looked straight down.
        millimetres: distance on the road between the two points.
        rectangle: the four corners of a rectangle that lies on the road, in order around it, each as x,y; the
            camera may have looked from any side.
        size: of the rectangle, as WIDTHxHEIGHT in millimetres: from the first corner to the second, and from
            the second to the third.
        raster: an image that says where it lies on the ground (needs rasterio).
        drone: a drone's photo, taken within 10° of straight down; gives an estimate.
        height: of the drone above the road in metres; without it its height above take-off.
    """

    points: list[str] | None = None
    millimetres: float | None = None
    rectangle: list[str] | None = None
    size: str | None = None
    raster: Path | None = None
    drone: Path | None = None
    height: float | None = None

    def require_consistent(self, given: str | None) -> None:
        """Refuse options that contradict each other.

        Args:
            given: what was named beside the options: a number or a photo.

        Raises:
            ConfigurationError: not exactly one source is named, or something that belongs to it is missing.
        """
        ways = [self.points, self.rectangle, self.raster, self.drone]
        names_file = self.raster is not None or self.drone is not None
        if len(ways) - ways.count(None) > 1 or (given is not None) == names_file:
            raise ConfigurationError(
                "expected one source: a number, a photo with --points or --rectangle, --raster, or --drone"
            )
        pairs = {"--points": (self.points, "--millimetres", self.millimetres),
                 "--rectangle": (self.rectangle, "--size", self.size)}  # fmt: skip
        for name, (value, partner_name, partner) in pairs.items():
            if (value is None) != (partner is None):
                raise ConfigurationError(f"{name} and {partner_name} go together; give both")
        if self.height is not None and self.drone is None:
            raise ConfigurationError("--height is that of a drone; give its photo with --drone")


@dataclass(frozen=True)
class MadeScale:
    """A scale, and what to draw it on.

    Attributes:
        scale: the scale.
        photo: that it was made on; none for numbers and rasters.
        marks: places marked in the photo, x and y in pixels.
    """

    scale: Scale
    photo: Path | None = None
    marks: tuple[tuple[float, float], ...] = ()

    def save_grid(self, path: Path) -> int | None:
        """Draw the road's grid on the photo, where there is one; returns the millimetres between its lines.

        Raises:
            PhotoError: the photo cannot be read.
            OutputError: the picture cannot be written.
        """
        if self.photo is None:
            return None
        picture, step = draw_grid(load_photo(self.photo), self.scale, self.marks)
        save_image_atomically(path, picture)
        return step


def make_scale(given: str | None, options: ScaleOptions) -> MadeScale:
    """Make a scale.

    Args:
        given: millimetres per pixel as text, or the photo that points or a rectangle are marked in.
        options: where it comes from.

    Raises:
        ConfigurationError: options contradict each other, or places and numbers are impossible; see
            :class:`.Scale`.
        PhotoError: a file cannot be read, or does not say what is needed.
    """
    options.require_consistent(given)
    if options.raster is not None:
        if not options.raster.is_file():
            raise PhotoError(f"{options.raster}: no such file")
        with opened(options.raster) as image:
            return MadeScale(Scale.from_raster(image))
    if options.drone is not None:
        with opened_image(options.drone, str(options.drone)) as image:
            return MadeScale(Scale.from_drone(image, options.height, str(options.drone)), options.drone)
    if options.points is None and options.rectangle is None:
        return MadeScale(Scale.uniform(_number(str(given))))
    photo = Path(str(given))
    marks = tuple(_numbers(text, ",", "x,y in pixels") for text in options.points or options.rectangle or ())
    size = photo_size(photo)
    if options.millimetres is not None:
        scale = Scale.from_points(marks, options.millimetres, size, str(photo))
    else:
        width, height = _numbers(str(options.size), "x", "WIDTHxHEIGHT in millimetres")
        scale = Scale.from_rectangle(marks, width, height, size, str(photo))
    with opened_image(photo, str(photo)) as image:
        return MadeScale(scale.for_photo(*size, camera_tilt_deg(image) or 0.0), photo, marks)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{text}: expected millimetres per pixel, such as 1.2; for a photo add --points or --rectangle"
        ) from error


def _numbers(text: str, separator: str, expected: str) -> tuple[float, float]:
    try:
        first, second = map(float, text.split(separator))
    except ValueError as error:
        raise ConfigurationError(f"{text}: expected {expected}") from error
    return first, second
