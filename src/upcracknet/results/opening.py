"""Which images are read in windows, and how rasterio opens them: no other files, no network."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.data.image_file import HARMLESS_PIXELS, photo_size, tiff_tags
from upcracknet.errors import ConfigurationError, PhotoError, UpCrackNetError
from upcracknet.files import one_line, without_warnings

LARGE = 100_000_000
"""Pixels from which on an image is read in windows: 300 MB as RGB, 800 MB more as scores."""

DRIVERS = {
    b"II*\0": "GTiff", b"MM\0*": "GTiff", b"II+\0": "GTiff", b"MM\0+": "GTiff", b"\xff\xd8": "JPEG",
    b"\x89PNG": "PNG", b"\0\0\0\x0cjP": "JP2OpenJPEG", b"\xff\x4f\xff\x51": "JP2OpenJPEG", b"BM": "BMP",
    b"RIFF": "WEBP",
}  # fmt: skip
"""The formats that are read, by how a file begins. Others, such as VRT and WMS, would open further files
or ask other hosts."""

SIDE_FILES = (".ovr", ".msk", ".OVR", ".MSK")
"""Files beside an image that GDAL opens by itself, in any of its formats."""

PIXELS_PER_BYTE = 10_000
"""Most pixels that a byte of a large file may stand for; a blank image of one bit a pixel has 8,300."""

CACHE = 64_000_000, 1_000_000_000
"""Least and most bytes of decoded blocks that GDAL keeps."""


def is_for_windows(path: Path, large: int = LARGE) -> bool:
    """Tell whether an image is to be read in windows.

    It is if it is very large, if it knows where it lies on the ground, or if it is a TIFF that Pillow cannot
    read. Without rasterio no image is.

    Args:
        path: the image.
        large: pixels from which on it is very large.
    """
    driver = _driver(path)
    if driver is None or find_spec("rasterio") is None:
        return False
    try:
        height, width = photo_size(path)
    except PhotoError as error:
        readable = False
        if driver not in ("GTiff", "JP2OpenJPEG") and "expected at most" not in str(error):
            return False
    else:
        readable = True
        if height * width > large:
            return True
        if driver not in ("GTiff", "JP2OpenJPEG") and _place_file(path) is None:
            return False
    try:
        with opened(path) as image:
            return has_place(image) or image.width * image.height > large or not readable
    except PhotoError:
        return False


def place_is_lost(path: Path) -> bool:
    """Tell whether an image knows where it lies on the ground, but rasterio is not there to tell."""
    if find_spec("rasterio") is not None:
        return False
    if _place_file(path) is not None:
        return True
    tags = tiff_tags(path) if _driver(path) == "GTiff" else {}
    return bool({33550, 33922, 34264, 34735} & set(tags))  # scale, tie points, transform, geographic keys


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open an image with rasterio.

    Raises:
        PhotoError: it cannot be read.
        ConfigurationError: rasterio is not installed.
    """
    if find_spec("rasterio") is None:
        raise ConfigurationError(
            "images in windows need rasterio; install it with `pip install 'upcracknet[survey]'`"
        )
    import rasterio

    driver = _driver(path)
    if driver is None:
        raise PhotoError(f"{path}: not an image; expected {', '.join(sorted(set(DRIVERS.values())))}")
    with rasterio.Env(GDAL_CACHEMAX=CACHE[0]), one_line_errors(path):
        image = open_dataset(path, driver=driver)
    with image:
        _require_harmless(image, path)
        # A row of tiles of compressed strips: each strip is decoded once, not once a tile.
        row = 1.5 * 1024 * image.width * sum(np.dtype(kind).itemsize for kind in image.dtypes)
        with rasterio.Env(GDAL_CACHEMAX=int(min(max(CACHE[0], row), CACHE[1]))):
            yield image


def _require_harmless(image: Any, path: Path) -> None:
    """Refuse an image that is none, claims more pixels than its bytes hold, or names other files."""
    if any("complex" in kind for kind in image.dtypes):
        raise PhotoError(f"{path}: values are complex numbers, expected a picture")
    pixels, size = image.width * image.height, path.stat().st_size
    if pixels > max(HARMLESS_PIXELS, PIXELS_PER_BYTE * size):
        raise PhotoError(
            f"{path}: claims {image.width}x{image.height} pixels in {size:,} bytes, far more than a photo "
            "takes; copy it again, or save it without compression"
        )
    with one_line_errors(path):
        elsewhere = image.tags(ns="OVERVIEWS").get("OVERVIEW_FILE")
    if elsewhere is not None:
        raise PhotoError(
            f"{path}: says that its smaller copies are in another file, {elsewhere[:100]}, which is not "
            "opened; make them again with `gdaladdo`"
        )
    for beside in (Path(f"{path}{suffix}") for suffix in SIDE_FILES):
        if _driver(beside) != "GTiff" and os.path.lexists(beside):
            raise PhotoError(f"{beside}: is no TIFF, as what lies beside {path.name} must be; move it away")


def open_dataset(path: Path, mode: str = "r", **options: Any) -> Any:
    """Open a file with rasterio, without a word of it where it lies nowhere, as photos do."""
    import rasterio

    with without_warnings(rasterio.errors.NotGeoreferencedWarning):
        return rasterio.open(path, mode, **options)


@contextmanager
def one_line_errors(path: Path) -> Iterator[None]:
    """Turn rasterio's errors into one line with the image's name."""
    try:
        yield
    except UpCrackNetError:
        raise
    except Exception as error:  # rasterio's, and those of GDAL's drivers, which have no kind in common
        raise PhotoError(
            f"{path}: cannot be read ({one_line(error)}); it may be damaged, copy it again"
        ) from error


def has_place(image: Any) -> bool:
    """Tell whether an image knows where it lies: by a reference system, a transform or control points."""
    return image.crs is not None or not image.transform.is_identity or bool(image.gcps[0])


def _driver(path: Path) -> str | None:
    """GDAL's name of a file's format, if it is one that is read in windows."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError:
        return None
    return next((driver for signature, driver in DRIVERS.items() if start.startswith(signature)), None)


def _place_file(path: Path) -> Path | None:
    """The file beside an image that says where it lies: a world file, or what GDAL keeps there."""
    suffix = path.suffix[1:].lower()
    if not suffix:
        return None
    endings = (suffix[0] + suffix[-1] + "w", suffix + "w", "wld")
    beside = [path.with_suffix(f".{ending}") for ending in (*endings, *map(str.upper, endings))]
    # Unlike Path.is_file, this takes names that with another ending would be too long for the disk.
    found = next((file for file in beside if os.path.isfile(file)), None)  # noqa: PTH113
    if found is not None:
        return found
    notes = Path(f"{path}.aux.xml")  # as QGIS writes it beside every picture that it has shown
    try:
        content = notes.read_bytes()
    except OSError:
        return None
    return notes if any(tag in content for tag in (b"<SRS", b"<GeoTransform", b"<GCPList")) else None
