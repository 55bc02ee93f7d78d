"""EXIF as cameras and damage write it."""

import math
import struct
from typing import Any, NamedTuple

from PIL import ExifTags, Image

from upcracknet.errors import PhotoError
from upcracknet.files import without_warnings


class Exif(NamedTuple):
    """The tags of a photo: those of the image, of its place, and of how it was taken; by their numbers."""

    image: Any
    gps: dict[int, Any]
    taking: dict[int, Any]


def read_exif(image: Any) -> Exif:
    """Read the tags of a photo, from what stands before its pixels; these are not decoded.

    Args:
        image: opened by Pillow.

    Raises:
        PhotoError: they are damaged.
    """
    try:
        with without_warnings():  # of single damaged tags, which are left out
            # Not image.getexif(): of a PNG it decodes all pixels, to look for EXIF behind them.
            tags = Image.Image.getexif(image)
            return Exif(tags, tags.get_ifd(ExifTags.IFD.GPSInfo), tags.get_ifd(ExifTags.IFD.Exif))
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, AttributeError, struct.error) as error:
        raise PhotoError("the photo's EXIF is damaged") from error


def number(value: Any) -> float | None:
    """Read a number of EXIF; None where there is none, or a fraction of zero."""
    try:
        found = float(value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return found if math.isfinite(found) else None
