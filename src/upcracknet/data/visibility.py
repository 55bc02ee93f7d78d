"""Which pixels of painted cracks can be seen at all, judged by the road's own grain."""

import cv2
import numpy as np
from jaxtyping import Bool, Float32

from upcracknet.data.synthetic.edges import half_widths, inner_distance

LEAST_CONTRAST = 0.8
"""Standard deviations of the road's grain that a broad crack must be darker than the road to be seen; one that is
two pixels wide must be twice as much darker."""

BRIDGE = 12.0
"""Pixels; a gap up to so long between visible pieces of a crack belongs to the crack."""

REACH = 4.0
"""Pixels; sigma of the blur along a crack over which its contrast is averaged."""

FINEST_GRAIN = 0.004
"""Standard deviation that every photo has at least, of 1 for white: about one grey level."""


def seen_cracks(
    photo: Float32[np.ndarray, "h w 3"],
    road: Float32[np.ndarray, "h w 3"],
    crack: Float32[np.ndarray, "h w"],
) -> Bool[np.ndarray, "h w"]:
    """Find the crack pixels that can be seen, or that bridge a gap between such.

    The less wide a crack is, the more it must differ. The contrast is what the crack takes from the road's brightness, averaged over the crack's pixels nearby;
    the grain is the road's brightness without its slow changes, nearby too. Within a wide crack a gap may be
    as long as the crack is wide: what fills it in places belongs to it.

    Args:
        photo: with cracks, in [0, 1].
        road: the same without them, in [0, 1].
        crack: share of each pixel that is crack, in [0, 1].

    Returns:
        bool H×W, true on the crack's pixels that are seen; false beside cracks.
    """
    marked = crack > 0.5
    before = cv2.cvtColor(road, cv2.COLOR_RGB2GRAY)
    lost = before - cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    weight = marked.astype(np.float32)
    nearby = cv2.GaussianBlur(weight, (0, 0), REACH)
    mean = cv2.GaussianBlur(lost * weight, (0, 0), REACH) / np.maximum(nearby, np.float32(1e-3))
    texture = before - cv2.GaussianBlur(before, (0, 0), 6.0)
    grain = np.sqrt(_spread(texture * texture))
    halves = half_widths(inner_distance(crack))
    least = LEAST_CONTRAST * (1 + 1 / np.maximum(halves, 1)) * np.maximum(grain, np.float32(FINEST_GRAIN))
    seen: np.ndarray = marked & (np.abs(mean) >= least)
    if not seen.any():
        return seen
    away = cv2.distanceTransform((~seen).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(marked & (away <= np.maximum(halves, np.float32(BRIDGE / 2))))


def _spread(values: Float32[np.ndarray, "h w"]) -> Float32[np.ndarray, "h w"]:
    """Average over about 16 pixels, at a quarter of the size."""
    height, width = values.shape
    size = max(1, width // 4), max(1, height // 4)
    small = cv2.GaussianBlur(cv2.resize(values, size, interpolation=cv2.INTER_AREA), (0, 0), 4.0)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR))
