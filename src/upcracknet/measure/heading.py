"""The driving direction in a photo or a map: given, or from EXIF, XMP and a track, or the photo's vertical.

A photo that looks straight down shows the driving direction if it says which way is up in it, the camera's
heading, and which way the camera moved, its course: a car drives along the road, and a drone is taken to fly
along it. Every other photo is taken to look along the road, so that the photo's vertical is the direction.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Float64

from upcracknet.errors import DataError, PhotoError
from upcracknet.measure.drone import LARGEST_TILT_DEG, camera_tilt_deg
from upcracknet.measure.frame import PHOTO_VERTICAL, Direction
from upcracknet.measure.georeference import require_ground
from upcracknet.measure.notes import Bearing, CameraNotes
from upcracknet.measure.track import LARGEST_DISTANCE_M, Track, nearest_place, step_along


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
    notes = CameraNotes.read(image)
    if notes.turned:
        raise PhotoError("the photo is stored turned, so up is not known")
    if track is None:
        course = _own_course(notes)
    else:
        course = Bearing(track.course_deg(_taken_at(notes), notes.place), "true", "track")
    heading = _heading(notes, course)
    return Direction(
        (90 - (course.degrees - heading.degrees)) % 180,
        f"{course.source} ({course.degrees:.0f}°) against {heading.source} ({heading.degrees:.0f}°)",
    )


def _own_course(notes: CameraNotes) -> Bearing:
    """Which way the camera moved, by its own notes."""
    if notes.hovered:
        raise PhotoError("the drone hovered (FlightXSpeed, FlightYSpeed); give a track")
    if notes.course is None:
        raise PhotoError(
            "the photo does not say which way the camera moved (GPSTrack, FlightXSpeed); give a track"
        )
    return notes.course


def _heading(notes: CameraNotes, course: Bearing) -> Bearing:
    """Which way up in the photo points, counted from the same north: the two lie degrees apart."""
    if not notes.headings:
        raise PhotoError("the photo does not say the camera's heading (GimbalYawDegree, GPSImgDirection)")
    for heading in notes.headings:
        if heading.north == course.north:
            return heading
    first = notes.headings[0]
    raise PhotoError(
        f"{course.source} counts from {course.north} north, {first.source} from {first.north} north"
    )


def _taken_at(notes: CameraNotes) -> float:
    """When a photo was taken, in seconds since 1970 (UTC): by GPS, else by a clock that tells its zone."""
    if notes.utc_s is not None:
        return notes.utc_s
    if notes.local_s is None:
        raise PhotoError("the photo does not say when it was taken (GPSTimeStamp, DateTimeOriginal)")
    raise PhotoError(
        "the photo's time (DateTimeOriginal) is of an unknown zone: it has no OffsetTimeOriginal and no "
        "GPSTimeStamp"
    )
