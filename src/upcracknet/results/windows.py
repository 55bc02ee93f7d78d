"""An image's windows, by rasterio: any bands as RGB, upright, and where they show nothing."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.photo import USUAL, full_scale, photo_orientation
from upcracknet.detection.tiling import Tile
from upcracknet.errors import PhotoError
from upcracknet.results.opening import has_place, one_line_errors

HOLE = 31
"""Pixels. Where a value that means empty (often 0, black) stands in patches narrower than this, it is taken
for what is shown: the darkest part of a crack."""

GLANCE = 1024
"""Longest side, in pixels, at which an image is looked at to tell the range of its values."""


class Windows:
    """An image's windows as upright RGB, white where it shows nothing.

    Args:
        image: opened by :func:`opened`.
        path: its file.
        preview: longest side of the small picture that is made while windows are read, in pixels.

    Attributes:
        height: of the upright image, in pixels.
        width: of the upright image, in pixels.
        preview: the small picture, uint8 h×w×3; whole when each pixel was read once.
        shrinking: how many times larger the image is than the preview.
        warnings: what to know of the image.

    Raises:
        PhotoError: it cannot be read, or has values that are no picture.
    """

    def __init__(self, image: Any, path: Path, preview: int = 2048) -> None:
        self.image, self.path = image, path
        self.warnings: list[str] = []
        self.orientation = 1 if has_place(image) else photo_orientation(path)
        stored = image.height, image.width
        self.height, self.width = stored[::-1] if self.orientation >= 5 else stored
        self.shrinking = max(1.0, max(stored) / preview)
        size = (max(1, round(side / self.shrinking)) for side in (self.height, self.width))
        self.preview = np.full((*size, 3), 255, np.uint8)
        with one_line_errors(path):  # descriptions may be damaged, too
            self.bands, self.palette = _bands(image)
            self.partial = self._is_partial()
            self.white = self._full_scale()

    def read(self, tile: Tile) -> UInt8[np.ndarray, "th tw 3"]:
        """Read the pixels of a tile; what lies beyond the image is its mirror image."""
        bottom, right = min(tile.top + tile.height, self.height), min(tile.left + tile.width, self.width)
        photo = self._rgb(tile.top, bottom, tile.left, right)
        self.shrink(photo, self.preview, tile.top, tile.left)
        below, beyond = tile.height - photo.shape[0], tile.width - photo.shape[1]
        if below or beyond:
            photo = cv2.copyMakeBorder(photo, 0, below, 0, beyond, cv2.BORDER_REFLECT_101)
        return np.ascontiguousarray(photo)

    def rgb(self, rows: slice, columns: slice) -> UInt8[np.ndarray, "h w 3"]:
        """Read some rows and columns within the image."""
        return self._rgb(rows.start, rows.stop, columns.start, columns.stop)

    def small(self) -> UInt8[np.ndarray, "h w 3"]:
        """Read the whole image once, and give its preview."""
        for top in range(0, self.height, GLANCE):
            for left in range(0, self.width, GLANCE):
                height, width = min(GLANCE, self.height - top), min(GLANCE, self.width - left)
                self.read(Tile(top, left, height, width))
        return self.preview

    def shrink(self, window: np.ndarray, small: np.ndarray, top: int = 0, left: int = 0) -> None:
        """Draw a window into a picture of the preview's size.

        Args:
            window: h×w and any channels.
            small: the picture, with the same channels; changed in place.
            top: first row of the window in the image, in pixels.
            left: its first column.
        """
        places = []
        for start, length, side in zip((top, left), window.shape[:2], small.shape[:2], strict=True):
            centres = ((np.arange(side) + 0.5) * self.shrinking).astype(int)
            inside = np.flatnonzero((centres >= start) & (centres < start + length))
            places.append((inside, centres[inside] - start))
        (rows, from_rows), (columns, from_columns) = places
        small[np.ix_(rows, columns)] = window[np.ix_(from_rows, from_columns)]

    def seen(self, top: int, height: int) -> Bool[np.ndarray, "h w"]:
        """Tell where the image shows anything, of some rows."""
        if not self.partial:
            return np.ones((height, self.width), bool)
        return np.asarray(~self._empty(top, top + height, 0, self.width))

    def _rgb(self, top: int, bottom: int, left: int, right: int) -> UInt8[np.ndarray, "h w 3"]:
        values = self._stored(
            lambda window: self.image.read(self.bands, window=window), top, bottom, left, right
        )
        photo = self.palette[values[..., 0]] if self.palette is not None else self._scaled(values)
        photo = np.array(np.broadcast_to(photo, (*photo.shape[:2], 3)))
        if self.partial and self._marked_by_value:
            photo[self._empty(top, bottom, left, right)] = 255
        elif self.partial:  # as of photos: what is transparent in part lies on white
            share = self._mask(top, bottom, left, right)[..., None].astype(np.uint32)
            share = np.minimum(share * 255 // self._opaque, 255)
            photo = ((photo * share + 255 * (255 - share) + 127) // 255).astype(np.uint8)
        return photo

    def _scaled(self, values: np.ndarray) -> UInt8[np.ndarray, "h w c"]:
        if values.dtype == np.uint8 and self.white == 255:
            photo = values
        else:
            shares = np.nan_to_num(values.astype(np.float32), nan=0.0) / self.white
            photo = np.rint(shares.clip(0, 1) * 255).astype(np.uint8)
        inverted = self.image.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES"
        return np.asarray(255 - photo if inverted else photo)

    def _empty(self, top: int, bottom: int, left: int, right: int) -> Bool[np.ndarray, "h w"]:
        """Where the image shows nothing; small holes of an empty value do not count."""
        if not self._marked_by_value or not self._empty_is_a_colour:
            return np.asarray(self._mask(top, bottom, left, right) == 0)
        rows = max(0, top - HOLE), min(self.height, bottom + HOLE)
        columns = max(0, left - HOLE), min(self.width, right + HOLE)
        empty = (self._mask(*rows, *columns) == 0).astype(np.uint8)
        # Beyond the image there is nothing, so that narrow empty strips along its border stay empty.
        above, below = HOLE * (rows[0] == 0), HOLE * (rows[1] == self.height)
        before, behind = HOLE * (columns[0] == 0), HOLE * (columns[1] == self.width)
        empty = np.pad(empty, ((above, below), (before, behind)), constant_values=1)
        empty = np.asarray(cv2.morphologyEx(empty, cv2.MORPH_OPEN, np.ones((HOLE, HOLE), np.uint8)))
        inside = top - rows[0] + above, left - columns[0] + before
        return empty[inside[0] : inside[0] + bottom - top, inside[1] : inside[1] + right - left] > 0

    def _mask(self, top: int, bottom: int, left: int, right: int) -> UInt8[np.ndarray, "h w"]:
        return self._stored(lambda window: self.image.dataset_mask(window=window), top, bottom, left, right)

    def _stored(
        self, read: Callable[[Any], np.ndarray], top: int, bottom: int, left: int, right: int
    ) -> np.ndarray:
        """Read a window that is given upright, and turn what is stored upright; bands come last."""
        from rasterio.windows import Window

        # EXIF: from 5 on rows and columns are exchanged; then columns or rows may run backwards.
        turned, backwards = self.orientation >= 5, self.orientation in (2, 3, 6, 7)
        upwards = self.orientation in (3, 4, 7, 8)
        rows = (self.height - bottom, self.height - top) if upwards else (top, bottom)
        columns = (self.width - right, self.width - left) if backwards else (left, right)
        if turned:
            rows, columns = columns, rows
        with one_line_errors(self.path):
            values = read(Window.from_slices(rows, columns))
        values = np.moveaxis(values, 0, -1) if values.ndim == 3 else values
        if turned:
            values = values.swapaxes(0, 1)
        return np.asarray(values[:: -1 if upwards else 1, :: -1 if backwards else 1])

    @cached_property
    def _marked_by_value(self) -> bool:
        from rasterio.enums import MaskFlags

        return all(MaskFlags.nodata in flags for flags in self.image.mask_flag_enums)

    @property
    def _empty_is_a_colour(self) -> bool:
        """Whether the value that means empty could as well be shown: 0, but not -9999 or NaN."""
        return all(value is not None and 0 <= value <= self.white for value in self.image.nodatavals)

    def _is_partial(self) -> bool:
        """Whether anything is empty; a mask by which nearly everything is empty is an error of its writer."""
        from rasterio.enums import MaskFlags

        if all(MaskFlags.all_valid in flags for flags in self.image.mask_flag_enums):
            return False
        with one_line_errors(self.path):
            mask = self.image.dataset_mask(out_shape=self._glance)
        if np.mean(mask > 0) >= 0.001:
            # Some programs write 1 for what is shown, or the 255 of bytes into 16 bits.
            self._opaque = max(1, int(mask.max()))
            return True
        self.warnings.append("its mask or transparency hides all of it, and was ignored")
        return False

    @property
    def _glance(self) -> tuple[int, int]:
        factor = max(1.0, max(self.image.height, self.image.width) / GLANCE)
        return max(1, round(self.image.height / factor)), max(1, round(self.image.width / factor))

    def _full_scale(self) -> float:
        """What value is white: of the type, of the bits in use, or of the values that are there."""
        bits = self.image.tags(self.bands[0], ns="IMAGE_STRUCTURE").get("NBITS")
        kind = np.dtype(self.image.dtypes[self.bands[0] - 1])
        if bits is not None and kind.kind == "u":
            return float(2 ** int(bits) - 1)
        if kind == np.uint8:
            return 255.0
        with one_line_errors(self.path):
            values = self.image.read(self.bands, out_shape=(len(self.bands), *self._glance), masked=True)
        values = np.ma.masked_invalid(values).compressed()
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
        usual = float(np.percentile(values, USUAL)) if values.size else 1.0
        if low < 0 or high > 65535:
            raise PhotoError(
                f"{self.path}: values from {low:g} to {high:g}, expected 0 to 1, to 255 or to 65535; scale it"
            )
        if kind.kind == "f" and usual <= 2:  # reflectances may lie a little above 1
            return max(1.0, usual)
        return float(full_scale(int(usual)))


def reader_of_mask(mask: Any, path: Path) -> Callable[[slice, slice], Bool[np.ndarray, "h w"]]:
    """Give what reads rows and columns of a crack mask.

    Args:
        mask: opened by :func:`opened`.
        path: its file.
    """
    from rasterio.windows import Window

    def read(rows: slice, columns: slice) -> Bool[np.ndarray, "h w"]:
        with one_line_errors(path):
            return np.asarray(mask.read(1, window=Window.from_slices(rows, columns)) > 0)

    return read


def _bands(image: Any) -> tuple[list[int], UInt8[np.ndarray, "n 3"] | None]:
    """The bands to show, numbered from 1, and the colours of a palette."""
    from rasterio.enums import ColorInterp

    kinds = list(image.colorinterp)
    if kinds[0] is ColorInterp.palette:
        if image.dtypes[0] not in ("uint8", "uint16"):
            raise ValueError(f"a palette for values of {image.dtypes[0]}")
        palette = np.zeros((max(256, 2 ** (8 * np.dtype(image.dtypes[0]).itemsize)), 3), np.uint8)
        for index, colour in image.colormap(1).items():
            palette[index] = colour[:3]
        return [1], palette
    named = [
        kinds.index(kind) + 1
        for kind in (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
        if kind in kinds
    ]
    if len(named) == 3:
        return named, None
    shown = [number for number, kind in enumerate(kinds, start=1) if kind is not ColorInterp.alpha]
    return (shown[:3] if len(shown) >= 3 else shown[:1]), None
