"""Writing GeoTIFFs where an image lies."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.errors import OutputError
from upcracknet.files import one_line, replacing
from upcracknet.results.opening import open_dataset

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
    scratch: Path | None,
) -> None:
    """Write a GeoTIFF where an image lies, whole or not at all, its blocks each written once.

    Args:
        path: the file.
        image: opened by rasterio; its place is taken over.
        size: height and width in pixels.
        kind: type of the values.
        rows: the values from the top, some rows at a time.
        scratch: folder for the half-written file; None takes the file's own.

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
            with open_dataset(partial, "w", **profile) as file:
                for top, block in _in_blocks(rows):
                    file.write(block, 1, window=Window(0, top, width, len(block)))
                    checksum = zlib.crc32(block.tobytes(), checksum)
            factors = [2**power for power in range(1, 12) if max(size) >> power >= TILE]
            if factors:
                with open_dataset(partial, "r+") as file:
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
        with open_dataset(path, **options) as file:
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
