"""Pictures for the page: tiles and small pictures of photos, masks and scores."""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from upcracknet.data.image_file import exif_orientation, opened_image
from upcracknet.data.photo import load_photo
from upcracknet.errors import DataError, PhotoError
from upcracknet.files import one_line
from upcracknet.results.corrections import Correction
from upcracknet.results.effective_mask import effective_mask, size_of
from upcracknet.results.folder import ResultFolder
from upcracknet.results.scores import load_score
from upcracknet.serve.review.cache import Cache
from upcracknet.serve.review.levels import PhotoLevels
from upcracknet.serve.review.rows import Photo, is_too_large_to_show
from upcracknet.serve.review.tiles import (
    SIDE,
    Picture,
    as_jpeg,
    as_png,
    levels_of,
    shrunk,
    shrunk_mask,
    size_at,
    with_cracks,
)

THUMBNAILS_BYTES = 64_000_000
"""Most bytes of small pictures, as JPEG, that are held: some thousands."""

MASKS_BYTES = 64_000_000
"""Most bytes of masks, as PNG, that are held: some hundred of large photos."""

THUMBNAIL = 320
"""Longest side of a small picture, in pixels."""

GREY = 160
"""Of a photo that is gone."""


class Pictures:
    """Makes the pictures of a result folder's photos.

    Args:
        results: the folder.
        levels: reads its photos and masks.
    """

    def __init__(self, results: ResultFolder, levels: PhotoLevels) -> None:
        self.results = results
        self._levels = levels
        self._thumbnails = Cache[bytes](THUMBNAILS_BYTES, len, at_once=2)
        self._masks = Cache[bytes](MASKS_BYTES, len, at_once=1)

    def tile(self, photo: Photo, level: int, column: int, row: int, *, cracks: bool) -> bytes | None:
        """Make a tile as JPEG; grey where the photo is gone.

        Args:
            photo: one that is done.
            level: 0 is full size.
            column: of the tile, from the left.
            row: of the tile, from the top.
            cracks: whether the mask that counts is drawn in.

        Returns:
            none where there is no such tile.

        Raises:
            PhotoError: the mask cannot be read.
        """
        size = size_of(photo.record)
        if not 0 <= level < levels_of(*size):
            return None
        height, width = size_at(level, *size)
        if not (0 <= row * SIDE < height and 0 <= column * SIDE < width):
            return None
        rows = slice(row * SIDE, min((row + 1) * SIDE, height))
        columns = slice(column * SIDE, min((column + 1) * SIDE, width))
        try:
            tile = self._levels.photo(photo.record, level, rows, columns)
        except PhotoError:
            tile = grey((rows.stop - rows.start, columns.stop - columns.start))
        if cracks:
            tile = with_cracks(tile, self._levels.mask(photo, level, rows, columns))
        return as_jpeg(tile)

    def thumbnail(self, photo: Photo) -> bytes:
        """Make a small picture as JPEG, with the mask that counts drawn in.

        Args:
            photo: one that is done.

        Raises:
            PhotoError: the mask cannot be read.
        """
        key = photo.record.name, photo.record.stamp, photo.mask_stamp, photo.revision, photo.missing
        return self._thumbnails.get(key, lambda: self._make_thumbnail(photo))

    def _make_thumbnail(self, photo: Photo) -> bytes:
        record, (height, width) = photo.record, size_of(photo.record)
        factor = max(1.0, max(height, width) / THUMBNAIL)
        size = max(1, round(height / factor)), max(1, round(width / factor))
        last = levels_of(height, width) - 1
        whole = tuple(slice(0, side) for side in size_at(last, height, width))
        try:
            if is_too_large_to_show(record) or str(record.mask).endswith(".tif"):
                picture = self._levels.photo(record, last, *whole)
            else:
                with self.results.source(record).opened() as image:
                    image.draft(
                        "RGB", (2 * size[1], 2 * size[0])
                    )  # a JPEG is decoded at an eighth of its size
                    picture = load_photo(image)
        except PhotoError:
            picture = grey(size)
        mask = self._levels.mask(photo, last, *whole)
        return as_jpeg(with_cracks(shrunk(picture, size), shrunk_mask(mask, size)))

    def mask(self, photo: Photo, *, of_model: bool) -> bytes:
        """Give a mask as PNG of one channel, 255 is crack: the stored file where it is such a PNG.

        Args:
            photo: one whose mask may be drawn on.
            of_model: the model's own, in place of the one that counts.

        Raises:
            PhotoError: it cannot be read.
            DataError: the corrected mask has another size than the photo.
        """
        key = photo.record.name, photo.mask_stamp, None if of_model else photo.revision
        return self._masks.get(key, lambda: self._make_mask(photo, None if of_model else photo.correction))

    def _make_mask(self, photo: Photo, correction: Correction | None) -> bytes:
        changed = correction if correction is not None and correction.changes_the_mask else None
        file = photo.record.mask if changed is None else changed.mask
        stored = None if file is None else plain_png(self.results.file(file), size_of(photo.record))
        if stored is not None:
            return stored
        mask = effective_mask(self.results, photo.record, changed)
        return as_png(mask.astype(np.uint8) * np.uint8(255))

    def score(self, photo: Photo) -> bytes:
        """Give the stored score as PNG of one channel: 255 is a score of 1.

        Args:
            photo: one with a score, whose mask may be drawn on.

        Raises:
            DataError: it cannot be read.
        """
        score = load_score(self.results, photo.record)
        if score is None or score.shape != size_of(photo.record):
            raise DataError(
                f"{photo.record.name}: its score has another size than the photo; run `upcracknet detect` "
                "again"
            )
        return as_png(np.asarray(cv2.convertScaleAbs(score, alpha=255), np.uint8))


def grey(size: tuple[int, int]) -> Picture:
    """Make the picture of a photo that is gone, of a height and a width in pixels."""
    picture: UInt8[np.ndarray, "h w 3"] = np.full((*size, 3), GREY, np.uint8)
    return picture


def plain_png(path: Path, size: tuple[int, int]) -> bytes | None:
    """Read a mask that a browser reads as the program does: an upright PNG of one channel, 0 and 255 alone.

    Args:
        path: of the mask; another program may have painted it over.
        size: height and width in pixels that it must have.

    Returns:
        the file's content; none where it is another kind of picture.

    Raises:
        PhotoError: it cannot be read.
    """
    if path.suffix != ".png":
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PhotoError(f"{path}: cannot be read ({one_line(error)}); check the disk") from error
    with opened_image(content, str(path)) as image:
        if (image.format, image.mode) != ("PNG", "L") or exif_orientation(image) != 1:
            return None
        values = np.asarray(image)
        # 255 + 1 is 0 in eight bits.
        plain = values.shape == size and not ((values + np.uint8(1)) > 1).any()
        return content if plain and not image.has_transparency_data else None
