"""Writing GeoTIFFs where an image lies, and how large its pixels are on the ground."""

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.errors import OutputError
from upcracknet.files import one_line, replacing

TILE = 512
"""Side of the tiles of written GeoTIFFs, in pixels."""

PROFILE = {
    "driver": "GTiff", "count": 1, "tiled": True, "blockxsize": TILE, "blockysize": TILE,
    "compress": "deflate", "bigtiff": "if_safer",
}  # fmt: skip


def write_geotiff(
    path: Path,
    image: Any,
    size: tuple[int, int],
    kind: type[np.generic],
    rows: Iterator[np.ndarray],
    scratch: Path,
) -> None:
    """Write a GeoTIFF where an image lies, whole or not at all, its blocks each written once.

    Args:
        path: the file.
        image: opened by rasterio; its place is taken over.
        size: height and width in pixels.
        kind: type of the values.
        rows: the values from the top, some rows at a time.
        scratch: folder for the half-written file.

    Raises:
        OutputError: it cannot be written.
    """
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.windows import Window

    height, width = size
    profile = PROFILE | {"width": width, "height": height, "dtype": kind}
    points, system = image.gcps
    if image.crs is not None or not image.transform.is_identity:
        profile |= {"crs": image.crs, "transform": image.transform}
    elif points:
        profile |= {"gcps": points, "crs": system}
    with replacing(path, suffix=".tif", scratch=scratch) as partial:
        checksum = 0
        try:
            with rasterio.open(partial, "w", **profile) as file:
                for top, block in _in_blocks(rows):
                    file.write(block, 1, window=Window(0, top, width, len(block)))
                    checksum = zlib.crc32(block.tobytes(), checksum)
            factors = [2**power for power in range(1, 12) if max(size) >> power >= TILE]
            if factors:
                with rasterio.open(partial, "r+") as file:
                    file.build_overviews(factors, Resampling.average)
            _require_readable(partial, checksum, len(factors))
        except rasterio.errors.RasterioError as error:
            raise OutputError(
                f"cannot write {path}: {one_line(error)}; choose another folder or free some space"
            ) from error


def _require_readable(path: Path, checksum: int, overviews: int) -> None:
    """Read a file again: GDAL does not say when a disk was full while it closed the file."""
    import rasterio
    from rasterio.windows import Window

    for level in (None, *range(overviews)):
        options = {} if level is None else {"overview_level": level}
        with rasterio.open(path, **options) as file:
            found = 0
            for top in range(0, file.height, TILE):
                rows = Window(0, top, file.width, min(TILE, file.height - top))
                found = zlib.crc32(file.read(1, window=rows).tobytes(), found)
        if level is None and found != checksum:
            raise rasterio.errors.RasterioIOError("what was written cannot be read again; is the disk full?")


def _in_blocks(rows: Iterator[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Rows in the heights of the file's tiles: a compressed tile that is written twice takes place twice."""
    top, held = 0, list[np.ndarray]()
    for block in rows:
        held.append(block)
        while sum(map(len, held)) >= TILE:
            together = np.concatenate(held)
            yield top, together[:TILE]
            top, held = top + TILE, [together[TILE:]]
    together = np.concatenate(held) if held else np.empty((0, 0))
    if len(together):
        yield top, together


def pixel_size(image: Any) -> float | None:
    """Compute the millimetres of a pixel on the ground: the root of its area, in the middle of the image.

    The transform may be turned or sheared. A survey's grid (UTM, state plane, in metres or feet) is taken at
    its word; where a projection stretches the ground by more than a per cent, such as Web Mercator, or
    where the units are degrees, the ground counts.

    Args:
        image: opened by rasterio.

    Returns:
        none where the image does not say in which reference system it lies.
    """
    if image.crs is None or image.transform.is_identity:
        return None
    a, b, _, d, e, _ = image.transform[:6]
    grid = None
    if image.crs.is_projected:
        grid = abs(a * e - b * d) * image.crs.linear_units_factor[1] ** 2
    ground = _ground_area(image)
    if ground is None:
        area = grid
    elif grid is None or abs(ground / grid - 1) > 0.01:
        area = ground
    else:
        area = grid
    return None if area is None else math.sqrt(area) * 1000


def _ground_area(image: Any) -> float | None:
    """Square metres of a pixel in the middle of the image, on the ellipsoid."""
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
    if not np.isfinite([longitudes, latitudes]).all():
        return None
    # Radii of curvature of the WGS 84 ellipsoid, along the meridian and across it.
    squared_eccentricity, axis = 6.69437999014e-3, 6378137.0
    shrinking = 1 - squared_eccentricity * math.sin(latitudes[0]) ** 2
    along, across = axis * (1 - squared_eccentricity) / shrinking**1.5, axis / math.sqrt(shrinking)
    east = (longitudes[1:] - longitudes[0]) * across * math.cos(latitudes[0])
    north = (latitudes[1:] - latitudes[0]) * along
    return abs(float(east[0] * north[1] - east[1] * north[0])) / step**2
