"""A photo at its levels, and its mask: whole, or piece by piece where it is very large."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from upcracknet.errors import PhotoError
from upcracknet.results.effective_mask import effective_mask, effective_mask_in_windows, size_of
from upcracknet.results.folder import ResultFolder
from upcracknet.results.opening import LARGE, opened
from upcracknet.results.records import Record
from upcracknet.results.windows import Windows
from upcracknet.serve.review.cache import Cache
from upcracknet.serve.review.rows import Photo, is_too_large_to_show
from upcracknet.serve.review.tiles import Mask, Picture, levels_of, pyramid, shrunk, shrunk_mask, size_at

PHOTOS_BYTES = 800_000_000
"""Most bytes of decoded photos that are held: four of 50 million pixels with their levels."""

MASKS_BYTES = 200_000_000
"""The same of masks that are drawn into tiles."""

COARSE = 4
"""Level that is made once of a very large image. Of finer ones each tile is read when it is asked for, from
at most 16 million pixels."""


@dataclass(frozen=True)
class Levels:
    """A photo at its levels.

    Attributes:
        first: level of the first picture.
        pictures: from there on.
    """

    first: int
    pictures: list[Picture]

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return sum(picture.nbytes for picture in self.pictures)


class PhotoLevels:
    """Reads the photos and masks of a result folder, and holds the last ones.

    Args:
        results: the folder.
    """

    def __init__(self, results: ResultFolder) -> None:
        self.results = results
        # One at a time: several very large ones would not fit into memory while they are decoded.
        self._photos = Cache[Levels](PHOTOS_BYTES, lambda levels: levels.size, at_once=1)
        self._masks = Cache[Mask](MASKS_BYTES, lambda mask: mask.nbytes, at_once=1)

    def photo(self, record: Record, level: int, rows: slice, columns: slice) -> Picture:
        """Read a part of a photo at a level.

        Args:
            record: of a photo that is done.
            level: 0 is full size.
            rows: at that level.
            columns: at that level.

        Raises:
            PhotoError: the photo is gone, has changed, or cannot be read.
        """
        if _is_large(record) and level < COARSE:
            high, wide = _full(rows, level, size_of(record)[0]), _full(columns, level, size_of(record)[1])
            with self._windows(record) as windows:
                return shrunk(windows.rgb(high, wide), _size(rows, columns))
        levels = self._photos.get((record.name, record.stamp), lambda: self._read(record))
        return levels.pictures[level - levels.first][rows, columns]

    def mask(self, photo: Photo, level: int, rows: slice, columns: slice) -> Mask:
        """Read a part of the mask that counts at a level; what it marks at full size it marks there.

        Args:
            photo: one that is done.
            level: 0 is full size.
            rows: at that level.
            columns: at that level.

        Raises:
            PhotoError: the mask cannot be read.
            DataError: the corrected mask has another size than the photo.
        """
        record, base = photo.record, COARSE if _is_large(photo.record) else 0
        height, width = size_at(base, *size_of(record))
        if level < base:
            high, wide = _full(rows, level, size_of(record)[0]), _full(columns, level, size_of(record)[1])
            with effective_mask_in_windows(self.results, record, photo.correction) as read:
                return shrunk_mask(read(high, wide), _size(rows, columns))
        part = self._mask(photo)[_full(rows, level - base, height), _full(columns, level - base, width)]
        return shrunk_mask(part, _size(rows, columns))

    def whole_mask(self, photo: Photo) -> Mask:
        """Give the mask that counts at full size; it is held, and must not be changed.

        Raises:
            PhotoError: the mask cannot be read.
            DataError: the corrected mask has another size than the photo.
        """
        if _is_large(photo.record):
            return effective_mask(self.results, photo.record, photo.correction)
        return self._mask(photo)

    def hold(self, photo: Photo, mask: Mask) -> None:
        """Hold the mask that counts, so that what was just written is not read again.

        Args:
            photo: one that is done.
            mask: of its size.
        """
        if not _is_large(photo.record):
            self._masks.get(_key(photo), lambda: mask)

    def _mask(self, photo: Photo) -> Mask:
        return self._masks.get(_key(photo), lambda: self._read_mask(photo))

    def _read(self, record: Record) -> Levels:
        source, size = self.results.source(record), size_of(record)
        levels = levels_of(*size)
        if is_too_large_to_show(record):
            raise PhotoError(f"{source.address}: too large to be decoded whole")
        if not _in_windows(record):
            picture = source.load()
        elif not _is_large(record):
            with self._windows(record) as windows:
                picture = windows.rgb(slice(0, size[0]), slice(0, size[1]))
        else:
            with self._windows(record) as windows:
                coarse = shrunk(windows.small(), size_at(COARSE, *size))
            return Levels(COARSE, pyramid(coarse, levels - COARSE))
        if picture.shape[:2] != size:
            raise PhotoError(f"{source.address}: has changed meanwhile; run `upcracknet detect` again")
        return Levels(0, pyramid(picture, levels))

    @contextmanager
    def _windows(self, record: Record) -> Iterator[Windows]:
        source = self.results.source(record)
        source.require_unchanged()
        if source.path is None:
            raise PhotoError(f"{source.address}: lies on a server, and is too large to be fetched")
        with opened(source.path) as image:
            yield Windows(image, source.path, preview=max(size_at(COARSE, *size_of(record))))

    def _read_mask(self, photo: Photo) -> Mask:
        record = photo.record
        if not _is_large(record):
            return effective_mask(self.results, record, photo.correction)
        height, width = size_of(record)
        step = 2**COARSE * 256
        with effective_mask_in_windows(self.results, record, photo.correction) as read:
            return np.concatenate(
                [
                    shrunk_mask(part, size_at(COARSE, *part.shape))
                    for part in (
                        read(slice(top, min(top + step, height)), slice(0, width))
                        for top in range(0, height, step)
                    )
                ]
            )


def _key(photo: Photo) -> tuple[str, str, str]:
    return photo.record.name, photo.mask_stamp, photo.revision


def _in_windows(record: Record) -> bool:
    """Whether an image is read by rasterio."""
    return record.mask is not None and record.mask.endswith(".tif")


def _is_large(record: Record) -> bool:
    height, width = size_of(record)
    return _in_windows(record) and height * width > LARGE


def _full(part: slice, level: int, side: int) -> slice:
    """What a part at a level covers of a side of full size."""
    return slice(part.start << level, min(part.stop << level, side))


def _size(rows: slice, columns: slice) -> tuple[int, int]:
    return rows.stop - rows.start, columns.stop - columns.start
