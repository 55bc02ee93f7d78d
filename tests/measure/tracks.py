"""Tracks for tests: as GPX, and along a straight line."""

import math
from datetime import UTC, datetime

import numpy as np

from upcracknet.measure.track import Track

START = datetime(2024, 5, 1, 10, 0, 0, tzinfo=UTC).timestamp()


def point(latitude, longitude, time: str | None = None) -> str:
    inside = "" if time is None else f"<ele>34.5</ele><time> {time} </time>"
    return f'<trkpt lat="{latitude}" lon="{longitude}">{inside}</trkpt>'


def gpx(*segments: list[str], version: str | None = "1/1") -> str:
    """A GPX file of one track of several pieces."""
    space = "" if version is None else f' xmlns="http://www.topografix.com/GPX/{version}"'
    pieces = "".join(f"<trkseg>{''.join(points)}</trkseg>" for points in segments)
    return f"<gpx{space}><metadata/><trk><name>road</name>{pieces}</trk></gpx>"


def straight(course: float, seconds: int = 60, speed: float = 10.0, start=(52.0, 13.0)) -> Track:
    """A point a second along a straight line, from 10:00:00 UTC; the course in degrees from north, in m/s."""
    away = np.arange(seconds + 1) * speed
    # Metres of a degree of latitude and of longitude on the WGS 84 ellipsoid at 52°.
    latitude = start[0] + away * np.cos(np.radians(course)) / 111_267.0
    longitude = start[1] + away * np.sin(np.radians(course)) / 68_678.0
    return Track((np.stack([latitude, longitude, START + np.arange(seconds + 1.0)], axis=1),))


def bearing(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The great circle's initial bearing on a sphere."""
    (p, x), (q, y) = np.radians(a), np.radians(b)
    return (
        math.degrees(
            math.atan2(
                math.sin(y - x) * math.cos(q),
                math.cos(p) * math.sin(q) - math.sin(p) * math.cos(q) * math.cos(y - x),
            )
        )
        % 360
    )
