"""Pictures of any size as JPEG."""

import io

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

LONGEST_SIDE = 65_000
"""Longest side of a picture, in pixels; JPEG ends at 65,535."""


def jpeg(picture: UInt8[np.ndarray, "h w 3"]) -> bytes:
    """Write a picture as JPEG; larger ones than JPEG can hold are shrunk."""
    shrinking = max(picture.shape) / LONGEST_SIDE
    if shrinking > 1:
        size = (max(1, round(picture.shape[1] / shrinking)), max(1, round(picture.shape[0] / shrinking)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "jpeg", quality=90)
    return buffer.getvalue()
