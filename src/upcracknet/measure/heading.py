"""The driving direction in a photo or a map: given, or from EXIF, XMP and a track, or the photo's vertical.

A photo that looks straight down shows the driving direction if it says which way is up in it, the camera's
heading, and which way the camera moved, its course: a car drives along the road, and a drone is taken to fly
along it. Every other photo is taken to look along the road, so that the photo's vertical is the direction.

Names and meanings are those of EXIF (CIPA DC-008, attributes of GPS) and of DJI's manuals (Mavic 3M): yaws
count from north clockwise, FlightXSpeed and FlightYSpeed are the speeds to the north and to the east.
"""

import math
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float64
from PIL import ExifTags

from upcracknet.errors import DataError, PhotoError
from upcracknet.measure.drone import LARGEST_TILT_DEG, camera_tilt_deg, xmp_number
from upcracknet.measure.frame import PHOTO_VERTICAL, Direction
from upcracknet.measure.georeference import require_ground
from upcracknet.measure.track import LARGEST_DISTANCE_M, Track, nearest_place, step_along

LEAST_SPEED_M_PER_S = 1.0
"""Slower drones hover, and the speed that they tell has no direction; an assumption."""

_GPS = ExifTags.GPS
_North = Literal["true", "magnetic"]


class _Bearing(NamedTuple):
    """Degrees clockwise from one of the two norths, and where they are known from."""

    degrees: float
    north: _North
    source: str


def driving_direction(image: Any, *, given: float | None = None, track: Track | None = None) -> Direction:
    """Find the driving direction in a photo.

    Args:
        image: opened by Pillow; None where the photo has no notes.
        given: degrees against the photo's x axis, counter-clockwise as seen; it counts before all else.
        track: of the camera; it counts before the course that the photo itself tells. It must have a point
            within 30 s of the photo's time, and be within 50 m of the photo's place if the photo tells it.

    Returns:
        the direction. Where a photo looks straight down but the direction is not known, or a track does not
        help, the photo's vertical, with the reason in its source.

    Raises:
        ConfigurationError: the given direction is not finite.
    """
    if given is not None:
        return Direction(given)
    if image is None or (track is None and camera_tilt_deg(image) is None):
        return PHOTO_VERTICAL
    try:
        return _seen_from_above(image, track)
    except (PhotoError, DataError) as error:
        return Direction(PHOTO_VERTICAL.degrees, f"{PHOTO_VERTICAL.source}: {error}")


def driving_direction_on_map(image: Any, track: Track) -> Direction | None:
    """Find the driving direction in a georeferenced image: that of the track's part nearest to its middle.

    Times do not count. An image of several roads has the direction of one of them.

    Args:
        image: opened by rasterio.
        track: along the road.

    Returns:
        None where the image has no place on the ground, or the track passes more than 50 m beside it.
    """
    try:
        ground = require_ground(image)
    except PhotoError:
        return None
    passes = []
    for path in _paths_on_map(image, track, ground):
        place, passed = nearest_place(path)
        passes.append((float(np.hypot(*place)), place, step_along(path - place, passed)))
    if not passes:
        return None
    distance_m, place, along = min(passes, key=lambda passing: passing[0])
    size = np.array([image.width, image.height])
    pixel = np.linalg.solve(ground, place * 1000) + size / 2
    beside_m = np.hypot(*(ground @ (pixel - np.clip(pixel, 0, size)))) / 1000
    if along is None or beside_m > LARGEST_DISTANCE_M:
        return None
    right, down = np.linalg.solve(ground, along)
    return Direction(
        math.degrees(math.atan2(-down, right)) % 180, f"track, {distance_m:.0f} m from the image's middle"
    )


def _paths_on_map(
    image: Any, track: Track, ground: Float64[np.ndarray, "2 2"]
) -> Iterator[Float64[np.ndarray, "_ 2"]]:
    """The pieces of a track, in metres on the ground from the image's middle."""
    from rasterio.warp import transform

    for segment in track.segments:
        try:
            x, y = transform("EPSG:4326", image.crs, segment[:, 1], segment[:, 0])
        except Exception:  # GDAL has kinds of errors of its own; a local system has no place on the earth
            return
        columns, rows = ~image.transform * (np.asarray(x), np.asarray(y))
        offsets = np.stack([columns - image.width / 2, rows - image.height / 2], axis=1)
        # Far from a map, its projection may have no place for a point.
        path = offsets[np.isfinite(offsets).all(axis=1)] @ ground.T / 1000
        if len(path) > 1:
            yield path


def _seen_from_above(image: Any, track: Track | None) -> Direction:
    """The direction in a photo that looks straight down.

    Raises:
        PhotoError: it does not look down, or does not say enough.
        DataError: the track does not reach it.
    """
    tilt = camera_tilt_deg(image)
    if tilt is None:
        raise PhotoError("the photo does not say that it looks straight down (GimbalPitchDegree)")
    if abs(tilt) > LARGEST_TILT_DEG:
        raise PhotoError(f"the camera was tilted by {abs(tilt):.0f}° from straight down")
    tags, gps, exif = _exif(image)
    if tags.get(ExifTags.Base.Orientation, 1) != 1:
        raise PhotoError("the photo is stored turned, so up is not known")
    if track is None:
        course = _course(image, gps)
    else:
        course = _Bearing(track.course_deg(_taken_at(gps, exif), _place(gps)), "true", "track")
    heading = _heading(image, gps, course)
    return Direction(
        (90 - (course.degrees - heading.degrees)) % 180,
        f"{course.source} ({course.degrees:.0f}°) against {heading.source} ({heading.degrees:.0f}°)",
    )


def _exif(image: Any) -> tuple[Mapping[int, Any], Mapping[int, Any], Mapping[int, Any]]:
    """A photo's tags: of the photo, of its place, and of how it was taken. Damaged ones are left out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tags = image.getexif()
            return tags, tags.get_ifd(ExifTags.IFD.GPSInfo), tags.get_ifd(ExifTags.IFD.Exif)
    except (OSError, SyntaxError, ValueError, TypeError, struct.error) as error:
        raise PhotoError("the photo's EXIF is damaged") from error


def _course(image: Any, gps: Mapping[int, Any]) -> _Bearing:
    """Which way the camera moved, by its own notes."""
    course = _number(gps.get(_GPS.GPSTrack))
    if course is not None:
        return _Bearing(course, _north(gps.get(_GPS.GPSTrackRef)), "GPSTrack")
    north, east = xmp_number(image, "FlightXSpeed"), xmp_number(image, "FlightYSpeed")
    if north is None or east is None:
        raise PhotoError(
            "the photo does not say which way the camera moved (GPSTrack, FlightXSpeed); give a track"
        )
    if math.hypot(north, east) < LEAST_SPEED_M_PER_S:
        raise PhotoError("the drone hovered (FlightXSpeed, FlightYSpeed); give a track")
    return _Bearing(math.degrees(math.atan2(east, north)) % 360, "true", "flight speed")


def _heading(image: Any, gps: Mapping[int, Any], course: _Bearing) -> _Bearing:
    """Which way up in the photo points, counted from the same north: the two lie degrees apart."""
    candidates: list[tuple[float | None, _North, str]] = [
        (xmp_number(image, "GimbalYawDegree"), "true", "GimbalYawDegree"),
        (
            _number(gps.get(_GPS.GPSImgDirection)),
            _north(gps.get(_GPS.GPSImgDirectionRef)),
            "GPSImgDirection",
        ),
        # Last: the camera may be turned against the drone.
        (xmp_number(image, "FlightYawDegree"), "true", "FlightYawDegree"),
    ]
    known = [_Bearing(degrees, north, name) for degrees, north, name in candidates if degrees is not None]
    if not known:
        raise PhotoError("the photo does not say the camera's heading (GimbalYawDegree, GPSImgDirection)")
    for heading in known:
        if heading.north == course.north:
            return heading
    raise PhotoError(
        f"{course.source} counts from {course.north} north, {known[0].source} from {known[0].north} north"
    )


def _north(reference: Any) -> _North:
    """Which north a direction counts from: true, EXIF's default, or magnetic."""
    return "magnetic" if reference == "M" else "true"


def _taken_at(gps: Mapping[int, Any], exif: Mapping[int, Any]) -> float:
    """When a photo was taken, in seconds since 1970 (UTC): by GPS, else by a clock that tells its zone."""
    date, clock = gps.get(_GPS.GPSDateStamp), _three_numbers(gps.get(_GPS.GPSTimeStamp))
    if date and clock is not None:
        with suppress(ValueError, OverflowError):  # damaged: the camera's own clock may tell
            day = datetime.strptime(str(date), "%Y:%m:%d").replace(tzinfo=UTC)
            hours, minutes, seconds = clock
            return (day + timedelta(hours=hours, minutes=minutes, seconds=seconds)).timestamp()
    local, zone = exif.get(ExifTags.Base.DateTimeOriginal), exif.get(ExifTags.Base.OffsetTimeOriginal)
    if not local:
        raise PhotoError("the photo does not say when it was taken (GPSTimeStamp, DateTimeOriginal)")
    try:
        return datetime.strptime(f"{local}{zone}", "%Y:%m:%d %H:%M:%S%z").timestamp()
    except (ValueError, OverflowError) as error:
        raise PhotoError(
            "the photo's time (DateTimeOriginal) is of an unknown zone: it has no OffsetTimeOriginal and no "
            "GPSTimeStamp"
        ) from error


def _place(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    """Latitude and longitude in degrees; None where the photo does not tell them."""
    latitude = _three_numbers(gps.get(_GPS.GPSLatitude))
    longitude = _three_numbers(gps.get(_GPS.GPSLongitude))
    north = {"N": 1, "S": -1}.get(gps.get(_GPS.GPSLatitudeRef, ""))
    east = {"E": 1, "W": -1}.get(gps.get(_GPS.GPSLongitudeRef, ""))
    if latitude is None or longitude is None or north is None or east is None:
        return None
    units = np.array([1, 1 / 60, 1 / 3600])
    return float(north * (latitude @ units)), float(east * (longitude @ units))


def _three_numbers(value: Any) -> Float64[np.ndarray, "3"] | None:
    """Degrees, minutes and seconds, or hours, minutes and seconds."""
    numbers = [_number(part) for part in value] if isinstance(value, tuple) else []
    return None if len(numbers) != 3 or None in numbers else np.array(numbers, np.float64)


def _number(value: Any) -> float | None:
    """A number of EXIF; None where there is none, or a fraction of zero."""
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None
