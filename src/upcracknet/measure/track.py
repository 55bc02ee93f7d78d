"""Tracks that a GPS receiver recorded (GPX), and which way they lead.

Python's own XML parser reads them: of a GPX file only points and times are needed, and libraries for GPX give
the nearest recorded point, not the place in between.
"""

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from jaxtyping import Float64

from upcracknet.errors import DataError
from upcracknet.files import one_line
from upcracknet.measure.georeference import metres_per_radian

LARGEST_GAP_S = 30.0
"""A track has a point within this many seconds of a photo, or says nothing about it."""

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
        segments: its unbroken pieces, each of two points and more. A row is a point: latitude and longitude
            in degrees (WGS 84), and its time in seconds since 1970 (UTC), NaN where there is none.
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
        # A GPX file needs no document type, and without one there are no entities that grow without end.
        parser = ElementTree.XMLParser(target=_WithoutDocumentType())
        try:
            root = ElementTree.parse(path, parser).getroot()
        except FileNotFoundError as error:
            raise DataError(f"{path}: no such file; give a GPX file") from error
        except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:
            raise DataError(f"{path}: cannot be read as GPX ({one_line(error)})") from error
        if root.tag.rpartition("}")[2] != "gpx":
            raise DataError(f"{path}: is no GPX file; give the track that the receiver recorded, as GPX")
        pieces = root.findall("{*}trk/{*}trkseg")
        segments = [[_point(point, path) for point in piece.findall("{*}trkpt")] for piece in pieces]
        if all(len(points) < 2 for points in segments):
            raise DataError(
                f"{path}: has no track of two points or more (trkseg, trkpt); routes and single places are "
                "not enough"
            )
        return cls(tuple(np.array(points, np.float64) for points in segments if len(points) > 1))

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
        timed = [segment[np.isfinite(segment[:, 2])] for segment in self.segments]
        gaps = [np.abs(points[:, 2] - seconds).min(initial=math.inf) for points in timed]
        if min(gaps) == math.inf:
            raise DataError("the track's points have no times")
        if min(gaps) > LARGEST_GAP_S:
            times = np.concatenate(timed)[:, 2]
            raise DataError(
                f"the track has no point within {LARGEST_GAP_S:.0f} s of the photo: that is of "
                f"{_clock(seconds)}, the track of {_clock(times.min())} to {_clock(times.max())}"
            )
        points = timed[int(np.argmin(gaps))]
        points = points[np.argsort(points[:, 2], kind="stable")]
        times = points[:, 2]
        origin = points[np.abs(times - seconds).argmin(), :2]
        path = _on_plane(points[:, :2], origin)
        here = np.array([np.interp(seconds, times, path[:, 0]), np.interp(seconds, times, path[:, 1])])
        if place is not None:
            away = float(np.hypot(*(_on_plane(np.array([place]), origin)[0] - here)))
            if away > LARGEST_DISTANCE_M:
                raise DataError(
                    f"the track was {away:.0f} m from the photo's place at its time, expected at most "
                    f"{LARGEST_DISTANCE_M:.0f} m"
                )
        passed = int(np.searchsorted(times, seconds, side="right"))
        along = step_along(path - here, passed)
        if along is None:
            raise DataError(f"the track does not move by {STEP_M:.0f} m around the photo's time")
        return math.degrees(math.atan2(*along)) % 360


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


class _WithoutDocumentType(ElementTree.TreeBuilder):
    """Refuses a document type as soon as it begins, before the entities in it."""

    def doctype(self, name: str, _public: str | None, _system: str | None) -> None:
        raise ValueError(f"it has a document type, {name}, which no GPX needs")


def _point(point: ElementTree.Element, path: str | Path) -> tuple[float, float, float]:
    """Latitude, longitude and time of a track's point."""
    try:
        latitude, longitude = float(point.get("lat", "")), float(point.get("lon", ""))
    except ValueError:
        latitude = longitude = math.nan
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise DataError(
            f"{path}: a point has lat {point.get('lat')!r:.40} and lon {point.get('lon')!r:.40}; expected "
            "degrees, up to 90 and up to 180"
        )
    text = (point.findtext("{*}time") or "").strip()
    if not text:
        return latitude, longitude, math.nan
    time = None
    with suppress(ValueError):
        time = datetime.fromisoformat(text)
    if time is None or time.tzinfo is None:
        raise DataError(
            f"{path}: a point has the time {text[:40]!r}; expected UTC, such as 2024-05-01T10:00:00Z"
        )
    return latitude, longitude, time.timestamp()


def _on_plane(places: Float64[np.ndarray, "n 2"], origin: Float64[np.ndarray, "2"]) -> np.ndarray:
    """Metres to the east and to the north of a place, exact near it; places are latitude and longitude."""
    east_m, north_m = metres_per_radian(math.radians(origin[0]))
    latitude, longitude = (places - origin).T
    # The short way round, where a track crosses the line at 180°.
    longitude = (longitude + 180) % 360 - 180
    return np.stack([np.radians(longitude) * east_m, np.radians(latitude) * north_m], axis=1)


def _clock(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
