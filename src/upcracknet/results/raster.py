"""Images of any size, read in windows, scored in tiles, written in windows: memory stays as it is."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.photo import save_image_atomically
from upcracknet.detection import CrackDetector, CrackMap
from upcracknet.detection.tiling import Tile
from upcracknet.errors import OutputError, PhotoError
from upcracknet.files import TEMPORARY, one_line
from upcracknet.measure.georeference import pixel_size
from upcracknet.results.geotiff import write_geotiff
from upcracknet.results.opening import opened
from upcracknet.results.roads import OnRoad
from upcracknet.results.where_road import WhereRoad, dimmed
from upcracknet.results.windows import Windows


@dataclass(frozen=True)
class RasterResult:
    """What was found in an image that is not held.

    Attributes:
        width: of the image, in pixels.
        height: of the image, in pixels.
        crack_pixels: number of crack pixels.
        road_pixels: number of pixels that show road: without those that carry the mark of no data.
        threshold: score above which a pixel was marked as crack.
        millimetres_per_pixel: size of a pixel on the ground, where the image says in which system it lies.
        warnings: what to know before the result is trusted.
    """

    width: int
    height: int
    crack_pixels: int
    road_pixels: int
    threshold: float
    millimetres_per_pixel: float | None
    warnings: tuple[str, ...] = ()

    @property
    def area_share(self) -> float:
        """Share of the road that the image shows that is crack, in [0, 1]."""
        return self.crack_pixels / max(1, self.road_pixels)


def detect_raster(
    detector: CrackDetector,
    path: Path,
    mask: Path,
    *,
    overlay: Path | None = None,
    score: Path | None = None,
    scratch: Path | None = None,
    where: WhereRoad = WhereRoad(),  # noqa: B008 - frozen
    progress: Callable[[int, int], None] = lambda done, total: None,
    before_writing: Callable[[], None] = lambda: None,
) -> RasterResult:
    """Find the cracks of an image of any size, a window at a time.

    The scores are those of the whole image, tile by tile; they lie in a file meanwhile, four bytes a pixel.

    Args:
        detector: finds the cracks of tiles.
        path: an image that GDAL reads; grey, RGB, with a palette, or with further bands.
        mask: GeoTIFF to write: 255 is crack; tiled, compressed, with overviews, where the image lies.
        overlay: PNG or JPEG to write: the image, shrunk, with its cracks in red.
        score: GeoTIFF to write: 65535 is a score of 1.
        scratch: folder for the scores and for half-written files; None takes the mask's.
        where: what of the image is road; tiles without road are not scored.
        progress: called with the number of tiles done and of all.
        before_writing: called once all tiles are scored; what it raises leaves all files as they are.

    Raises:
        PhotoError: the image cannot be read, or is too small.
        OutputError: a file cannot be written.
        ConfigurationError: rasterio is not installed.
    """
    scratch = scratch or mask.parent
    stored = scratch / f"{TEMPORARY}{uuid.uuid4().hex}.scores"  # workers on other machines share the folder
    with opened(path) as image:
        windows = Windows(image, path)
        size = windows.height, windows.width
        address = os.path.abspath(path)  # noqa: PTH100 - symbolic links keep their names
        on_road, warnings = where.in_image(image, address, size)

        def has_road(tile: Tile) -> bool:
            rows = slice(tile.top, min(tile.top + tile.height, size[0]))
            columns = slice(tile.left, min(tile.left + tile.width, size[1]))
            return on_road is None or bool(on_road(rows, columns).any())

        try:
            if scratch == mask.parent:
                scratch.mkdir(parents=True, exist_ok=True)
            found = detector.detect_rows(
                windows.read, size, str(path), stored, wanted=has_road, progress=progress
            )
            before_writing()
            counts = _Counts(windows, on_road)
            write_geotiff(mask, image, size, np.uint8, counts.rows(found.masks()), scratch)
            if score is not None:
                scaled = (np.rint(block.clip(0, 1) * 65535).astype(np.uint16) for block in found.scores())
                write_geotiff(score, image, size, np.uint16, scaled, scratch)
        except OSError as error:
            raise OutputError(
                f"cannot write {mask}: {one_line(error)}; choose another folder or free some space "
                f"({4 * size[0] * size[1] / 1e9:.1f} GB are needed for a while)"
            ) from error
        finally:
            with suppress(OSError):
                stored.unlink()
        if overlay is not None:
            small = counts.preview
            preview = windows.preview
            if on_road is not None:  # tiles without road were never read
                try:
                    preview = windows.small()
                except PhotoError as error:
                    warnings = [*warnings, f"its overlay lacks what is not road ({error})"]
            shown = CrackMap(preview, small.astype(np.float32), small, found.level)
            save_image_atomically(overlay, dimmed(shown.overlay(), counts.road), scratch=scratch)
        return RasterResult(
            windows.width, windows.height, counts.crack, counts.seen, found.level, pixel_size(image),
            (*windows.warnings, *warnings),
        )  # fmt: skip


class _Counts:
    """Counts the pixels of a mask that passes by, and keeps it shrunk.

    Every part of the mask counts in the preview: a hairline would vanish between its pixels.
    """

    def __init__(self, windows: Windows, on_road: OnRoad | None) -> None:
        self.windows, self.on_road, self.crack, self.seen = windows, on_road, 0, 0
        self.preview = np.zeros(windows.preview.shape[:2], bool)
        self.road = np.ones_like(self.preview)

    def rows(self, masks: Iterator[Bool[np.ndarray, "_h w"]]) -> Iterator[UInt8[np.ndarray, "_h w"]]:
        """Give the rows of the mask: 255 is crack; none where the image shows nothing."""
        top, last = 0, np.array(self.preview.shape) - 1
        for block in masks:
            seen = self.windows.seen(top, len(block))
            if self.on_road is not None:
                road = self.on_road(slice(top, top + len(block)), slice(0, self.windows.width))
                self.windows.shrink(road, self.road, top)
                seen = seen & road
            block = block & seen
            self.crack, self.seen = self.crack + int(block.sum()), self.seen + int(seen.sum())
            places = np.argwhere(block) + np.array([top, 0])
            y, x = np.minimum((places / self.windows.shrinking).astype(int), last).T
            self.preview[y, x] = True
            top += len(block)
            yield block.astype(np.uint8) * np.uint8(255)
