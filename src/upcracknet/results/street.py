"""Whether a photo shows more than road: cracks that are found on houses and trees are no cracks.

Roads are nearly of one colour, and about as light at the top as at the bottom. Sky, trees and houses are not.
How often this is wrong was measured; see docs/where-the-road-is.md.
"""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import UInt8

SIDE = 256
"""Longest side, in pixels, at which a photo is looked at."""

OTHER_COLOUR = 15.0
"""A pixel has another colour than the photo's usual one if it is so far from it in a* and b* of CIELAB."""

LARGEST_COLOURED = 0.15
"""A photo of road has other colours in at most this share of it: lines, leaves, a verge."""

LARGEST_STEP = 25.0
"""The lightest and the darkest quarter of a photo of road, from top to bottom, differ by at most this much in
L* of CIELAB, which goes from 0 to 100."""


class Signs(NamedTuple):
    """What tells a street scene from a road.

    Attributes:
        coloured: share of the photo with another colour than its usual one, 0 to 1.
        step: by how much the lightest and the darkest of its four bands, from top to bottom, differ in L*.
    """

    coloured: float
    step: float


def signs_of_street(photo: UInt8[np.ndarray, "h w 3"]) -> Signs:
    """Measure what tells a street scene from a road.

    Args:
        photo: RGB.
    """
    shrinking = max(1.0, max(photo.shape) / SIDE)
    size = (max(4, round(photo.shape[1] / shrinking)), max(4, round(photo.shape[0] / shrinking)))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    colour = lab[..., 1:]
    away = np.linalg.norm(colour - np.median(colour, axis=(0, 1)), axis=-1)
    bands = [float(np.median(band)) for band in np.array_split(lab[..., 0], 4)]
    return Signs(float(np.mean(away > OTHER_COLOUR)), max(bands) - min(bands))


def street_scene(photo: UInt8[np.ndarray, "h w 3"]) -> list[str]:
    """Warn of a photo that seems to show more than road.

    Args:
        photo: RGB.
    """
    signs = signs_of_street(photo)
    if signs.coloured <= LARGEST_COLOURED and signs.step <= LARGEST_STEP:
        return []
    return ["seems to show more than road, such as sky, houses or trees; give the road's place with --region"]
