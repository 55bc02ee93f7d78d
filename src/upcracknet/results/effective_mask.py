"""The mask that counts for a photo: the corrected one where there is one, none where it was rejected."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from upcracknet.data.photo import load_mask
from upcracknet.errors import DataError
from upcracknet.results.corrections import Correction
from upcracknet.results.folder import ResultFolder
from upcracknet.results.opening import opened
from upcracknet.results.records import Record
from upcracknet.results.windows import reader_of_mask

Read = Callable[[slice, slice], Bool[np.ndarray, "h w"]]
"""Reads rows and columns of a mask."""

ROWS = 512
"""Rows of a large mask that are read at a time: one row of the tiles of its file."""


def effective_mask(
    results: ResultFolder, record: Record, correction: Correction | None
) -> Bool[np.ndarray, "h w"]:
    """Load the mask that counts for a photo.

    Args:
        results: the result folder.
        record: of a photo that is done. The mask of an image that was read in windows is read whole.
        correction: what a person said of it, if anything.

    Returns:
        True where there is a crack; of the photo's size.

    Raises:
        PhotoError: the mask cannot be read.
        DataError: the corrected mask has another size than the photo.
    """
    assert record.mask is not None
    if record.mask.endswith(".tif"):
        with effective_mask_in_windows(results, record, correction) as read:
            height, width = size_of(record)
            return read(slice(0, height), slice(0, width))
    if correction is None or not correction.changes_the_mask:
        return load_mask(results.file(record.mask))
    if correction.mask is None:
        return np.zeros(size_of(record), bool)
    mask = load_mask(results.file(correction.mask))
    require_size(mask.shape, size_of(record), str(results.file(correction.mask)))
    return mask


@contextmanager
def effective_mask_in_windows(
    results: ResultFolder, record: Record, correction: Correction | None
) -> Iterator[Read]:
    """Open the mask that counts for an image that was read in windows.

    Args:
        results: the result folder.
        record: of an image that is done, whose mask is a GeoTIFF.
        correction: what a person said of it, if anything.

    Yields:
        what reads rows and columns of it.

    Raises:
        PhotoError: the mask cannot be read.
        DataError: the corrected mask has another size than the image.
        ConfigurationError: rasterio is not installed.
    """
    assert record.mask is not None
    if correction is not None and correction.status == "rejected":
        yield lambda rows, columns: np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
        return
    file = results.file(record.mask if correction is None or correction.mask is None else correction.mask)
    with mask_file_in_windows(file) as (read, size):
        require_size(size, size_of(record), str(file))
        yield read


@contextmanager
def mask_file_in_windows(path: Path) -> Iterator[tuple[Read, tuple[int, int]]]:
    """Open the file of a mask, GeoTIFF or PNG: anything but 0 is crack.

    Yields:
        what reads rows and columns of it; its height and width in pixels.

    Raises:
        PhotoError: it cannot be read.
        ConfigurationError: rasterio is not installed.
    """
    with opened(path) as image:
        yield reader_of_mask(image, path), (image.height, image.width)


def size_of(record: Record) -> tuple[int, int]:
    """Give height and width in pixels of a photo that is done."""
    assert record.height is not None
    assert record.width is not None
    return record.height, record.width


def rows_of(read: Read, size: tuple[int, int]) -> Iterator[Bool[np.ndarray, "_h w"]]:
    """Read a mask of a height and a width from the top, some rows at a time."""
    height, width = size
    for top in range(0, height, ROWS):
        yield read(slice(top, min(top + ROWS, height)), slice(0, width))


def require_size(found: tuple[int, ...], expected: tuple[int, int], what: str) -> None:
    """Refuse a mask of another size than the photo's.

    Args:
        found: its height and width in pixels.
        expected: those of the photo.
        what: says which mask.

    Raises:
        DataError: they differ.
    """
    if tuple(found) != tuple(expected):
        (height, width), (high, wide) = found, expected
        raise DataError(
            f"{what}: {width}x{height} pixels, expected {wide}x{high} as the photo has; correct the photo as "
            "it is now"
        )
