"""The width of cracks from the photo: at half depth of the grey profile across them.

A mask ends at whole pixels, and a network's mask is often wider than the crack. The profile of a dark line whose edges
are blurred evenly is half as deep at its edges, however much blur there is, as long as the line is wider than it.
"""

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from scipy.ndimage import map_coordinates

from upcracknet.measure.axis import Axes
from upcracknet.measure.windows import Windows

STEP = 0.5
"""Pixels between two samples of a profile."""

HALF_MEAN = 4
"""Profiles before and behind each that are averaged with it, against the grain of the road."""

NEAR = 2.0
FAR = 6.0
"""The road beside a crack: from 2 to 6 pixels off the rims of the mask."""

DEEPER = 3.0
"""A crack stands out if it is so many times deeper than the standard deviation of the road beside it."""

Values = Float64[np.ndarray, " n"]
Profiles = Float32[np.ndarray, "n samples"]


def refine(axes: Axes, windows: Windows, left: Values, right: Values) -> None:
    """Replace the distances to the rims of the mask by those to half depth, where the crack stands out.

    Args:
        axes: of the cracks of a mask.
        windows: the mask and the photo.
        left: distance of the left rim of the mask at each point, in pixels; changed in place.
        right: the same for the right rim.
    """
    branch = np.repeat(np.arange(len(axes.crack)), np.diff(axes.starts))
    # Branches of about the same width have profiles of one length.
    mean = np.bincount(branch, left + right) / np.bincount(branch)
    group = np.ceil(np.log2(np.maximum(mean, 4.0))).astype(np.int64)[branch]
    for window, inside in windows.around(axes.points):
        for size in np.unique(group[inside]):
            chosen = inside[(group[inside] == size) & (left + right < 1.5 * 2.0**size)[inside]]
            if not chosen.size:
                continue
            offsets = np.arange(-(0.75 * 2.0**size + FAR), 0.75 * 2.0**size + FAR + STEP, STEP)
            place = axes.points[chosen] - (window.left, window.top)
            rays = place[:, None] + axes.normals[chosen][:, None] * offsets[:, None]
            assert window.grey is not None
            profiles = map_coordinates(window.grey, rays.transpose(2, 0, 1)[::-1], order=1, mode="nearest")
            profiles = _averaged(profiles, branch[chosen])
            _at_half_depth(profiles, offsets, chosen, left, right)


def _averaged(profiles: Profiles, branch: Int64[np.ndarray, " n"]) -> Profiles:
    """Average each profile with its neighbours on the same branch."""
    place = np.arange(len(branch))
    starts = np.flatnonzero(np.diff(branch, prepend=-1))
    number = np.cumsum(np.diff(branch, prepend=-1) != 0) - 1
    ends = np.append(starts[1:], len(branch))
    first, last = np.maximum(place - HALF_MEAN, starts[number]), np.minimum(place + HALF_MEAN + 1, ends[number])
    sums = np.concatenate([np.zeros((1, profiles.shape[1])), np.cumsum(profiles, axis=0, dtype=np.float64)])
    return ((sums[last] - sums[first]) / (last - first)[:, None]).astype(np.float32)


def _at_half_depth(
    profiles: Profiles, offsets: Values, chosen: Int64[np.ndarray, " n"], left: Values, right: Values
) -> None:
    """Find where the profiles are half as deep as at their deepest, on both sides."""
    # Positive offsets are to the left.
    to_left, to_right = offsets - left[chosen, None], -offsets - right[chosen, None]
    within = (to_left <= 1) & (to_right <= 1)
    smooth = profiles.copy()
    smooth[:, 1:-1] = (profiles[:, :-2] + profiles[:, 1:-1] + profiles[:, 2:]) / 3
    bottom_at = np.where(within, smooth, np.inf).argmin(axis=1)
    rows = np.arange(len(profiles))
    bottom = smooth[rows, bottom_at]
    found = np.ones(len(profiles), bool)
    rims = []
    for outwards, sign in ((to_left, 1), (to_right, -1)):
        road = (outwards >= NEAR) & (outwards <= FAR)
        level, noise = _mean_and_deviation(profiles, road)
        found &= level - bottom > DEEPER * np.maximum(noise, 1.0)
        beyond = (np.arange(len(offsets)) - bottom_at[:, None]) * sign > 0
        above = beyond & (profiles > ((level + bottom) / 2)[:, None])
        # The first sample above half depth on the way out, and the one before it.
        outer = above.argmax(axis=1) if sign > 0 else len(offsets) - 1 - above[:, ::-1].argmax(axis=1)
        found &= above[rows, outer]
        high, low = profiles[rows, outer], profiles[rows, outer - sign]
        share = (high - (level + bottom) / 2) / np.maximum(high - low, 1e-6)
        rims.append(sign * (offsets[outer] - sign * STEP * share))
    left[chosen[found]], right[chosen[found]] = rims[0][found], rims[1][found]


def _mean_and_deviation(profiles: Profiles, where: Bool[np.ndarray, "n samples"]) -> tuple[Values, Values]:
    count = np.maximum(where.sum(axis=1), 1)
    mean = (profiles * where).sum(axis=1) / count
    deviation = np.sqrt((((profiles - mean[:, None]) * where) ** 2).sum(axis=1) / count)
    return mean.astype(np.float64), deviation.astype(np.float64)
