"""The width of cracks from the photo: at half depth of the grey profile across them.

A mask ends at whole pixels, and a network's mask is often wider than the crack. The profile of a dark line
whose edges are blurred evenly is half as deep at its edges, however much blur there is, as long as the line
is wider than it.
"""

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from scipy.ndimage import map_coordinates

from upcracknet.measure.axis import Axes
from upcracknet.measure.windows import Windows

STEP = 0.5
"""Pixels between two samples of a profile."""

HALF_MEAN = 8
"""Profiles before and behind each that are averaged with it, against the grain of the road."""

NEAR = 2.0
FAR = 6.0
"""The road beside a crack: from 2 to 6 pixels off the rims of the mask."""

FARTHEST = 3.5
"""Pixels off the mask's rim within which the rim is looked for. A mask is one or two pixels too wide or too
narrow, up to 2.8 along a diagonal. A rise farther inside is a lit wall of a wide crack, or rubble in it."""

DEEPER = 3.0
"""A crack stands out if it is so many times deeper than the standard deviation of the road beside it."""

MOST = 0.5
"""Share of a branch that has to stand out; else what does is likely the grain of the road."""

Values = Float64[np.ndarray, " n"]
Offsets = Float64[np.ndarray, " samples"]
Profiles = Float32[np.ndarray, "n samples"]


def refine(axes: Axes, windows: Windows, left: Values, right: Values) -> None:
    """Replace the distances to the rims of the mask by those to half depth, on branches that stand out.

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
    found, new = np.zeros(len(branch), bool), np.stack([left, right])
    for window, inside in windows.around(axes.points):
        for size in np.unique(group[inside]):
            chosen = inside[(group[inside] == size) & (left + right < 1.5 * 2.0**size)[inside]]
            if not chosen.size:
                continue
            reach = 0.75 * 2.0**size + FAR
            offsets = np.arange(-reach, reach + STEP, STEP)
            place = axes.points[chosen] - (window.left, window.top)
            rays = place[:, None] + axes.normals[chosen][:, None] * offsets[:, None]
            profiles = map_coordinates(
                window.grey, rays.transpose(2, 0, 1)[::-1], np.float32, order=1, mode="nearest"
            )
            profiles = _averaged(profiles, branch[chosen])
            new[:, chosen], found[chosen] = _half_depth(profiles, offsets, left[chosen], right[chosen])
    found &= (np.bincount(branch, found) >= MOST * np.bincount(branch))[branch]
    left[found], right[found] = new[0, found], new[1, found]


def _averaged(profiles: Profiles, branch: Int64[np.ndarray, " n"]) -> Profiles:
    """Average each profile with its neighbours on the same branch."""
    place = np.arange(len(branch))
    starts = np.flatnonzero(np.diff(branch, prepend=-1))
    number = np.cumsum(np.diff(branch, prepend=-1) != 0) - 1
    ends = np.append(starts[1:], len(branch))
    first, last = (
        np.maximum(place - HALF_MEAN, starts[number]),
        np.minimum(place + HALF_MEAN + 1, ends[number]),
    )
    sums = np.concatenate([np.zeros((1, profiles.shape[1])), np.cumsum(profiles, axis=0, dtype=np.float64)])
    means: Profiles = ((sums[last] - sums[first]) / (last - first)[:, None]).astype(np.float32)
    return means


def _half_depth(
    profiles: Profiles, offsets: Offsets, left: Values, right: Values
) -> tuple[Float64[np.ndarray, "2 n"], Bool[np.ndarray, " n"]]:
    """Find where the profiles are half as deep as in the middle of the crack, to its left and right.

    Returns:
        the distances to both, and which of the profiles stand out from the road.
    """
    # Positive offsets are to the left.
    beyond_left, beyond_right = offsets - left[:, None], -offsets - right[:, None]
    smooth = profiles.copy()
    smooth[:, 1:-1] = (profiles[:, :-2] + profiles[:, 1:-1] + profiles[:, 2:]) / 3
    deepest = np.where((beyond_left <= 1) & (beyond_right <= 1), smooth, np.inf).argmin(axis=1)
    bottom = smooth[np.arange(len(profiles)), deepest].astype(np.float64)
    road_left, noise_left = _mean_and_deviation(profiles, (beyond_left >= NEAR) & (beyond_left <= FAR))
    road_right, noise_right = _mean_and_deviation(profiles, (beyond_right >= NEAR) & (beyond_right <= FAR))
    at_left, at_right = left, right
    for _ in range(
        2
    ):  # first as deep as at the deepest place, which noise makes too deep; then as in the middle
        at_left = _rim(profiles, offsets, deepest, left, (road_left + bottom) / 2)
        at_right = _rim(
            profiles[:, ::-1], offsets, len(offsets) - 1 - deepest, right, (road_right + bottom) / 2
        )
        middle, half = (at_left - at_right) / 2, np.maximum(at_left + at_right, 2 * STEP) / 4
        bottom, _ = _mean_and_deviation(profiles, np.abs(offsets - middle[:, None]) <= half[:, None])
    found = road_left - bottom > DEEPER * np.maximum(noise_left, 1.0)
    found &= road_right - bottom > DEEPER * np.maximum(noise_right, 1.0)
    return np.stack([at_left, at_right]), found


def _rim(
    profiles: Profiles, offsets: Offsets, deepest: Int64[np.ndarray, " n"], rim: Values, level: Values
) -> Values:
    """Find the first place on the way out where profiles rise above a level.

    Returns:
        its distance; that of the mask's rim where there is none near it.
    """
    rows, above = np.arange(len(profiles)), profiles > level[:, None]
    searched = (np.abs(offsets - rim[:, None]) <= FARTHEST) & (np.arange(len(offsets)) > deepest[:, None])
    rises = above[:, 1:] & ~above[:, :-1] & searched[:, 1:]
    outer = rises.argmax(axis=1) + 1
    high, low = profiles[rows, outer].astype(np.float64), profiles[rows, outer - 1]
    share = (high - level) / np.maximum(high - low, 1e-6)
    return np.where(rises.any(axis=1), offsets[outer] - STEP * share, rim)


def _mean_and_deviation(profiles: Profiles, where: Bool[np.ndarray, "n samples"]) -> tuple[Values, Values]:
    count = np.maximum(where.sum(axis=1), 1)
    mean = (profiles * where).sum(axis=1) / count
    deviation = np.sqrt((((profiles - mean[:, None]) * where) ** 2).sum(axis=1) / count)
    return mean.astype(np.float64), deviation.astype(np.float64)
