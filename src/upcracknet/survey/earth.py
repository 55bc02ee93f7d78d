"""Lengths and shapes on the earth: the WGS 84 ellipsoid."""

import math

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.georeference import SQUARED_ECCENTRICITY, metres_per_radian

Places = Float64[np.ndarray, "_ 2"]
"""Places as longitude and latitude in degrees."""

HIGHEST_LATITUDE_DEG = 89.9
"""Nearer to a pole the plane has no end."""


def wrapped(longitudes: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
    """Give longitudes, or differences of them, as -180 up to 180 degrees: the short way round."""
    return (longitudes + 180) % 360 - 180


def distances_m(places: Places) -> Float64[np.ndarray, " _"]:
    """Compute the distance from each place to the next one.

    The radii of curvature are those in the middle between two places. That is right to a millimetre for
    places a kilometre apart, as those of a road are.

    Args:
        places: one or more.

    Returns:
        metres; one less than places.
    """
    steps = np.radians(np.diff(places, axis=0))
    steps[:, 0] = np.radians(wrapped(np.degrees(steps[:, 0])))
    middles = np.radians((places[1:, 1] + places[:-1, 1]) / 2)
    per_radian = np.array([metres_per_radian(middle) for middle in middles]).reshape(-1, 2)
    lengths: np.ndarray = np.hypot(*(steps * per_radian).T)
    return lengths


def on_plane(places: Places, origin_deg: float) -> Places:
    """Draw places on a plane that keeps shapes: Mercator's, of the ellipsoid.

    Lengths on it are true up to a factor, which is the same in all directions; see :func:`metres_per_unit`.

    Args:
        places: longitude and latitude in degrees.
        origin_deg: longitude in the middle of the plane; its edge is on the other side of the earth.

    Returns:
        x to the east, y to the north, in radians at the equator.
    """
    sine = np.sin(np.radians(np.clip(places[:, 1], -HIGHEST_LATITUDE_DEG, HIGHEST_LATITUDE_DEG)))
    eccentricity = math.sqrt(SQUARED_ECCENTRICITY)
    # The isometric latitude: Snyder, Map Projections, USGS Professional Paper 1395, equation 7-7.
    north = np.arctanh(sine) - eccentricity * np.arctanh(eccentricity * sine)
    return np.stack([np.radians(wrapped(places[:, 0] - origin_deg)), north], axis=1)


def metres_per_unit(latitude_deg: float) -> float:
    """Compute how long a step of 1 on the plane is in metres, at a latitude."""
    east_m, _ = metres_per_radian(math.radians(latitude_deg))
    return east_m
