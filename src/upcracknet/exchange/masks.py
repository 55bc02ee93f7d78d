"""Plain masks: ``photos/`` and ``masks/`` beside each other, as ``train`` and ``evaluate`` take them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from upcracknet.data.image_file import PHOTO_SUFFIXES
from upcracknet.data.listing import photos_in
from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import DataError
from upcracknet.exchange.photos import ExportedPhoto
from upcracknet.exchange.shapes import AnnotatedPhoto
from upcracknet.results.effective_mask import effective_mask_in_windows, rows_of
from upcracknet.results.geotiff import write_geotiff
from upcracknet.results.opening import opened
from upcracknet.results.tables import open_table

FOLDER = "masks"

COLUMNS = {
    "photo": "string", "mask": "string", "width": "int64", "height": "int64", "crack_pixels": "int64",
    "review_status": "string", "reviewer_note": "string",
}  # fmt: skip
"""Columns of the table of masks and their types."""


def file_of(photo: ExportedPhoto) -> str:
    """Give the path of a photo's mask within the export."""
    return f"{FOLDER}/{photo.file_name}{Path(str(photo.record.mask)).suffix}"


@contextmanager
def writing(folder: Path) -> Iterator[Callable[[ExportedPhoto], None]]:
    """Write masks, and a table of them that is there once the block is left.

    The mask of an image that was read in windows is a GeoTIFF, with all its parts.

    Yields:
        what adds a photo.

    Raises:
        OutputError: it cannot be written.
    """
    with open_table(folder / "photos", COLUMNS, None) as add_row:

        def add(photo: ExportedPhoto) -> None:
            file = file_of(photo)
            if file.endswith(".tif"):
                crack_pixels = _write_raster(photo, folder / file)
            else:
                save_image_atomically(folder / file, photo.mask.astype(np.uint8) * np.uint8(255))
                crack_pixels = int(np.count_nonzero(photo.mask))
            correction, (height, width) = photo.correction, photo.size
            add_row(
                {
                    "photo": photo.file_name,
                    "mask": file,
                    "width": width,
                    "height": height,
                    "crack_pixels": crack_pixels,
                    "review_status": None if correction is None else correction.status,
                    "reviewer_note": None if correction is None else correction.remark,
                }
            )

        yield add


def _write_raster(photo: ExportedPhoto, path: Path) -> int:
    """Write a mask in windows, and count its crack pixels; without short parts it is held whole.

    Raises:
        PhotoError: short parts are to be left out, and it is too large for that.
    """
    results, record, count = photo.results, photo.record, 0
    assert record.mask is not None

    def counted() -> Iterator[np.ndarray]:
        nonlocal count
        for rows in [photo.mask] if photo.least_length_px else rows_of(read_mask, photo.size):
            count += int(np.count_nonzero(rows))
            yield rows.astype(np.uint8) * np.uint8(255)

    with (
        opened(results.file(record.mask)) as place,
        effective_mask_in_windows(results, record, photo.correction) as read_mask,
    ):
        write_geotiff(path, place, photo.size, np.uint8, counted(), None)
    return count


def read(folder: Path) -> Iterator[AnnotatedPhoto]:
    """Find the masks of a folder: in its ``masks``, else in the folder itself; with all that lies below.

    Args:
        folder: masks are called as their photos, with or without the photo's suffix in front of their own.

    Raises:
        DataError: there are none.
    """
    base = folder / FOLDER if (folder / FOLDER).is_dir() else folder
    files = photos_in(base).photos
    if not files:
        raise DataError(
            f"{base}: no masks; expected pictures that are called as the photos are, with the suffixes "
            f"{' '.join(sorted(PHOTO_SUFFIXES))}"
        )
    for file in files:
        yield AnnotatedPhoto(file.relative_to(base).as_posix(), file=file)
