"""The axis of each painted crack and its width along it: what measuring a photo should find."""

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float64
from scipy.ndimage import gaussian_filter1d

from upcracknet.data.synthetic.cracks import CrackPath, Points, rasterise
from upcracknet.data.synthetic.noise import Plane

Axis = Float64[np.ndarray, "_ 3"]
"""Places (x, y) about a pixel apart, pixel centres at whole numbers, and the width in pixels at each."""

SMOOTHING = 2.0
SMOOTHING_TO_WIDTH = 0.19
"""An axis leaves out the kinks of a strand that nobody measures: it is smoothed by a Gaussian of 2 pixels, or
of so many times the crack's width, which halves kinks of 10 pixels and those as long as the crack is wide."""

SHOWN = 0.25
"""Where less of it is left, in pixels, a strand is closed or hidden, and its axis ends."""

STEP = 0.5
"""Pixels between two samples across an axis."""

NEAR = 4.0
NEAR_TO_EDGE = 1.5
"""A strand is looked for up to 4 pixels beyond its edge, or up to so many times the edge's distance."""


def axes_of(paths: Sequence[CrackPath], coverage: Plane) -> list[Axis]:
    """Find the axes of drawn cracks as they came out.

    The width is what a strand covers at right angles to its axis; where strands meet, that of the strand
    alone. A strand that is closed or hidden in places, or leaves the picture, has an axis for each part that
    is seen.

    Args:
        paths: the strands as they were drawn.
        coverage: float32 H×W, the share of each pixel that is crack, in [0, 1]: with broken edges, and
            without what is hidden.
    """
    height, width = coverage.shape
    # What broken edges and things on the road add and take away.
    change = coverage - rasterise(list(paths), height, width)
    axes = []
    for path in paths:
        edge = np.maximum(path.left, path.right)
        if not edge.any():
            continue
        points = _axis(path)
        inside = (points >= -0.5).all(1) & (points < (width - 0.5, height - 0.5)).all(1)
        if not inside.any():
            continue
        reach = max(NEAR_TO_EDGE * float(edge.max()), float(edge.max()) + NEAR)
        seen = _across(rasterise([path], height, width) + change, points, reach)
        axis = np.column_stack([points, seen])
        axes += _runs(axis, inside & (seen >= SHOWN))
    return axes


def _axis(path: CrackPath) -> Points:
    """The line midway between the edges, smoothed, with a point each pixel."""
    middle = path.points + path.across * ((path.left - path.right) / 2)[:, None]
    widths = path.left + path.right
    spacing = max(float(np.hypot(*(middle[-1] - middle[0]))) / (len(middle) - 1), 1e-6)
    sigma = max(SMOOTHING, SMOOTHING_TO_WIDTH * float(np.median(widths[widths > 0]))) / spacing
    margin = min(len(middle) - 1, int(4 * sigma) + 1)
    # Turned about its ends, so that they stay where they are.
    longer = np.pad(middle, ((margin, margin), (0, 0)), mode="reflect", reflect_type="odd")
    smooth = gaussian_filter1d(longer, sigma, axis=0)[margin:-margin]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(smooth, axis=0).T))])
    at = np.linspace(0, along[-1], max(2, round(along[-1]) + 1))
    return np.stack([np.interp(at, along, smooth[:, axis]) for axis in (0, 1)], 1)


def _across(plane: Plane, points: Points, reach: float) -> Float64[np.ndarray, " n"]:
    """Add up a plane at right angles to a line, up to a distance in pixels to both sides."""
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    offsets = np.arange(-reach, reach + STEP, STEP)
    x = points[:, :1] - along[:, 1:] * offsets
    y = points[:, 1:] + along[:, :1] * offsets
    values = cv2.remap(
        plane, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.maximum(np.asarray(values).sum(1, dtype=np.float64) * STEP, 0.0)


def _runs(axis: Axis, kept: Bool[np.ndarray, " _"]) -> list[Axis]:
    """The parts of an axis that are kept, each of two points or more."""
    ends = np.flatnonzero(np.diff(kept)) + 1
    return [
        part for part, own in zip(np.split(axis, ends), np.split(kept, ends), strict=True)
        if own.all() and len(part) > 1
    ]  # fmt: skip
