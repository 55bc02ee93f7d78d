"""The width of cracks: across the axis, from rim to rim."""

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.axis import Axes
from upcracknet.measure.grey import refine
from upcracknet.measure.profiles import reach
from upcracknet.measure.windows import Windows

WIDEST_TO_CIRCLE = 1.5
"""Half a width is at most so many times the distance to the nearest rim, and a pixel. A profile that finds
more runs along another crack."""


def measure_widths(
    axes: Axes, windows: Windows
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Measure the width at each point of the axes, at right angles to them.

    Args:
        axes: of the cracks of a mask.
        windows: the mask, and the photo where widths are to be refined by it.

    Returns:
        the distances from each point to the crack's left and right rim, as seen along the axis, in pixels.
        Their sum is the width.
    """
    inside = np.maximum(0.8 * axes.radius - 1.5, 0.0)
    limit = WIDEST_TO_CIRCLE * axes.radius + 1
    normals = axes.normals
    both = reach(
        windows, np.tile(axes.points, (2, 1)), np.concatenate([normals, -normals]),
        np.tile(inside, 2), np.tile(limit, 2),
    )  # fmt: skip
    left, right = np.split(both, 2)
    if windows.has_photo:
        refine(axes, windows, left, right)
    return left, right
