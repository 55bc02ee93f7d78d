"""What a camera noted in a photo, in EXIF and XMP: its place and time, where it looked and how it moved.

Names and meanings are those of EXIF (CIPA DC-008, attributes of GPS) and of DJI's manuals (Mavic 3M): yaws
count from north clockwise, FlightXSpeed and FlightYSpeed are the speeds to the north and to the east.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float64
from PIL import ExifTags

from upcracknet.measure.drone import camera_tilt_deg, xmp_number
from upcracknet.measure.exif import number as _number
from upcracknet.measure.exif import read_exif
from upcracknet.measure.times import seconds_since_1970

LEAST_SPEED_M_PER_S = 1.0
"""Slower drones hover, and the speed that they tell has no direction; an assumption."""

ZONES_S = 900
"""The clocks of all zones differ from UTC by a multiple of a quarter of an hour."""

BELOW_THE_SEA = (1, 3)
"""Values of GPSAltitudeRef for heights below the ellipsoid or the sea (EXIF 3.0)."""

LATITUDES = ("GpsLatitude", "Latitude")
LONGITUDES = ("GpsLongitude", "GpsLongtitude", "Longitude")
"""What drones call their place in XMP; some have a slip of the pen in it."""

North = Literal["true", "magnetic"]
_GPS = ExifTags.GPS


class Bearing(NamedTuple):
    """A direction over ground: degrees clockwise from one of the two norths, and the note that tells it."""

    degrees: float
    north: North
    source: str


@dataclass(frozen=True, slots=True)
class CameraNotes:
    """What a camera noted; None where it did not.

    Attributes:
        place: latitude and longitude in degrees (WGS 84).
        altitude_m: above the sea, or above the ellipsoid where the camera means that; cameras err by 15 m and
            more. A height of 0 is taken for none: many write it for want of a better one.
        utc_s: when the photo was taken, in seconds since 1970 (UTC).
        local_s: the same by a clock that does not tell its zone, as though it showed UTC; only where there is
            no other time.
        headings: which way up in the photo points, the most trusted first.
        course: which way the camera moved.
        hovered: whether it tells a speed that is too small to have a direction.
        tilt_deg: how far it looked away from straight down, positive if ahead.
        turned: whether the photo is stored turned, so that the camera's up is not the photo's.
    """

    place: tuple[float, float] | None = None
    altitude_m: float | None = None
    utc_s: float | None = None
    local_s: float | None = None
    headings: tuple[Bearing, ...] = ()
    course: Bearing | None = None
    hovered: bool = False
    tilt_deg: float | None = None
    turned: bool = False

    @classmethod
    def read(cls, image: Any) -> "CameraNotes":
        """Read the notes of a photo, from what stands before its pixels; these are not decoded.

        Args:
            image: opened by Pillow.

        Raises:
            PhotoError: its EXIF is damaged.
        """
        tags, gps, exif = read_exif(image)
        utc_s, local_s = _time(gps, exif)
        course, hovered = _course(image, gps)
        return cls(
            _place(image, gps),
            _altitude_m(image, gps),
            utc_s,
            local_s,
            _headings(image, gps),
            course,
            hovered,
            camera_tilt_deg(image),
            tags.get(ExifTags.Base.Orientation, 1) != 1,
        )


def _place(image: Any, gps: Mapping[int, Any]) -> tuple[float, float] | None:
    """The place by EXIF; by XMP where EXIF has none, or has lost all below a second of arc, 30 m."""
    by_exif = None
    if gps.get(_GPS.GPSStatus) != "V":  # void: no satellites, the place is an old one
        by_exif = _usable(
            _degrees(gps.get(_GPS.GPSLatitude), {"N": 1, "S": -1}.get(_text(gps.get(_GPS.GPSLatitudeRef)))),
            _degrees(gps.get(_GPS.GPSLongitude), {"E": 1, "W": -1}.get(_text(gps.get(_GPS.GPSLongitudeRef)))),
        )
    if by_exif is not None:
        seconds = np.multiply(by_exif, 3600)
        if (np.abs(seconds - seconds.round()) > 1e-3).any():
            return by_exif
    return _usable(_first(image, LATITUDES), _first(image, LONGITUDES)) or by_exif


def _usable(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """A place on the earth; receivers without satellites note 0, 0."""
    if latitude is None or longitude is None or latitude == longitude == 0:
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _degrees(value: Any, sign: int | None) -> float | None:
    parts = _three_numbers(value)
    return None if parts is None or sign is None else float(sign * (parts @ [1, 1 / 60, 1 / 3600]))


def _first(image: Any, names: tuple[str, ...]) -> float | None:
    return next((number for name in names if (number := xmp_number(image, name)) is not None), None)


def _altitude_m(image: Any, gps: Mapping[int, Any]) -> float | None:
    height = _number(gps.get(_GPS.GPSAltitude))
    if not height:
        return xmp_number(image, "AbsoluteAltitude") or None
    reference = gps.get(_GPS.GPSAltitudeRef, 0)
    reference = reference[0] if isinstance(reference, bytes) and reference else reference
    return -abs(height) if reference in BELOW_THE_SEA else height


def _time(gps: Mapping[int, Any], exif: Mapping[int, Any]) -> tuple[float | None, float | None]:
    """The time in UTC, and that of a clock of an unknown zone where there is no other."""
    by_receiver, clock = _receiver_s(gps), _clock_s(exif)
    if by_receiver is not None:
        # Receivers note whole seconds, which is 25 m on a motorway; the clock that shows the same second has
        # the rest of it.
        rest = (clock - by_receiver) % ZONES_S if clock is not None and by_receiver % 1 == 0 else 0.0
        return by_receiver + (rest if rest < 1 else 0), None
    if clock is None:
        return None, None
    try:
        zone = datetime.strptime(_text(exif.get(ExifTags.Base.OffsetTimeOriginal)), "%z").utcoffset()
    except ValueError:
        zone = None
    return (None, clock) if zone is None else (clock - zone.total_seconds(), None)


def _receiver_s(gps: Mapping[int, Any]) -> float | None:
    """Seconds since 1970 by the receiver's notes."""
    date, clock = _text(gps.get(_GPS.GPSDateStamp)), _three_numbers(gps.get(_GPS.GPSTimeStamp))
    if clock is None:
        return None
    try:
        day = datetime.strptime(date.replace("-", ":"), "%Y:%m:%d").replace(tzinfo=UTC)
        hours, minutes, seconds = clock
        return seconds_since_1970(day + timedelta(hours=hours, minutes=minutes, seconds=seconds))
    except (ValueError, OverflowError):
        return None


def _clock_s(exif: Mapping[int, Any]) -> float | None:
    """What the camera's clock showed, with parts of a second, as though it showed UTC."""
    parts = _text(exif.get(ExifTags.Base.SubsecTimeOriginal))
    try:
        shown = datetime.strptime(_text(exif.get(ExifTags.Base.DateTimeOriginal)), "%Y:%m:%d %H:%M:%S")
        seconds = seconds_since_1970(shown)
    except ValueError:
        return None
    return seconds + (float(f"0.{parts}") if parts.isdecimal() and parts.isascii() else 0)


def _course(image: Any, gps: Mapping[int, Any]) -> tuple[Bearing | None, bool]:
    """Which way the camera moved, and whether it hovered."""
    course = _number(gps.get(_GPS.GPSTrack))
    if course is not None:
        return Bearing(course, _north(gps.get(_GPS.GPSTrackRef)), "GPSTrack"), False
    north, east = xmp_number(image, "FlightXSpeed"), xmp_number(image, "FlightYSpeed")
    if north is None or east is None:
        return None, False
    if math.hypot(north, east) < LEAST_SPEED_M_PER_S:
        return None, True
    return Bearing(math.degrees(math.atan2(east, north)) % 360, "true", "flight speed"), False


def _headings(image: Any, gps: Mapping[int, Any]) -> tuple[Bearing, ...]:
    """Which way up in the photo points."""
    candidates: list[tuple[float | None, North, str]] = [
        (xmp_number(image, "GimbalYawDegree"), "true", "GimbalYawDegree"),
        (
            _number(gps.get(_GPS.GPSImgDirection)),
            _north(gps.get(_GPS.GPSImgDirectionRef)),
            "GPSImgDirection",
        ),
        # Last: the camera may be turned against the drone.
        (xmp_number(image, "FlightYawDegree"), "true", "FlightYawDegree"),
    ]
    return tuple(Bearing(degrees, north, name) for degrees, north, name in candidates if degrees is not None)


def _north(reference: Any) -> North:
    """Which north a direction counts from: true, EXIF's default, or magnetic."""
    return "magnetic" if reference == "M" else "true"


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip("\0 ")


def _three_numbers(value: Any) -> Float64[np.ndarray, "3"] | None:
    """Degrees, minutes and seconds, or hours, minutes and seconds."""
    numbers = [_number(part) for part in value] if isinstance(value, tuple) else []
    return None if len(numbers) != 3 or None in numbers else np.array(numbers, np.float64)
