"""Tracks that a GPS receiver recorded: where it was at a time, and which way it moved."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64

from upcracknet.errors import DataError
from upcracknet.measure.georeference import metres_per_radian
from upcracknet.measure.gpx import read_gpx

LARGEST_GAP_S = 30.0
"""A track has a point within this many seconds of a photo, or says nothing about it. Longer without a point
it has a gap, as in a tunnel."""

STANDING_M = 25.0
"""Two points that are at most so far apart have no gap between them, however much time passed: many
receivers note nothing while they stand."""

LARGEST_SPEED_M_S = 150.0
"""Faster than cars, trains and drones: a receiver that seems to be was wrong."""

LARGEST_DISTANCE_M = 50.0
"""A track passes a photo's place, or a map, at most this far away, or says nothing about it: farther than
receivers err between buildings, nearer than most parallel roads."""

STEP_M = 10.0
"""A track's direction is that from a place at least this far behind to one at least this far ahead. Receivers
err by less than a metre from one second to the next, so the direction is known within some degrees."""


@dataclass(frozen=True, eq=False)
class Track:
    """A recorded track.

    Attributes:
        segments: its pieces as recorded, each of two points and more. A row is a point: latitude and
            longitude in degrees (WGS 84), and its time in seconds since 1970 (UTC), NaN where there is none.
    """

    segments: tuple[Float64[np.ndarray, "_ 3"], ...]

    @classmethod
    def read(cls, path: str | Path) -> "Track":
        """Read a GPX file, version 1.0 or 1.1.

        Points need no times if the track is for maps only.

        Raises:
            DataError: the file is missing or no GPX, it has no track of two points, a point has no place on
                the earth, or a time has no zone.
        """
        return cls(read_gpx(path))

    @cached_property
    def pieces(self) -> tuple[Float64[np.ndarray, "_ 3"], ...]:
        """The points that have times, in order of time and without gaps, sorted by their first times.

        Of points of one time the first counts. Longitudes go on beyond 180° where a piece crosses that line.
        Segments that follow each other without a gap are one piece; those of two receivers that recorded at
        the same time are two.
        """
        timed = [_in_time(points) for points in self.segments]
        timed = sorted((points for points in timed if len(points)), key=lambda points: float(points[0, 2]))
        chains: list[list[Float64[np.ndarray, "_ 3"]]] = []
        for points in timed:
            if chains and chains[-1][-1][-1, 2] < points[0, 2]:
                chains[-1].append(points)
            else:
                chains.append([points])
        pieces = [piece for chain in chains for piece in _without_gaps(np.concatenate(chain))]
        return tuple(sorted(pieces, key=lambda points: float(points[0, 2])))

    @property
    def span_s(self) -> tuple[float, float] | None:
        """The first and the last time, in seconds since 1970 (UTC); None of a track without times."""
        if not self.pieces:
            return None
        return float(self.pieces[0][0, 2]), max(float(piece[-1, 2]) for piece in self.pieces)

    def covers(self, seconds: Float64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
        """Tell for which times the track tells a place: within it, and not in a gap.

        Args:
            seconds: since 1970 (UTC).
        """
        if not self.pieces:
            return np.zeros(len(seconds), bool)
        starts = np.array([piece[0, 2] for piece in self.pieces])
        ends = np.maximum.accumulate([piece[-1, 2] for piece in self.pieces])
        begun = np.searchsorted(starts, seconds, side="right")
        covered: Bool[np.ndarray, " n"] = (begun > 0) & (seconds <= ends[begun - 1])
        return covered

    def at(self, seconds: float) -> tuple[float, float, float | None]:
        """Compute where the receiver was at a time, between two recorded points, and which way it moved.

        Args:
            seconds: since 1970 (UTC).

        Returns:
            latitude and longitude in degrees (WGS 84), and the course over ground in degrees from true north,
            clockwise, 0 to 360; None where the track does not move by 10 m around that time.

        Raises:
            DataError: the track does not reach the time, has a gap there, or no times.
        """
        for piece in self.pieces:
            if piece[0, 2] <= seconds <= piece[-1, 2]:
                latitude, longitude = _place(piece, seconds)
                return latitude, (longitude + 180) % 360 - 180, _course_deg(piece, seconds)
        span = self._require_span()
        before = [piece[-1, 2] for piece in self.pieces if piece[-1, 2] < seconds]
        after = [piece[0, 2] for piece in self.pieces if piece[0, 2] > seconds]
        if before and after:
            raise DataError(
                f"the track has a gap of {min(after) - max(before):.0f} s at the photo's time, "
                f"{utc_text(seconds)}"
            )
        raise DataError(
            f"the photo is of {utc_text(seconds)}, outside the track, which is of {utc_text(span[0])} to "
            f"{utc_text(span[1])}"
        )

    def course_deg(self, seconds: float, place: tuple[float, float] | None = None) -> float:
        """Compute the course over ground at a time.

        Args:
            seconds: since 1970 (UTC).
            place: where the receiver must have been, within 50 m: latitude and longitude in degrees.

        Returns:
            degrees from true north, clockwise, 0 to 360.

        Raises:
            DataError: the track has no point within 30 s of the time, was elsewhere, or did not move.
        """
        span = self._require_span()
        away_s = [max(piece[0, 2] - seconds, seconds - piece[-1, 2], 0.0) for piece in self.pieces]
        if min(away_s) > LARGEST_GAP_S:
            raise DataError(
                f"the track has no point within {LARGEST_GAP_S:.0f} s of the photo: that is of "
                f"{utc_text(seconds)}, the track of {utc_text(span[0])} to {utc_text(span[1])}"
            )
        piece = self.pieces[int(np.argmin(away_s))]
        if place is not None:
            away_m = distance_m(_place(piece, seconds), place)
            if away_m > LARGEST_DISTANCE_M:
                raise DataError(
                    f"the track was {away_m:.0f} m from the photo's place at its time, expected at most "
                    f"{LARGEST_DISTANCE_M:.0f} m"
                )
        course = _course_deg(piece, seconds)
        if course is None:
            raise DataError(f"the track does not move by {STEP_M:.0f} m around the photo's time")
        return course

    def _require_span(self) -> tuple[float, float]:
        if self.span_s is None:
            raise DataError("the track's points have no times")
        return self.span_s


def step_along(path: Float64[np.ndarray, "n 2"], passed: int) -> Float64[np.ndarray, "2"] | None:
    """Compute the step along a path from 10 m behind a place on it to 10 m ahead.

    Args:
        path: the path's points in order, in metres from the place.
        passed: how many of them lie before the place.

    Returns:
        in metres; where the path begins or ends near the place, the step from or to it. None where the path
        does not leave the place, or returns on itself.
    """
    far = np.flatnonzero(np.hypot(*path.T) >= STEP_M)
    behind, ahead = far[far < passed], far[far >= passed]
    start = path[behind[-1]] if len(behind) else np.zeros(2)
    end = path[ahead[0]] if len(ahead) else np.zeros(2)
    step: Float64[np.ndarray, 2] = end - start
    return step if np.hypot(*step) >= STEP_M else None


def nearest_place(path: Float64[np.ndarray, "n 2"]) -> tuple[Float64[np.ndarray, "2"], int]:
    """Find where a path comes nearest to the origin.

    Args:
        path: two points or more, in order.

    Returns:
        the place, on a point or between two, and how many points lie before it.
    """
    steps = np.diff(path, axis=0)
    squared = np.maximum((steps**2).sum(axis=1), np.finfo(np.float64).tiny)
    shares = np.clip(-(path[:-1] * steps).sum(axis=1) / squared, 0, 1)
    places = path[:-1] + shares[:, None] * steps
    index = int(np.hypot(*places.T).argmin())
    return places[index], index + 1


def distance_m(place: tuple[float, float], other: tuple[float, float]) -> float:
    """Compute how far two places lie apart, in metres; near each other on the WGS 84 ellipsoid.

    Args:
        place: latitude and longitude in degrees.
        other: the same.
    """
    return float(np.hypot(*_on_plane(np.array([other]), np.array(place))[0]))


def utc_text(seconds: float) -> str:
    """Write a time, in seconds since 1970 (UTC), for people."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _in_time(points: Float64[np.ndarray, "_ 3"]) -> Float64[np.ndarray, "_ 3"]:
    """The points that have times, in order of time, the first of each."""
    _, first = np.unique(points[:, 2], return_index=True)
    ordered: Float64[np.ndarray, "_ 3"] = points[first]
    timed: np.ndarray = ordered[np.isfinite(ordered[:, 2])]
    return timed


def _without_gaps(points: Float64[np.ndarray, "_ 3"]) -> list[Float64[np.ndarray, "_ 3"]]:
    """Cut points in order of time where there is a gap, or a leap; longitudes of a piece run on."""
    points[:, 1] = np.unwrap(points[:, 1], period=360)
    leaps = _leaps(points)
    # A single place far away from those before and behind it never was.
    points = points[~np.concatenate([[False], leaps[:-1] & leaps[1:], [False]])] if len(leaps) else points
    pauses = np.flatnonzero(np.diff(points[:, 2]) > LARGEST_GAP_S) + 1
    gaps = [
        after
        for after in pauses
        if np.hypot(*_on_plane(points[after : after + 1, :2], points[after - 1, :2])[0]) > STANDING_M
    ]
    return np.split(points, np.union1d(gaps, np.flatnonzero(_leaps(points)) + 1).astype(int))


def _leaps(points: Float64[np.ndarray, "n 3"]) -> Bool[np.ndarray, " steps"]:
    """From which points in order of time to the next one nothing on a road is fast enough."""
    latitudes, longitudes = np.radians(points[:, :2]).T
    along = np.diff(longitudes) * np.cos((latitudes[1:] + latitudes[:-1]) / 2)
    metres = metres_per_radian(0.0)[0] * np.hypot(np.diff(latitudes), along)
    return np.asarray(metres > LARGEST_SPEED_M_S * np.diff(points[:, 2]))


def _place(piece: Float64[np.ndarray, "_ 3"], seconds: float) -> tuple[float, float]:
    """Latitude and longitude at a time; before and after the piece those of its ends."""
    times = piece[:, 2]
    return float(np.interp(seconds, times, piece[:, 0])), float(np.interp(seconds, times, piece[:, 1]))


def _course_deg(piece: Float64[np.ndarray, "_ 3"], seconds: float) -> float | None:
    """The course at a time; None where the piece does not move."""
    here = np.array(_place(piece, seconds))
    passed = int(np.searchsorted(piece[:, 2], seconds, side="right"))
    reach = 32
    while True:
        # Points near in time are enough, as a rule: a day's track has 100,000.
        start, end = max(passed - reach, 0), min(passed + reach, len(piece))
        path = _on_plane(piece[start:end, :2], here)
        far = np.hypot(*path.T) >= STEP_M
        behind, ahead = far[: passed - start].any() or start == 0, far[passed - start :].any()
        if behind and (ahead or end == len(piece)):
            along = step_along(path, passed - start)
            return None if along is None else math.degrees(math.atan2(*along)) % 360
        reach *= 4


def _on_plane(places: Float64[np.ndarray, "n 2"], origin: Float64[np.ndarray, "2"]) -> np.ndarray:
    """Metres to the east and to the north of a place, exact near it; places are latitude and longitude."""
    east_m, north_m = metres_per_radian(math.radians(origin[0]))
    latitude, longitude = (places - origin).T
    # The short way round, where a track crosses the line at 180°.
    longitude = (longitude + 180) % 360 - 180
    return np.stack([np.radians(longitude) * east_m, np.radians(latitude) * north_m], axis=1)
