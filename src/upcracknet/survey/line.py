"""The course of a road: its places in order, how far along it each lies (chainage), and what lies on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64, Int64

from upcracknet.measure.track import LARGEST_DISTANCE_M
from upcracknet.survey.earth import Places, distances_m, metres_per_unit, on_plane, wrapped

ON_THE_MILLIMETRE = 3
"""Chainages are rounded to so many digits of a metre: what is asked to lie on a boundary lies on it."""


@dataclass(frozen=True, eq=False)
class Road:
    """A line that sections are cut from.

    Attributes:
        name: None where it has none.
        places: n×2, two and more in order, as longitude and latitude in degrees (WGS 84).
        moments: when a camera was there, rising, in any unit; None where that is not known.
    """

    name: str | None
    places: Places
    moments: Float64[np.ndarray, " n"] | None = None

    @cached_property
    def chainage_m(self) -> Float64[np.ndarray, " n"]:
        """How far along the road each place lies, in metres on the ellipsoid; the first at 0."""
        return np.concatenate([[0.0], np.cumsum(distances_m(self.places))])

    @property
    def length_m(self) -> float:
        """Its length in metres."""
        return float(self.chainage_m[-1])

    def between(self, start_m: float, end_m: float) -> tuple[tuple[float, float], ...]:
        """Cut out the line from one chainage to another.

        Returns:
            its places as longitude and latitude in degrees, two and more.
        """
        inside = (self.chainage_m > start_m) & (self.chainage_m < end_m)
        wanted = np.concatenate([[start_m], self.chainage_m[inside], [end_m]])
        first = self.places[0, 0]
        from_first = np.cumsum(np.concatenate([[0.0], wrapped(np.diff(self.places[:, 0]))]))
        longitudes = wrapped(first + np.interp(wanted, self.chainage_m, from_first))
        latitudes = np.interp(wanted, self.chainage_m, self.places[:, 1])
        return tuple(zip(longitudes.tolist(), latitudes.tolist(), strict=True))


@dataclass(frozen=True)
class OnRoad:
    """Where a photo lies along the roads.

    Attributes:
        road: place of the road in the sequence, from 0.
        chainage_m: how far along it, in metres.
    """

    road: int
    chainage_m: float


class Segments:
    """The straight pieces of all roads, on one plane."""

    def __init__(self, roads: Sequence[Road]) -> None:
        self._roads = roads
        self._origin_deg = float(roads[0].places[0, 0])
        planes = [on_plane(road.places, self._origin_deg) for road in roads]
        self._starts = np.concatenate([plane[:-1] for plane in planes])
        self._steps = np.concatenate([np.diff(plane, axis=0) for plane in planes])
        self._starts_m = np.concatenate([road.chainage_m[:-1] for road in roads])
        self._lengths_m = np.concatenate([np.diff(road.chainage_m) for road in roads])
        counts = [len(plane) - 1 for plane in planes]
        self._of_road = np.repeat(np.arange(len(roads)), counts)
        self._first = np.concatenate([[0], np.cumsum(counts)])

    def find(self, places: Places, moments: Sequence[float | None]) -> list[OnRoad | None]:
        """Find where photos lie along the roads.

        A photo lies where its road was at its moment, if that is near its place, and otherwise on the nearest
        road: the clock of a photo that has a place of its own may be wrong.

        Args:
            places: of the photos, m×2, as longitude and latitude in degrees.
            moments: when they were taken, in the unit of the roads' own moments.

        Returns:
            one for each photo; None for those farther than 50 m from all roads.
        """
        points = on_plane(places, self._origin_deg)
        latitudes = places[:, 1].tolist()
        segments = self._nearest(points)
        for number, moment in enumerate(moments):
            there = None if moment is None else self._at(moment, points[number])
            if there is not None and self._is_near(points[number], there, latitudes[number]):
                segments[number] = there
        shares, away = self._along(points, segments)
        chainage_m = np.round(
            self._starts_m[segments] + shares * self._lengths_m[segments], ON_THE_MILLIMETRE
        )
        return [
            OnRoad(int(self._of_road[segment]), float(metres))
            if distance * metres_per_unit(latitude) <= LARGEST_DISTANCE_M
            else None
            for segment, metres, distance, latitude in zip(segments, chainage_m, away, latitudes, strict=True)
        ]

    def _nearest(self, points: Places) -> Int64[np.ndarray, " m"]:
        import shapely

        lines = shapely.linestrings(np.stack([self._starts, self._starts + self._steps], axis=1))
        nearest = shapely.STRtree(lines).query_nearest(shapely.points(points), all_matches=False)
        return np.asarray(nearest[1], np.int64)

    def _at(self, moment: float, point: Float64[np.ndarray, "2"]) -> int | None:
        """The segment that a camera was on at a moment, or one beside it that is nearer to the place."""
        for number, road in enumerate(self._roads):
            if road.moments is None or not road.moments[0] <= moment <= road.moments[-1]:
                continue
            passed = int(self._first[number] + np.searchsorted(road.moments, moment, side="right")) - 1
            last = int(self._first[number + 1]) - 1
            near = np.unique(np.clip([passed - 1, passed, passed + 1], self._first[number], last))
            _, away = self._along(np.tile(point, (len(near), 1)), near)
            return int(near[away.argmin()])
        return None

    def _is_near(self, point: Float64[np.ndarray, "2"], segment: int, latitude: float) -> bool:
        _, away = self._along(point[None], np.array([segment]))
        return float(away[0]) * metres_per_unit(latitude) <= LARGEST_DISTANCE_M

    def _along(
        self, points: Places, segments: Int64[np.ndarray, " m"]
    ) -> tuple[Float64[np.ndarray, " m"], Float64[np.ndarray, " m"]]:
        """How far along its segment each point lies, 0 to 1, and how far away from it on the plane."""
        steps, offsets = self._steps[segments], points - self._starts[segments]
        squared = np.maximum((steps**2).sum(axis=1), np.finfo(np.float64).tiny)
        shares = np.clip((offsets * steps).sum(axis=1) / squared, 0, 1)
        return shares, np.hypot(*(offsets - shares[:, None] * steps).T)
