"""Scores that `upcracknet detect --scores` stored: how crack-like the model found each pixel."""

from typing import Any

import numpy as np
from jaxtyping import Float32

from upcracknet.data.image_file import decoded_by_opencv
from upcracknet.errors import DataError
from upcracknet.results.folder import ResultFolder
from upcracknet.results.opening import one_line_errors, opened
from upcracknet.results.records import Record


def load_score(
    results: ResultFolder, record: Record, longest: int | None = None
) -> Float32[np.ndarray, "h w"] | None:
    """Load the score of a photo.

    Args:
        results: the result folder.
        record: of the photo.
        longest: longest side of the result in pixels: every so many rows and columns are taken; None takes
            all.

    Returns:
        0 to 1, higher is more crack-like; None where no score was stored.

    Raises:
        DataError: it cannot be read, or has other values.
        PhotoError: it is an image that cannot be read.
        ConfigurationError: it is a GeoTIFF, and rasterio is not installed.
    """
    if record.score is None:
        return None
    path = results.file(record.score)
    read: Any = None
    if path.suffix == ".tif":
        with opened(path) as image, one_line_errors(path):
            step = _step((image.height, image.width), longest)
            read = image.read(1, out_shape=(-(-image.height // step), -(-image.width // step)))
    elif path.suffix == ".npy":
        try:
            read = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError):
            read = None
    else:
        read = decoded_by_opencv(path, str(path))
    if read is None or read.ndim != 2 or read.dtype.kind not in "uf":
        raise DataError(f"{path}: no score that can be read; run `upcracknet detect` again with --overwrite")
    if path.suffix != ".tif":
        step = _step(read.shape, longest)
        read = read[::step, ::step]
    scale = 65535 if read.dtype == np.uint16 else 1
    score = np.asarray(read, np.float32) / np.float32(scale)
    if not np.isfinite(score).all():
        raise DataError(f"{path}: scores that are no numbers; run `upcracknet detect` again with --overwrite")
    return score


def _step(size: tuple[int, int], longest: int | None) -> int:
    return 1 if longest is None else max(1, -(-max(size) // longest))
