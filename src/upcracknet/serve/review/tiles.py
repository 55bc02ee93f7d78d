"""Pictures at several levels, cut into tiles; level 0 is full size, each further one half of that before."""

import math

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

SIDE = 512
"""Side of a tile, in pixels."""

CRACKS_COLOUR = (255, 40, 90)
"""Of cracks in pictures: no road has it, and it stays lighter or darker than grey for every eye."""

QUALITY = 85
"""Of JPEG, 1 to 100."""

Picture = UInt8[np.ndarray, "_ _ 3"]
Mask = Bool[np.ndarray, "_ _"]


def size_at(level: int, height: int, width: int) -> tuple[int, int]:
    """Compute height and width in pixels of a picture at a level."""
    return math.ceil(height / 2**level), math.ceil(width / 2**level)


def levels_of(height: int, width: int) -> int:
    """Count the levels of a picture of a height and a width in pixels: the last fits into one tile."""
    return max(0, math.ceil(math.log2(max(height, width) / SIDE))) + 1


def pyramid(picture: Picture, levels: int) -> list[Picture]:
    """Make the levels of a picture, full size first.

    Args:
        picture: RGB.
        levels: number of levels.
    """
    made = [picture]
    for level in range(1, levels):
        made.append(shrunk(made[-1], size_at(level, *picture.shape[:2])))
    return made


def shrunk(picture: Picture, size: tuple[int, int]) -> Picture:
    """Shrink a picture to a height and a width in pixels; each pixel is the mean of those it covers."""
    return np.asarray(cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def shrunk_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    """Shrink a mask to a height and a width in pixels; a crack of one pixel stays one."""
    shares = mask.astype(np.uint8) * np.uint8(255)
    # Not in one step: of a very small share nothing would be left in eight bits.
    while max(shares.shape) > 8 * max(size):
        shares = cv2.resize(shares, size_at(3, *shares.shape)[::-1], interpolation=cv2.INTER_AREA)
        shares[shares > 0] = 255
    return np.asarray(cv2.resize(shares, size[::-1], interpolation=cv2.INTER_AREA) > 0)


def with_cracks(picture: Picture, mask: Mask) -> Picture:
    """Draw a mask into a picture of its size."""
    drawn = picture.copy()
    drawn[mask] = picture[mask] // 4 + np.multiply(CRACKS_COLOUR, 0.75).astype(np.uint8)
    return drawn


def cut(picture: Picture, column: int, row: int) -> Picture | None:
    """Cut a tile out of a picture; None where there is none."""
    tile = picture[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
    return tile if tile.size and min(row, column) >= 0 else None


def as_jpeg(picture: Picture) -> bytes:
    """Write a small picture as JPEG, quickly."""
    # Colours in full: with the usual half, the colour of a crack of one pixel is lost.
    options = [
        *(cv2.IMWRITE_JPEG_QUALITY, QUALITY),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
    ]
    return cv2.imencode(".jpg", picture[..., ::-1], options)[1].tobytes()


def as_png(values: UInt8[np.ndarray, "h w"]) -> bytes:
    """Write one channel as PNG, quickly rather than small."""
    return cv2.imencode(".png", values, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
