"""Georeferenced images in and out, window by window, by rasterio."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.photo import load_photo
from upcracknet.detection.tiling import Tile
from upcracknet.errors import ConfigurationError, OutputError, PhotoError

TILE = 512
"""Side of the tiles of written GeoTIFFs, in pixels."""

GEOTIFF = {
    "driver": "GTiff", "count": 1, "tiled": True, "blockxsize": TILE, "blockysize": TILE,
    "compress": "deflate", "bigtiff": "if_safer",
}  # fmt: skip

GDAL_CACHE = 64
"""Megabytes of decoded blocks that GDAL keeps; by default it takes a share of the machine's memory."""


class Windows:
    """Windows of an image as RGB, what it does not show in white."""

    def __init__(self, image: Any, path: Path) -> None:
        self.image, self.path = image, path
        self.bands = list(range(1, min(image.count, 3) + 1)) if image.count != 2 else [1]
        # GDAL names an alpha band; a mask of all ones need not be read.
        from rasterio.enums import MaskFlags

        self.partial = any(MaskFlags.all_valid not in flags for flags in image.mask_flag_enums)

    def read(self, tile: Tile) -> UInt8[np.ndarray, "th tw 3"]:
        """Pixels of a tile; what lies beyond the image is its mirror image."""
        from rasterio.windows import Window

        height = min(tile.height, self.image.height - tile.top)
        width = min(tile.width, self.image.width - tile.left)
        window = Window(tile.left, tile.top, width, height)
        photo = self._rgb(window=window)
        below, right = tile.height - height, tile.width - width
        if below or right:
            photo = cv2.copyMakeBorder(photo, 0, below, 0, right, cv2.BORDER_REFLECT_101)
        return np.ascontiguousarray(photo)

    def seen(self, top: int, height: int) -> Bool[np.ndarray, "h w"]:
        """Where the image shows anything, of some rows."""
        from rasterio.windows import Window

        if not self.partial:
            return np.ones((height, self.image.width), bool)
        with _one_line(self.path):
            mask = self.image.dataset_mask(window=Window(0, top, self.image.width, height))
        return np.asarray(mask) > 0

    def small(self, height: int, width: int) -> UInt8[np.ndarray, "h w 3"]:
        """The whole image, shrunk."""
        return self._rgb(out_shape=(height, width))

    def _rgb(self, **how: Any) -> UInt8[np.ndarray, "h w 3"]:
        shape = {"out_shape": (len(self.bands), *how["out_shape"])} if "out_shape" in how else how
        with _one_line(self.path):
            values = self.image.read(self.bands, **shape)
            if np.issubdtype(values.dtype, np.floating):
                values = np.nan_to_num(values, nan=1.0)
            photo = load_photo(np.moveaxis(values, 0, -1)).copy()
            if self.partial:
                photo[self.image.dataset_mask(**how) == 0] = 255
        return photo


def write_geotiff(path: Path, image: Any, kind: type[np.generic], rows: Iterator[np.ndarray]) -> None:
    """A GeoTIFF where the image lies, whole or not at all, its blocks each written once."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.windows import Window

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.part.tif")
    profile = GEOTIFF | {"width": image.width, "height": image.height, "dtype": kind}
    profile |= {"crs": image.crs, "transform": image.transform}
    try:
        with rasterio.open(partial, "w", **profile) as file:
            for top, block in _in_blocks(rows):
                file.write(block, 1, window=Window(0, top, image.width, len(block)))
        factors = [2**power for power in range(1, 12) if max(image.width, image.height) >> power >= TILE]
        if factors:
            with rasterio.open(partial, "r+") as file:
                file.build_overviews(factors, Resampling.average)
        partial.replace(path)
    except rasterio.errors.RasterioError as error:
        raise OutputError(
            f"cannot write {path}: {error}; choose another folder or free some space"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


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
    """Millimetres of a pixel on the ground, where the image is georeferenced in metres or feet."""
    if image.crs is None or not image.crs.is_projected:
        return None
    metres = image.crs.linear_units_factor[1]
    across, down = image.res
    return float(np.sqrt(across * down) * metres * 1000)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An image for reading in windows.

    Raises:
        PhotoError: it cannot be read.
        ConfigurationError: rasterio is not installed.
    """
    if find_spec("rasterio") is None:
        raise ConfigurationError(
            "images in windows need rasterio; install it with `pip install 'upcracknet[survey]'`"
        )
    import rasterio

    with warnings.catch_warnings(), rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with _one_line(path):
            image = rasterio.open(path)
        with image:
            yield image


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    import rasterio

    try:
        yield
    except rasterio.errors.RasterioError as error:
        raise PhotoError(
            f"{path}: cannot be read ({' '.join(str(error).split())}); it may be damaged, copy it again"
        ) from error
    except PhotoError as error:
        raise PhotoError(str(error).replace("array:", f"{path}:", 1)) from error
