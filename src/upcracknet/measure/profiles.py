"""How far a crack reaches from a place in a direction, without a loop per place."""

import numpy as np
from jaxtyping import Bool, Float64
from scipy.ndimage import map_coordinates

from upcracknet.measure.windows import Windows

STEP = 0.5
"""Pixels between two samples of a profile."""

Values = Float64[np.ndarray, " n"]
Points = Float64[np.ndarray, "n 2"]


def reach(windows: Windows, points: Points, directions: Points, inside: Values, limit: Values) -> Values:
    """Measure how far the mask goes from points in a direction.

    The mask, interpolated between pixels, is added up along the ray until it is 0. Over all angles and places
    that is right in the mean for cracks of any width, also where no sample reaches one half.

    Args:
        windows: the mask.
        points: n×2 (x, y) in pixels.
        directions: n×2 vectors of length 1.
        inside: distance that is known to be within the mask, in pixels.
        limit: greatest distance to follow, in pixels.

    Returns:
        distances in pixels, at most ``limit``.
    """
    result = np.empty(len(points))
    for window, chosen in windows.around(points):
        corner = np.array([window.left, window.top])
        result[chosen] = _march(
            window.mask, points[chosen] - corner, directions[chosen], inside[chosen], limit[chosen]
        )
    return result


def marked(windows: Windows, points: Points) -> Values:
    """Interpolate the mask between pixels at n×2 places (x, y) in pixels: 0 is road and 1 is crack."""
    result = np.empty(len(points))
    for window, chosen in windows.around(points):
        result[chosen] = _interpolated(window.mask, points[chosen] - (window.left, window.top))
    return result


def _march(
    mask: Bool[np.ndarray, "h w"], points: Points, directions: Points, inside: Values, limit: Values
) -> Values:
    total: Values = np.minimum(inside, limit)
    at = total.copy()
    active = np.flatnonzero(at < limit)
    while active.size:
        step = np.minimum(STEP, limit[active] - at[active])
        place = points[active] + directions[active] * (at[active] + step / 2)[:, None]
        value = _interpolated(mask, place)
        total[active] += value * step
        at[active] += step
        active = active[(value > 0) & (at[active] < limit[active])]
    return total


def _interpolated(mask: Bool[np.ndarray, "h w"], points: Points) -> Values:
    values: Values = map_coordinates(
        mask.view(np.uint8), points.T[::-1], np.float64, order=1, mode="grid-constant"
    )
    return values
