"""Image files: which formats are read, how a file is opened without harm, and how one is written."""

import importlib
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError, features

from upcracknet.errors import OutputError, PhotoError
from upcracknet.files import one_line, without_warnings, write_atomically

FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "JPEG2000", "AVIF", "HEIF", "GIF", "PPM")
"""The formats that are opened, by content and not by suffix. Pillow knows more, and starts Ghostscript for an
EPS that is called ``.jpg``."""

PHOTO_SUFFIXES = (
    frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp"})
    | ({".jp2", ".j2k", ".jpx"} if features.check_codec("jpg_2000") else set())
    | ({".avif"} if "avif" in features.modules and features.check_module("avif") else set())
    | ({".heic", ".heif", ".hif"} if find_spec("pillow_heif") else set())
)
"""Suffixes of the files that folders are searched for; the last ones only where Pillow reads them here."""

MAXIMUM_PIXELS = 1_000_000_000
"""Largest photo that is opened, in pixels: 3 GB as RGB, far above any camera."""

HARMLESS_PIXELS = 50_000_000
"""Pixels up to which a blank picture may be stored in however few bytes."""

PIXELS_PER_BYTE = {"JPEG": 1_000, "MPO": 1_000}
"""Most pixels that a byte of a larger file may stand for; 10,000 of other formats. A blank JPEG has 340 at
most, a blank PNG of one bit a pixel 8,300."""

PNG_SIGNATURE, PNG_END = b"\x89PNG\r\n\x1a\n", b"\0\0\0\0IEND\xaeB`\x82"

PNG_NOTES = (b"IHDR", b"eXIf", b"iTXt", b"tEXt", b"zTXt")
"""Chunks of a PNG that tell its orientation, and the head without which Pillow opens none."""

# What Pillow's decoders raise on damaged files, beside OSError.
DECODING_ERRORS = (
    *(OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, MemoryError),
    *(RuntimeError, LookupError, ArithmeticError),
)


def photo_size(path: str | Path) -> tuple[int, int]:
    """Read height and width in pixels, after EXIF orientation; no pixel is decoded.

    Raises:
        PhotoError: the file is missing, empty or not an image.
    """
    with opened_image(Path(path), str(path)) as image:
        width, height = image.size
        # Pillow gives TIFF upright.
        lies_on_its_side = exif_orientation(image) >= 5 and image.format != "TIFF"
        return (width, height) if lies_on_its_side else (height, width)


def photo_orientation(path: Path) -> int:
    """Read the orientation that a camera stored with a photo, 1 (upright) to 8; 1 where there is none."""
    try:
        with opened_image(path, str(path)) as image:
            return exif_orientation(image)
    except PhotoError:
        orientation = tiff_tags(path).get(274, 1)
        return orientation if orientation in range(1, 9) else 1


def exif_orientation(image: Image.Image) -> int:
    """Give an image's EXIF orientation, 1 (upright, also where EXIF is damaged) to 8."""
    try:
        with without_warnings():
            if isinstance(image, PngImagePlugin.PngImageFile):
                # Pillow's own getexif decodes all pixels of a PNG, to look for EXIF behind them.
                tags = Image.Image.getexif(_without_pixels(image))
            else:
                tags = image.getexif()
            orientation = tags.get(0x0112, 1)
            return int(orientation) if orientation in range(1, 9) else 1
    except (*DECODING_ERRORS, TypeError, AttributeError):
        return 1


def _without_pixels(image: PngImagePlugin.PngImageFile) -> Image.Image:
    """The notes of a PNG without its pixels: they may stand behind these as well.

    W3C, "Portable Network Graphics Specification (Third Edition)", 5.6: ``eXIf`` before or after ``IDAT``.
    """
    if image.fp is None or "exif" in image.info:  # decoded, or found already
        return image
    place, notes = image.fp.tell(), b""
    try:
        image.fp.seek(len(PNG_SIGNATURE))
        while len(head := image.fp.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind in PNG_NOTES:
                notes += head + image.fp.read(length + 4)
            else:
                image.fp.seek(length + 4, io.SEEK_CUR)
    finally:
        image.fp.seek(place)
    return _open_without_limit(io.BytesIO(PNG_SIGNATURE + notes + PNG_END))


@contextmanager
def opened_image(source: Path | bytes, name: str) -> Iterator[Image.Image]:
    """Open a file or its content; what is wrong with it, now or while it is decoded, becomes one line.

    Raises:
        PhotoError: the file is missing, empty, damaged, too large, larger than its bytes can hold, or not an
            image of :data:`FORMATS`.
    """
    if isinstance(source, Path) and source.is_dir():
        raise PhotoError(f"{name}: is a folder, expected a photo")
    with one_line_errors(name):
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size == 0:
            raise PhotoError(f"{name}: the file is empty (0 bytes); copy it again")
        try:
            image = _open_without_limit(io.BytesIO(source) if isinstance(source, bytes) else source)
        except UnidentifiedImageError as error:
            raise PhotoError(f"{name}: {_why_unknown(source)}") from error
        with image:
            width, height = image.size
            most = size * PIXELS_PER_BYTE.get(image.format or "", 10_000)
            if width * height > max(most, HARMLESS_PIXELS):
                raise PhotoError(
                    f"{name}: claims {width}x{height} pixels in {size:,} bytes, far more than a photo takes; "
                    "copy it again, or save it without compression"
                )
            if width * height > MAXIMUM_PIXELS:
                raise PhotoError(
                    f"{name}: {width}x{height} pixels, expected at most {MAXIMUM_PIXELS:,}; cut it in parts"
                )
            yield image


@contextmanager
def one_line_errors(name: str) -> Iterator[None]:
    """Turn what Pillow raises into one line with the image's name."""
    try:
        yield
    except FileNotFoundError as error:
        raise PhotoError(f"{name}: no such file") from error
    except DECODING_ERRORS as error:
        raise PhotoError(
            f"{name}: cannot be read ({one_line(error)}); it may be damaged, copy it again"
        ) from error


def decoded_by_opencv(
    source: Path | bytes, name: str, flags: int = cv2.IMREAD_UNCHANGED
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Decode an image by OpenCV, which keeps 16 bits: masks and scores of this package.

    Args:
        source: a file or its content.
        name: for errors.
        flags: of ``cv2.imdecode``.

    Returns:
        the pixels; colours are BGR.

    Raises:
        PhotoError: it cannot be read; see :func:`opened_image`.
    """
    with opened_image(source, name):
        content = source if isinstance(source, bytes) else source.read_bytes()
    values: Any = None
    with suppress(cv2.error):
        values = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    if values is None or values.dtype not in (np.uint8, np.uint16):
        raise PhotoError(f"{name}: cannot be read; it may be damaged, copy it again")
    return np.asarray(values)


def save_image_atomically(
    path: str | Path,
    image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
    *,
    scratch: Path | None = None,
) -> None:
    """Write an image whole or not at all; folders are made as needed.

    Args:
        path: where to; the suffix says the format.
        image: H×W (grey) or H×W×3 (RGB), uint8, or uint16 where the format has 16 bits (PNG, TIFF).
        scratch: folder for the half-written file; None takes the image's own.

    Raises:
        OutputError: the suffix is no image format, or the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    try:
        done, encoded = cv2.imencode(path.suffix, image[..., ::-1] if image.ndim == 3 else image)
    except cv2.error:
        done = False
    if not done:
        raise OutputError(
            f"cannot write {path}: {image.dtype} {image.shape} as '{path.suffix}'; use .png, .jpg or .tif"
        )
    write_atomically(path, encoded.tobytes(), scratch=scratch)


def _open_without_limit(file: Path | io.BytesIO) -> Image.Image:
    """Open the header; Pillow's limit warns at 89 million pixels and is global, so it is put back."""
    formats = _formats()
    # Of damaged EXIF; damaged pixels are an error of their own. One thread at a time, which the limit needs
    # too: a second lock for it could be taken in the other order, and two threads wait for ever.
    with without_warnings():
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(file, formats=formats)
        finally:
            Image.MAX_IMAGE_PIXELS = usual


@cache
def _formats() -> tuple[str, ...]:
    """The formats that can be read here; asked for another one, Pillow fails."""
    Image.init()
    if find_spec("pillow_heif"):
        importlib.import_module("pillow_heif").register_heif_opener()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def tiff_tags(source: Path | bytes) -> dict[int, Any]:
    """Read the tags of a TIFF, also of one that Pillow cannot decode; none of a damaged file."""
    try:
        with (
            io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file,
            without_warnings(),
        ):
            start = file.read(16)
            tags = TiffImagePlugin.ImageFileDirectory_v2(start if b"+" in start[:4] else start[:8])
            file.seek(tags.next)
            tags.load(file)
            return {tag: tags[tag] for tag in tags}
    except (*DECODING_ERRORS, TypeError, AttributeError):
        return {}


def _number_of(value: Any) -> float:
    """The number of a tag, the largest where it holds several; 0 where it holds none."""
    parts = value if isinstance(value, tuple) else (value,)
    return float(max((part for part in parts if isinstance(part, int | float)), default=0))


def _why_unknown(source: Path | bytes) -> str:
    """Why Pillow does not know an image, for the error."""
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        start = file.read(16)
        if start[4:8] == b"ftyp" and start[8:11] in (b"hei", b"hev", b"mif", b"msf"):
            return "a HEIC photo; install `pip install 'upcracknet[heic]'`, or save it as JPEG"
        if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            tags = tiff_tags(source)
            if not tags:
                return "a damaged TIFF; copy it again"
            # Of a damaged one, either may be anything.
            bands, bits = _number_of(tags.get(277, 1)), _number_of(tags.get(258, 1))
            return (
                f"a TIFF with {bands:g} {'separate ' * (tags.get(284) == 2)}band{'s' * (bands > 1)} of "
                f"{bits:g} bits, expected a sound one of 1, 3 or 4 bands of 8 bits; `upcracknet detect` "
                "reads it with rasterio: `pip install 'upcracknet[survey]'`"
            )
    return "not an image; expected JPEG, PNG, TIFF, BMP, WebP, JPEG 2000 or AVIF"
