"""Photos and masks in and out: what a stranger's camera wrote becomes RGB uint8, or one clear error."""

import struct
import threading
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from upcracknet.errors import DataError, OutputError, PhotoError
from upcracknet.files import one_line, write_atomically

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MAXIMUM_PIXELS = 1_000_000_000
"""Largest photo that is opened, in pixels: 3 GB as RGB, far above any camera."""

PhotoSource = str | Path | npt.NDArray[Any] | Image.Image

# What Pillow's decoders raise on damaged files, beside OSError.
_DECODING_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, MemoryError)
_pillow_limit_lock = threading.Lock()


def load_photo(source: PhotoSource) -> UInt8[np.ndarray, "h w 3"]:
    """Loads a photo of any usual kind as RGB.

    EXIF orientation is applied. Grey becomes three equal channels; 16-bit values are scaled to 8 bits (v /
    257); transparent parts are laid on white, which no detector takes for a dark crack. Of several frames the
    first is taken.

    Args:
        source: a file, a Pillow image of any mode, or an array H×W, H×W×1, H×W×3 (RGB) or H×W×4 (RGBA) of
            uint8, uint16, bool, or float in [0, 1].

    Returns:
        The photo, uint8, RGB.

    Raises:
        PhotoError: the file is missing, empty, damaged, too large or not an image; the array has another
            shape or type, is empty, or holds values that are not finite or outside [0, 1].
    """
    if isinstance(source, np.ndarray):
        return _rgb_from_array(source, "array")
    if isinstance(source, Image.Image):
        with _one_line_errors("image"):
            return _rgb_from_array(_decode(source, "image"), "image")
    path = Path(source)
    with _open_image(path) as image:
        return _rgb_from_array(_decode(image, str(path)), str(path))


def load_mask(path: str | Path) -> Bool[np.ndarray, "h w"]:
    """Loads a crack mask: True where there is a crack.

    Values may be 0 and 1, or dark and bright in any depth (0 and 255, JPEG masks with some noise around
    them): above half of the full scale is crack. In a coloured mask the brightest channel counts.

    Args:
        path: the mask's file, of any image format.

    Returns:
        The mask, bool.

    Raises:
        PhotoError: the file cannot be opened, holds several classes instead of two, or looks like a photo
            (more than a tenth of its pixels are neither dark nor bright).
    """
    path = Path(path)
    with _open_image(path) as image:
        values = _decode(image, str(path))
    if values.ndim == 3:
        values = values[..., :3].max(axis=2)
    if values.dtype.kind in "bu" and values.max() <= 1:
        return values.astype(np.bool_)
    grey = _to_uint8(values, str(path))
    brightest = int(grey.max())
    if brightest <= 127:
        raise PhotoError(
            f"{path}: brightest mask value is {brightest}, expected 0/1 or 0/255; save cracks as 255"
        )
    unclear = float(np.mean((grey > 63) & (grey < 192)))
    if unclear > 0.1:
        raise PhotoError(
            f"{path}: {unclear:.0%} of the mask is neither dark nor bright, expected two levels; a photo?"
        )
    return grey > 127


def photo_size(path: str | Path) -> tuple[int, int]:
    """Height and width in pixels after EXIF orientation, read from the file's header alone.

    Raises:
        PhotoError: the file is missing, empty or not an image.
    """
    with _open_image(Path(path)) as image:
        width, height = image.size
        lies_on_its_side = _orientation(image) >= 5 and image.format != "TIFF"  # Pillow gives TIFF upright
        return (width, height) if lies_on_its_side else (height, width)


def list_photos(paths: Sequence[str | Path], *, recursive: bool = True) -> list[Path]:
    """Expands files, folders and glob patterns to photo files, each once.

    Folders and patterns give files with a photo's suffix (any case), sorted, without hidden ones. A path that
    matches nothing while others do is kept as it is, so that opening it reports it without costing the rest
    of the batch.

    Args:
        paths: files, folders, patterns such as ``road/*.jpg`` or ``survey/**/*.png``.
        recursive: look into the folders of a folder too.

    Returns:
        The photos, in the order of ``paths``.

    Raises:
        DataError: no photo at all was found.
    """
    found: dict[Path, None] = {}
    unmatched: list[Path] = []
    for path in map(Path, paths):
        matches = _expand(path.expanduser(), recursive)
        found.update(dict.fromkeys(matches))
        if not matches:
            unmatched.append(path)
    if not found:
        looked = ", ".join(str(path) for path in paths) or "an empty list"
        kinds = " ".join(sorted(PHOTO_SUFFIXES))
        raise DataError(
            f"no photos found in {looked}; give photos, folders or patterns with files of {kinds}"
        )
    return [*found, *unmatched]


def save_image_atomically(
    path: str | Path,
    image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
    *,
    scratch: Path | None = None,
) -> None:
    """Writes an image whole or not at all; folders are made as needed.

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


@contextmanager
def _open_image(path: Path) -> Iterator[Image.Image]:
    """Opens a file; whatever is wrong with it, now or while it is decoded, becomes one line with its name."""
    if path.is_dir():
        raise PhotoError(f"{path}: is a folder, expected a photo")
    with _one_line_errors(str(path)):
        if path.stat().st_size == 0:
            raise PhotoError(f"{path}: the file is empty (0 bytes); copy it again")
        with _open_without_limit(path) as image:
            width, height = image.size
            if width * height > MAXIMUM_PIXELS:
                raise PhotoError(
                    f"{path}: {width}x{height} pixels, expected at most {MAXIMUM_PIXELS:,}; cut it in parts"
                )
            yield image


@contextmanager
def _one_line_errors(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise PhotoError(f"{name}: no such file") from error
    except UnidentifiedImageError as error:
        raise PhotoError(f"{name}: not an image; expected JPEG, PNG, TIFF, BMP or WebP") from error
    except _DECODING_ERRORS as error:
        raise PhotoError(
            f"{name}: cannot be read ({one_line(error)}); it may be damaged, copy it again"
        ) from error


def _open_without_limit(path: Path) -> Image.Image:
    """Opens the header; Pillow's limit warns at 89 million pixels and is global, so it is put back."""
    with _pillow_limit_lock:
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of damaged EXIF; damaged pixels are an error of their own
                return Image.open(path)
        finally:
            Image.MAX_IMAGE_PIXELS = usual


def photo_orientation(path: Path) -> int:
    """Orientation that a camera stored with a photo, 1 (upright) to 8; 1 of what Pillow cannot read."""
    try:
        with _open_image(path) as image:
            return _orientation(image)
    except PhotoError:
        return 1


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; damaged EXIF counts as upright since the pixels may still be whole."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return int(image.getexif().get(0x0112, 1))
    except (*_DECODING_ERRORS, TypeError):
        return 1


def _decode(image: Image.Image, name: str) -> npt.NDArray[Any]:
    """Decodes a Pillow image of any mode to an upright array with 1, 3 or 4 channels."""
    image.load()
    if _orientation(image) > 1:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16-bit grey; older Pillows give 16-bit PNG as 32-bit integers
        values = np.asarray(image)
        if values.size and (values.min() < 0 or values.max() > 65535):
            raise PhotoError(
                f"{name}: values from {values.min()} to {values.max()}, expected 16 bits (0 to 65535)"
            )
        return values.astype(np.uint16)
    if image.mode == "1":
        # Pillow's True is a byte of 255, which compiled code that looks True up in tables takes for an index.
        return np.asarray(image.convert("L")) > 0
    if image.mode in ("L", "RGB", "RGBA", "F"):
        return np.asarray(image)
    return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))


def _rgb_from_array(values: npt.NDArray[Any], name: str) -> UInt8[np.ndarray, "h w 3"]:
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (1, 3, 4)):
        raise PhotoError(f"{name}: shape {values.shape}, expected height, width and 1, 3 or 4 channels")
    if values.size == 0:
        raise PhotoError(f"{name}: shape {values.shape} holds no pixels")
    photo = _to_uint8(values, name)
    if photo.ndim == 2:
        photo = photo[..., None]
    if photo.shape[2] == 4:
        photo = _on_white(photo)
    return np.ascontiguousarray(np.broadcast_to(photo, (*photo.shape[:2], 3)))


def full_scale(maximum: int) -> int:
    """What 16-bit values up to a maximum are shares of: 255, 1023, 4095, 16383 or 65535.

    Cameras and orthophotos often store 10 or 12 bits in 16; taken for shares of 65535 they would be black.
    """
    return next(2**bits - 1 for bits in (8, 10, 12, 14, 16) if maximum < 2**bits)


def _to_uint8(values: npt.NDArray[Any], name: str) -> npt.NDArray[np.uint8]:
    """Scales the full range of the array's type to 0…255."""
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype == np.uint16:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if not np.issubdtype(values.dtype, np.floating):
        raise PhotoError(
            f"{name}: values of type {values.dtype}, expected uint8, uint16, bool or float in [0, 1]"
        )
    floats = values.astype(np.float32)
    if not np.isfinite(floats).all():
        raise PhotoError(f"{name}: holds NaN or infinite values, expected floats in [0, 1]")
    lowest, highest = float(floats.min()), float(floats.max())
    if lowest < 0 or highest > 1:
        raise PhotoError(
            f"{name}: values from {lowest:g} to {highest:g}, expected floats in [0, 1]; divide by 255?"
        )
    return np.rint(floats * 255).astype(np.uint8)


def _on_white(rgba: UInt8[np.ndarray, "h w 4"]) -> UInt8[np.ndarray, "h w 3"]:
    alpha = rgba[..., 3:].astype(np.uint16)
    blended = rgba[..., :3] * alpha + 255 * (255 - alpha)
    return ((blended + 127) // 255).astype(np.uint8)


def _expand(path: Path, recursive: bool) -> list[Path]:
    if path.is_dir():
        inside = path.rglob("*") if recursive else path.glob("*")
        return sorted(filter(_is_photo, inside))
    if path.exists():
        return [path]
    if not any(sign in str(path) for sign in "*?["):
        return []
    matches = sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))))
    return [
        photo
        for match in matches
        if match.is_dir() or _is_photo(match)
        for photo in _expand(match, recursive)
    ]


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in PHOTO_SUFFIXES and not path.name.startswith(".") and path.is_file()
