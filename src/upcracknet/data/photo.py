"""Photos and masks as arrays: what a stranger's camera wrote becomes RGB uint8, or one clear error."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import cv2
import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, UInt8
from PIL import Image, ImageFile, ImageOps, TiffImagePlugin

from upcracknet.data.image_file import (
    PHOTO_SUFFIXES,
    exif_orientation,
    one_line_errors,
    opened_image,
    photo_orientation,
    photo_size,
    save_image_atomically,
)
from upcracknet.errors import PhotoError
from upcracknet.files import one_line

__all__ = [
    "PHOTO_SUFFIXES",
    "PhotoSource",
    "full_scale",
    "load_mask",
    "load_photo",
    "photo_orientation",
    "photo_size",
    "save_image_atomically",
]

ROUNDING = 1e-3
"""How far floats may lie outside [0, 1]: rounding errors of 16-bit floats, and a quarter of a grey level."""

HIDDEN = 0.01
"""A transparency that leaves less than this share of a photo to see is a mistake, and ignored."""

CFD_CRACK_LABEL = 2
"""In CFD's annotations 1 is road, 2 is crack; 3 and 4 are pieces of road cut off by cracks."""


@runtime_checkable
class BinaryFile(Protocol):
    """An open file, of which only this is asked."""

    def read(self) -> bytes:
        """Read all bytes that are left."""


@runtime_checkable
class Tensor(Protocol):
    """A tensor of PyTorch, of which only this is asked: files are read without PyTorch."""

    def detach(self) -> Any:
        """Give it without its gradient."""


PhotoSource = str | os.PathLike[str] | bytes | BinaryFile | np.ndarray | Tensor | Image.Image | Sequence[Any]
"""What a photo may be given as; see :func:`load_photo`."""


def load_photo(source: Any) -> UInt8[np.ndarray, "h w 3"]:
    """Load a photo of any usual kind as RGB.

    EXIF orientation is applied. Grey becomes three equal channels. Values of 16 bits are scaled to 8 by
    :func:`full_scale`. Transparent parts are laid on white, which no detector takes for a dark crack, unless
    next to nothing could be seen. Of several frames the first is taken.

    Args:
        source: a file's path, its content as bytes or as an open file, a Pillow image of any mode, or values:
            a NumPy array or nested lists, H×W, H×W×1, H×W×3 (RGB) or H×W×4 (RGBA), or a tensor of such a
            shape or with its channels first. Values are whole numbers from 0 to 65535, bool, or floats in
            [0, 1].

    Returns:
        the photo, uint8, RGB.

    Raises:
        PhotoError: the file is missing, empty, damaged, too large or not an image; or the values have another
            shape or type, are empty, not finite, or outside their range.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        with opened_image(path, str(path)) as image:
            return _rgb(_decode(image, str(path), path), str(path))
    if isinstance(source, BinaryFile):
        with one_line_errors("image"):
            source = source.read()
    if isinstance(source, bytes | bytearray | memoryview):
        content = bytes(source)
        with opened_image(content, "image") as image:
            return _rgb(_decode(image, "image", content), "image")
    if isinstance(source, Image.Image):
        with one_line_errors("image"):
            return _rgb(_decode(source, "image", None), "image")
    return _rgb(_array(source), "array")


def load_mask(path: str | Path) -> Bool[np.ndarray, "h w"]:
    """Load a crack mask: True where there is a crack.

    Values may be 0 and 1, or dark and bright in any depth (0 and 255, JPEG masks with some noise around
    them): above half of the full scale is crack. In a coloured mask the brightest channel counts.

    Args:
        path: the mask's file: an image, or an annotation of CFD (``.mat``).

    Returns:
        the mask, bool.

    Raises:
        PhotoError: the file cannot be opened, holds several classes instead of two, or looks like a photo
            (more than a tenth of its pixels are neither dark nor bright).
    """
    path = Path(path)
    if path.suffix.lower() == ".mat":
        return _cfd_annotation(path)
    with opened_image(path, str(path)) as image:
        values = _decode(image, str(path), path)
    if values.ndim == 3:
        values = values[..., :3].max(axis=2)
    if values.dtype.kind in "biu" and values.max() <= 1:
        return values.astype(np.bool_)
    grey = _to_uint8(values, str(path))
    brightest = int(values.max()) if values.dtype.kind in "iu" else int(grey.max())
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


USUAL = 99.9
"""Per cent of the values up to which the full scale is sought: a few hot pixels must not darken the rest."""


def full_scale(maximum: int) -> int:
    """Give what 16-bit values up to a maximum are shares of: 255, 1023, 4095, 16383 or 65535.

    Cameras and orthophotos often store 10 or 12 bits in 16; taken for shares of 65535 they would be black.
    """
    bits = next(bits for bits in (8, 10, 12, 14, 16) if maximum < 1 << bits)
    return (1 << bits) - 1


def _cfd_annotation(path: Path) -> Bool[np.ndarray, "h w"]:
    """The cracks of an annotation: ``groundTruth[0, 0]["Segmentation"] == 2``."""
    import scipy.io  # takes longer than most photos, and only CFD needs it

    try:
        labels = scipy.io.loadmat(str(path))["groundTruth"][0, 0]["Segmentation"]
    except FileNotFoundError as error:
        raise PhotoError(f"{path}: no such file") from error
    except Exception as error:  # scipy raises many kinds, whatever the damaged bytes lead it to
        raise PhotoError(
            f"{path}: not a CFD annotation ({type(error).__name__}); fetch the dataset again"
        ) from error
    if labels.ndim != 2:
        raise PhotoError(f"{path}: shape {labels.shape}, expected (height, width); fetch the dataset again")
    return np.asarray(labels == CFD_CRACK_LABEL)


def _decode(image: Image.Image, name: str, source: Path | bytes | None) -> npt.NDArray[Any]:
    """Decode a Pillow image that was opened from a source to an upright array with 1, 3 or 4 channels."""
    is_tiff, dark_is_high, colours_of_16_bits = False, False, False
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        is_tiff, dark_is_high = True, image.tag_v2.get(262) == 0  # up to 8 bits Pillow turns them
    if isinstance(image, ImageFile.ImageFile) and image.mode in ("RGB", "RGBA", "LA"):
        colours_of_16_bits = re.search(r"\w;16", str(image.tile)) is not None
    image.load()
    orientation = exif_orientation(image)
    if source is not None and colours_of_16_bits and _upper_bytes_are_dark(image):
        return _decode_16_bits(source, name, 1 if is_tiff else orientation)
    if orientation > 1:
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        return 255 - _to_uint8(values, name) if dark_is_high else values
    if image.mode == "1":
        # Pillow's True is a byte of 255, which compiled code that looks True up in tables takes for an index.
        return np.asarray(image.convert("L")) > 0
    if image.mode in ("L", "RGB", "RGBA"):
        return np.asarray(image)
    return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))


def _upper_bytes_are_dark(image: Image.Image) -> bool:
    """Whether colours of 16 bits, of which Pillow keeps the upper bytes, use 14 bits or fewer."""
    colours = np.asarray(image)[..., :1] if image.mode == "LA" else np.asarray(image)[..., :3]
    # A dead pixel, or a text that was burned in, says nothing of the others.
    return float((colours >= 64).mean()) <= 1 - USUAL / 100


def _decode_16_bits(source: Path | bytes, name: str, orientation: int) -> npt.NDArray[np.uint16]:
    """Decode colours of 16 bits by OpenCV, which keeps all bits."""
    content = source if isinstance(source, bytes) else source.read_bytes()
    try:
        values = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        values = None
    if values is None or values.dtype != np.uint16 or values.ndim != 3 or values.shape[2] < 3:
        raise PhotoError(
            f"{name}: colours of 16 bits that use 14 or fewer, stored in an unusual way; save it with 8 bits"
        )
    values = values[..., [2, 1, 0, 3][: values.shape[2]]]
    # EXIF: from 5 on rows and columns are exchanged; then columns or rows may run backwards.
    values = values.swapaxes(0, 1) if orientation >= 5 else values
    values = values[:, ::-1] if orientation in (2, 3, 6, 7) else values
    return np.asarray(values[::-1] if orientation in (3, 4, 7, 8) else values, np.uint16)


def _array(source: Any) -> npt.NDArray[Any]:
    """The values of an array, a tensor or nested lists, channels last."""
    if isinstance(source, Tensor):
        tensor = source.detach().cpu()
        values: npt.NDArray[Any] = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        channels_first = (
            values.ndim == 3 and values.shape[0] in (1, 3, 4) and values.shape[2] not in (1, 3, 4)
        )
        return np.moveaxis(values, 0, 2) if channels_first else values
    try:
        values = np.asarray(source)
    except (ValueError, TypeError) as error:
        raise PhotoError(
            f"array: {one_line(error)}, expected height, width and 1, 3 or 4 channels"
        ) from error
    if values.dtype.kind not in "biuf" and not isinstance(source, np.ndarray):
        raise PhotoError(
            f"a {type(source).__name__} is no photo; give the path of one, its bytes, a Pillow image, an "
            "array or a tensor"
        )
    return values


def _rgb(values: npt.NDArray[Any], name: str) -> UInt8[np.ndarray, "h w 3"]:
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (1, 3, 4)):
        raise PhotoError(f"{name}: shape {values.shape}, expected height, width and 1, 3 or 4 channels")
    if values.size == 0:
        raise PhotoError(f"{name}: shape {values.shape} holds no pixels")
    if values.ndim == 2:
        values = values[..., None]
    photo = _to_uint8(values[..., :3], name)
    if values.shape[2] == 4:
        alpha = _to_uint8(values[..., 3:], name)
        if alpha.mean() >= HIDDEN * 255:
            wide = alpha.astype(np.uint16)
            on_white = (photo * wide + 255 * (255 - wide) + 127) // 255
            photo = on_white.astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(photo, (*photo.shape[:2], 3)))


def _to_uint8(values: npt.NDArray[Any], name: str) -> npt.NDArray[np.uint8]:
    """Scale values to 0…255."""
    if values.dtype == np.uint8:
        return values.astype(np.uint8, copy=False)
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind not in "iuf":
        raise PhotoError(
            f"{name}: values of type {values.dtype}, expected whole numbers, bool or floats in [0, 1]"
        )
    lowest, highest = values.min(), values.max()
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise PhotoError(f"{name}: holds NaN or infinite values, expected floats in [0, 1]")
        if lowest < -ROUNDING or highest > 1 + ROUNDING:
            raise PhotoError(
                f"{name}: values from {lowest:g} to {highest:g}, expected floats in [0, 1]; divide by 255?"
            )
        return np.asarray(np.rint(values.astype(np.float32).clip(0, 1) * 255), np.uint8)
    if lowest < 0 or highest > 65535:
        raise PhotoError(
            f"{name}: values from {lowest} to {highest}, expected 0 to 65535; scale them to 8 or 16 bits"
        )
    white = full_scale(int(np.percentile(values, USUAL)))
    return ((values.astype(np.uint32).clip(max=white) * 255 + white // 2) // white).astype(np.uint8)
