"""Places of the earth in space, where distances and directions are those of vectors, also across 180°."""

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.georeference import EQUATORIAL_RADIUS_M, SQUARED_ECCENTRICITY

Vectors = Float64[np.ndarray, "_ 3"]


def in_space(places: Float64[np.ndarray, "_ 2"]) -> Vectors:
    """Give places on the WGS 84 ellipsoid as vectors from the middle of the earth.

    Args:
        places: longitude and latitude in degrees.

    Returns:
        metres. Two places a kilometre apart are nearer to each other by less than 0.1 mm than along the road.
    """
    longitudes, latitudes = np.radians(places).T
    across = EQUATORIAL_RADIUS_M / np.sqrt(1 - SQUARED_ECCENTRICITY * np.sin(latitudes) ** 2)
    return np.column_stack(
        [
            across * np.cos(latitudes) * np.cos(longitudes),
            across * np.cos(latitudes) * np.sin(longitudes),
            across * (1 - SQUARED_ECCENTRICITY) * np.sin(latitudes),
        ]
    )


def sampled(line: Float64[np.ndarray, "_ 2"], step_m: float) -> tuple[Vectors, Vectors]:
    """Walk along a line.

    Args:
        line: longitude and latitude in degrees.
        step_m: metres between two samples, about.

    Returns:
        the middles of even steps in space, in metres, and the directions there, of length 1. A line without
        length has none.
    """
    if len(line) < 2:
        return np.zeros((0, 3)), np.zeros((0, 3))
    corners = in_space(line)
    lengths = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    if along[-1] == 0:
        return np.zeros((0, 3)), np.zeros((0, 3))
    ends = np.linspace(0, along[-1], max(1, round(along[-1] / step_m)) + 1)
    points = np.column_stack([np.interp(ends, along, corner) for corner in corners.T])
    steps = np.diff(points, axis=0)
    directions = steps / np.maximum(np.linalg.norm(steps, axis=1), 1e-9)[:, None]
    return (points[1:] + points[:-1]) / 2, directions
