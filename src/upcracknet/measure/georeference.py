"""How large the pixels of a georeferenced image are on the ground."""

import math
from typing import Any

import numpy as np
from jaxtyping import Float64

from upcracknet.errors import PhotoError

UNCERTAINTY = 0.01
"""Relative error of lengths: as far as a survey's grid may stretch the ground before the ground counts."""

EQUATORIAL_RADIUS_M = 6378137.0
SQUARED_ECCENTRICITY = 6.69437999014e-3
"""Of the WGS 84 ellipsoid."""


def pixel_size(image: Any) -> float | None:
    """Compute the millimetres of a pixel on the ground: the root of its area, in the middle of the image.

    Args:
        image: opened by rasterio.

    Returns:
        none where the image does not say in which reference system it lies.
    """
    ground = pixel_on_ground(image)
    return None if ground is None else math.sqrt(abs(np.linalg.det(ground)))


def pixel_on_ground(image: Any) -> Float64[np.ndarray, "2 2"] | None:
    """Compute which way on the ground leads a step of a pixel, in the middle of an image.

    The transform may be turned or sheared. A survey's grid (UTM, state plane, in metres or feet) is taken at
    its word; where a projection stretches the ground by more than a per cent of a pixel's area, such as Web
    Mercator, or where the units are degrees, the ground counts: the WGS 84 ellipsoid.

    Args:
        image: opened by rasterio.

    Returns:
        the first column is the step along a row, the second down a column; east and north in millimetres.
        None where the image does not say in which reference system it lies.
    """
    if image.crs is None or image.transform.is_identity:
        return None
    a, b, _, d, e, _ = image.transform[:6]
    ground = _on_ellipsoid(image)
    if not image.crs.is_projected:
        return ground
    grid: np.ndarray = np.array([[a, b], [d, e]]) * (1000 * float(image.crs.linear_units_factor[1]))
    area = abs(np.linalg.det(grid)) if np.isfinite(grid).all() else 0.0
    if not 0 < area < math.inf:  # a damaged transform
        return None
    if ground is None or abs(np.linalg.det(ground) / np.linalg.det(grid) - 1) <= UNCERTAINTY:
        return grid
    return ground


def require_ground(image: Any) -> Float64[np.ndarray, "2 2"]:
    """Compute :func:`pixel_on_ground`, or say what is missing.

    Raises:
        PhotoError: the image has no transform, or no reference system on the earth.
    """
    ground = pixel_on_ground(image)
    if ground is not None and abs(np.linalg.det(ground)) > 0:
        return ground
    if image.crs is None and image.transform.is_identity:
        why = "does not say where it lies on the ground; give its scale as a number"
        if image.gcps[0]:
            why = "is placed by control points alone; straighten it with `gdalwarp` first"
        raise PhotoError(f"{image.name}: {why}")
    system = (
        "no reference system" if image.crs is None else "a reference system that has no place on the earth"
    )
    raise PhotoError(
        f"{image.name}: lies in {system}, so its units are not known; give its scale as a number"
    )


def along_rows(ground: Float64[np.ndarray, "2 2"]) -> Float64[np.ndarray, "2 2"]:
    """Turn, and mirror if need be, steps on the ground so that rows lead to the right and columns down."""
    row, column = ground.T
    length = float(np.hypot(*row))
    return np.array([[length, row @ column / length], [0, abs(np.linalg.det(ground)) / length]])


def _on_ellipsoid(image: Any) -> Float64[np.ndarray, "2 2"] | None:
    """Steps of a pixel in the middle of the image, on the WGS 84 ellipsoid."""
    from rasterio.warp import transform

    # A step of a hundred pixels: single ones vanish in the rounding of degrees.
    column, row, step = image.width / 2, image.height / 2, 100
    places = [
        image.transform * place for place in ((column, row), (column + step, row), (column, row + step))
    ]
    try:
        degrees = transform(image.crs, "EPSG:4326", *zip(*places, strict=True))
    except Exception:  # GDAL has kinds of errors of its own; a local system has no place on the earth
        return None
    longitudes, latitudes = np.radians(degrees[0]), np.radians(degrees[1])
    if not np.isfinite([longitudes, latitudes]).all() or (np.abs(latitudes) > math.pi / 2).any():
        return None
    east_m, north_m = metres_per_radian(latitudes[0])
    # The short way round, where the image lies across the line at 180°.
    east = ((longitudes[1:] - longitudes[0] + math.pi) % (2 * math.pi) - math.pi) * east_m
    north = (latitudes[1:] - latitudes[0]) * north_m
    return np.array([east, north]) / step * 1000


def metres_per_radian(latitude: float) -> tuple[float, float]:
    """Compute how far a radian of longitude leads east, and one of latitude north: on the WGS 84 ellipsoid.

    Args:
        latitude: in radians.
    """
    # Radii of curvature, along the meridian and across it.
    axis = EQUATORIAL_RADIUS_M
    shrinking = 1 - SQUARED_ECCENTRICITY * math.sin(latitude) ** 2
    along, across = axis * (1 - SQUARED_ECCENTRICITY) / shrinking**1.5, axis / math.sqrt(shrinking)
    return across * math.cos(latitude), along
