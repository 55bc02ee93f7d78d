"""The course of a synthetic drive: a winding road on the earth, and a car on it at an even speed."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.georeference import metres_per_radian

_STEP_M = 0.1  # between two places of the road, when it is laid out
_PERIOD_M = 400.0  # the road winds once in so many metres
_SWING_DEG = 40.0  # to each side


@dataclass(frozen=True)
class Course:
    """A winding road and a car on it.

    Attributes:
        latitude: where it begins, in degrees (WGS 84).
        longitude: likewise; the road may cross the line at 180°.
        heading_deg: the road's mean direction, in degrees from true north, clockwise.
        speed_m_per_s: of the car.
        begins: when the car leaves, in UTC.
    """

    latitude: float = 51.4934
    longitude: float = -0.0098
    heading_deg: float = 70.0
    speed_m_per_s: float = 8.3
    begins: datetime = datetime(2025, 5, 6, 9, 30, tzinfo=UTC)

    def places(self, chainages_m: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, "n 3"]:
        """Give latitude, longitude and course, all in degrees, at distances along the road.

        Args:
            chainages_m: metres along the road from its beginning, 0 or more.
        """
        at = np.arange(0.0, float(chainages_m.max(initial=0.0)) + 2 * _STEP_M, _STEP_M)
        courses = self._course_rad(at)
        middles = (courses[1:] + courses[:-1]) / 2
        east, north = (
            np.interp(chainages_m, at, np.concatenate([[0.0], np.cumsum(step(middles) * _STEP_M)]))
            for step in (np.sin, np.cos)
        )
        east_m, north_m = metres_per_radian(math.radians(self.latitude))
        longitudes = (self.longitude + np.degrees(east / east_m) + 180) % 360 - 180
        courses_deg = np.degrees(self._course_rad(chainages_m)) % 360
        return np.column_stack([self.latitude + np.degrees(north / north_m), longitudes, courses_deg])

    def time(self, chainage_m: float) -> datetime:
        """Give when the car passes a place, in UTC."""
        return self.begins + timedelta(seconds=chainage_m / self.speed_m_per_s)

    def gpx(self, length_m: float) -> bytes:
        """Write the track that a receiver records, a point each second, as GPX 1.1.

        Args:
            length_m: metres to drive; the track ends with the first point beyond.
        """
        seconds = np.arange(math.ceil(length_m / self.speed_m_per_s) + 1)
        points = [
            f'<trkpt lat="{latitude:.8f}" lon="{longitude:.8f}">'
            f"<time>{self.begins + timedelta(seconds=int(second)):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
            for second, (latitude, longitude, _) in zip(
                seconds, self.places(seconds * self.speed_m_per_s), strict=True
            )
        ]
        return "\n".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>',
                '<gpx version="1.1" creator="upcracknet" xmlns="http://www.topografix.com/GPX/1/1">',
                "<trk><trkseg>",
                *points,
                "</trkseg></trk></gpx>\n",
            ]
        ).encode()

    def _course_rad(self, chainages_m: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        turn = _SWING_DEG * np.sin(2 * np.pi * chainages_m / _PERIOD_M)
        return np.asarray(np.radians(self.heading_deg + turn))
