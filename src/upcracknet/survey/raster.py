"""Images of any size, read in windows, scored in tiles, written in windows: memory stays as it is."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from upcracknet.data.photo import photo_size, save_image_atomically
from upcracknet.detection import CrackDetector, CrackMap
from upcracknet.detection.blockwise import Rows, level_of_rows, mask_rows, scored_rows
from upcracknet.detection.detector import tile_of
from upcracknet.errors import OutputError, PhotoError
from upcracknet.survey.geotiff import TILE, Windows, opened, pixel_size, write_geotiff

LARGE = 100_000_000
"""Pixels from which on an image is read in windows: 300 MB as RGB, 800 MB more as scores."""

PREVIEW = 2048
"""Longest side of the overlay of a large image, in pixels."""


@dataclass(frozen=True)
class RasterResult:
    """What was found in an image that is not held.

    Attributes:
        width: of the image, in pixels.
        height: of the image, in pixels.
        crack_pixels: number of crack pixels.
        valid_pixels: number of pixels that show anything; the others carry the mark of no data.
        threshold: score above which a pixel was called crack.
        millimetres_per_pixel: size of a pixel on the ground, where the image is georeferenced in metres.
    """

    width: int
    height: int
    crack_pixels: int
    valid_pixels: int
    threshold: float
    millimetres_per_pixel: float | None

    @property
    def area_share(self) -> float:
        """Share of what the image shows that is crack, in [0, 1]."""
        return self.crack_pixels / max(1, self.valid_pixels)


def is_for_windows(path: Path) -> bool:
    """Whether an image is to be read in windows: it is very large, or a TIFF that knows where it lies.

    Without rasterio no image is.
    """
    if find_spec("rasterio") is None:
        return False
    is_tiff = path.suffix.lower() in (".tif", ".tiff")
    if not is_tiff:
        try:
            height, width = photo_size(path)
        except PhotoError as error:
            return "expected at most" in str(error)  # too large to be opened whole
        return height * width > LARGE
    try:
        with opened(path) as image:
            return image.crs is not None or image.width * image.height > LARGE
    except PhotoError:
        return False


def detect_raster(
    detector: CrackDetector,
    path: Path,
    mask: Path,
    *,
    overlay: Path | None = None,
    score: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> RasterResult:
    """Find the cracks of an image of any size, a window at a time.

    The scores are those of the whole image, tile by tile; they lie in a file beside the mask meanwhile, four
    bytes a pixel. An orientation that a camera stored is not applied: rasters have none.

    Args:
        detector: finds the cracks of tiles.
        path: an image that GDAL reads; grey, RGB, or with further bands, of which the first three count.
        mask: GeoTIFF to write: 255 is crack; tiled, compressed, with overviews, where the image lies.
        overlay: PNG or JPEG to write: the image, shrunk, with its cracks in red.
        score: GeoTIFF to write: 65535 is a score of 1.
        progress: told the number of tiles done and of all.

    Raises:
        PhotoError: the image cannot be read, or is too small.
        OutputError: a file cannot be written.
        ConfigurationError: rasterio is not installed.
    """
    with opened(path) as image:
        size = image.height, image.width
        tile, overlap = tile_of(detector, size, str(path))
        window = Windows(image, path)
        raw = mask.with_name(f".{mask.name}.{os.getpid()}.scores")
        try:
            mask.parent.mkdir(parents=True, exist_ok=True)
            rows = scored_rows(
                detector.scorer, window.read, size, tile, overlap,
                batch_size=detector.tiles_at_once(tile), progress=progress,
            )  # fmt: skip
            stored = _Stored(raw, image.width, rows)
            level = level_of_rows(detector.threshold, stored.rows)
            crack, valid = 0, 0

            def counted() -> Iterator[UInt8[np.ndarray, "_h w"]]:
                nonlocal crack, valid
                top = 0
                found = mask_rows(
                    stored.rows, level, detector.threshold.minimum_extent, detector.threshold.hysteresis
                )
                for block in found:
                    seen = window.seen(top, len(block))
                    block &= seen
                    crack, valid = crack + int(block.sum()), valid + int(seen.sum())
                    top += len(block)
                    yield block.astype(np.uint8) * np.uint8(255)

            write_geotiff(mask, image, np.uint8, counted())
            if score is not None:
                scaled = (np.rint(block.clip(0, 1) * 65535).astype(np.uint16) for block in stored.rows())
                write_geotiff(score, image, np.uint16, scaled)
        except OSError as error:
            raise OutputError(
                f"cannot write {mask}: {error.strerror or error}; choose another folder or free some space "
                f"({4 * size[0] * size[1] / 1e9:.1f} GB are needed for a while)"
            ) from error
        finally:
            with suppress(OSError):
                raw.unlink(missing_ok=True)
        millimetres = pixel_size(image)
        if overlay is not None:
            _save_preview(overlay, window, mask, level)
    return RasterResult(size[1], size[0], crack, valid, level, millimetres)


class _Stored:
    """A score map in a file, some rows at a time."""

    def __init__(self, path: Path, width: int, rows: Rows) -> None:
        self.path, self.width, self.heights = path, width, list[int]()
        with path.open("wb") as file:
            for block in rows:
                block.astype(np.float32, copy=False).tofile(file)
                self.heights.append(len(block))

    def rows(self) -> Rows:
        with self.path.open("rb") as file:
            for height in self.heights:
                block = np.fromfile(file, np.float32, height * self.width)
                yield block.reshape(height, self.width)


def _save_preview(path: Path, windows: Windows, mask: Path, level: float) -> None:
    import rasterio

    height, width = windows.image.height, windows.image.width
    factor = max(1.0, max(height, width) / PREVIEW)
    size = max(1, round(height / factor)), max(1, round(width / factor))
    photo = windows.small(*size)
    # Every part of the mask counts: a hairline would vanish between the pixels of the preview.
    reduced = np.zeros(size, bool)
    with rasterio.open(mask) as file:
        for top in range(0, height, TILE):
            rows = min(TILE, height - top)
            block = file.read(1, window=rasterio.windows.Window(0, top, width, rows))
            y, x = np.nonzero(block)
            reduced[
                np.minimum(((y + top) / factor).astype(int), size[0] - 1),
                np.minimum((x / factor).astype(int), size[1] - 1),
            ] = True
    shown = CrackMap(photo, reduced.astype(np.float32), reduced, level)
    save_image_atomically(path, shown.overlay())
