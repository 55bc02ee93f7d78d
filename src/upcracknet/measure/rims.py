"""Close wide cracks of which only the two rims are marked, or that have holes.

A network that looks for thin dark lines often marks a wide crack along its edges alone. Measured as it is,
such a mask is two thin cracks of twice the length. It also leaves out light stones in a wide crack; each such
hole is a loop in the crack's axis.

The rule of rims. A gap between marked pixels is filled if

- it is narrow: at most 60 pixels, and at most 10 times as wide as its rims are;
- it is long: at least 5 times its width;
- its rims are nearly parallel: its mean distance to the nearest rim is at least 0.44 of the greatest. It is
  1/2 between parallels, 2/5 in a lens and 1/3 in a wedge or a circle;
- where the photo is given, it is darker than the road outside of its rims by a quarter of the rims' own
  contrast.

So the block between two cracks, the inside of a ring and the angle of a fork stay as they are. Two thin
cracks that run side by side, as evenly and within 10 times their width, are taken for rims: without the photo
nothing in a mask tells the two.

The rule of holes. A hole is filled if a disc as large as the largest in it touches it and lies within the
crack. So the pieces between thin cracks of a network stay as they are.
"""

import math

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int32, Int64, UInt8

from upcracknet.measure.blocks import blocks, common, grown, padded, shifted, trimmed

WIDEST_GAP = 60
"""Widest gap between two rims of one crack, in pixels."""

GAP_TO_RIM = 10.0
LENGTH_TO_GAP = 5.0
PARALLEL = 0.44
DARKER = 0.25
BAY = 0.4

PINHOLE = 16
"""Holes of up to so many pixels are no road."""

LONGEST_HOLE = 128
"""Longest hole that is filled, in pixels: no window of a large mask cuts one that lies in it."""

Mask = Bool[np.ndarray, "h w"]

_REACH = WIDEST_GAP / 4 + 1
"""Radius of the disc that closes gaps, in pixels of the mask at half its size."""

BLOCK = 512
"""Side of the blocks in which gaps are looked for, in pixels of the mask at half its size."""


def close_rims(mask: Mask, grey: UInt8[np.ndarray, "h w"] | None = None) -> Mask:
    """Fill what lies between the two rims of one crack, pinholes, and holes no wider than the crack.

    Args:
        mask: the crack pixels, H×W.
        grey: the photo's grey values, H×W, for the rule of rims; None fills by shape alone.

    Returns:
        the crack pixels, at least those of ``mask``.
    """
    closed = mask.copy()
    if not mask.any():
        return closed
    # Gaps of wide cracks need no more than half the resolution, which is a quarter of the work.
    halved = _halved(closed)
    where, distance = _between(halved)
    gaps = np.zeros(halved.size, np.uint8)
    gaps[where] = 1
    number, labels = cv2.connectedComponents(gaps.reshape(halved.shape), connectivity=4)
    label = labels.ravel()[where]
    area = np.bincount(label, minlength=number)
    mean = np.bincount(label, distance, number) / np.maximum(area, 1)
    greatest = np.zeros(number, np.float32)
    np.maximum.at(greatest, label, distance)
    # Between parallels, distances are spread evenly from 0 to half the gap, so the gap is 4 times their mean.
    gap = 4 * mean
    # Distances are to the middle of a marked pixel: to its side, half a pixel less.
    parallel = mean - 0.5 >= PARALLEL * (greatest - 0.5)
    chosen = (area >= LENGTH_TO_GAP * gap**2) & parallel & (2 * gap <= WIDEST_GAP)
    for index in np.flatnonzero(chosen[1:]) + 1:
        _fill(closed, halved, labels, int(index), where[label == index], float(gap[index]), grey)
    _fill_pinholes(closed)
    _fill_holes(closed)
    return closed


def _between(mask: Mask) -> tuple[Int64[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
    """Find the unmarked pixels that no disc of the reach covers without touching a marked one.

    What is marked at the border is taken to go on beyond it.

    Returns:
        the flat index of each, and its distance to the nearest marked pixel.
    """
    margin = int(_REACH) + 2
    around = padded(mask, margin, cv2.BORDER_REPLICATE)
    places, distances = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for block in blocks(mask.shape, BLOCK):
        own = shifted(block, margin, margin)
        # A disc that covers a pixel of the block reaches no farther.
        box = trimmed(around, grown(own, 2 * margin, around.shape))
        if box is None:
            continue
        inside = common(own, box)
        if inside is None:
            continue
        part = padded(around[box], margin)
        inner = shifted(inside, margin - box[0].start, margin - box[1].start)
        distance = _distance(~part)
        rows, columns = np.nonzero((_distance(distance <= _REACH)[inner] > _REACH) & ~part[inner])
        distances.append(distance[inner][rows, columns])
        rows, columns = rows + inside[0].start - margin, columns + inside[1].start - margin
        places.append(rows * mask.shape[1] + columns)
    return np.concatenate(places), np.concatenate(distances)


def _fill_pinholes(mask: Mask) -> None:
    """Fill holes of a few pixels; a square larger than they are does not fit into one."""
    road, side = ~mask, math.isqrt(PINHOLE) + 1
    wide = cv2.morphologyEx(
        road.view(np.uint8), cv2.MORPH_OPEN, np.ones((side, side), np.uint8),
        borderType=cv2.BORDER_CONSTANT, borderValue=0,
    )  # fmt: skip
    # What touches a wide place is a part of it.
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    narrow, is_open = road & ~wide.view(bool), cv2.dilate(wide, cross).view(bool)
    enclosed = trimmed(narrow & ~is_open, (slice(0, mask.shape[0]), slice(0, mask.shape[1])))
    if enclosed is None:
        return
    box = grown(enclosed, PINHOLE, mask.shape)
    narrow, is_open = np.ascontiguousarray(narrow[box]), is_open[box]
    number, labels = cv2.connectedComponents(narrow.view(np.uint8), connectivity=4)
    rows, columns = np.divmod(np.flatnonzero(narrow), narrow.shape[1])
    label = labels[rows, columns]
    filled = np.bincount(label, minlength=number) <= PINHOLE
    filled[label[is_open[rows, columns]]] = False
    mask[box][rows, columns] |= filled[label]


def _fill_holes(mask: Mask) -> None:
    """Fill the holes beside which the crack is as wide as they are."""
    outlines, levels = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return
    filled = mask.copy()
    holes = np.flatnonzero(levels[0, :, 3] >= 0)  # what has a parent is the outline of a hole
    for outline in (outlines[int(number)] for number in holes):
        left, top, width, height = cv2.boundingRect(outline)
        if max(width, height) > LONGEST_HOLE:
            continue
        # A disc in the hole is no wider than its rectangle, and one that touches it reaches no farther.
        hole = slice(top, top + height), slice(left, left + width)
        box = grown(hole, min(width, height) + 2, mask.shape)
        inside = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), np.uint8)
        offset = (-box[1].start, -box[0].start)
        cv2.drawContours(inside, [outline], 0, 1, cv2.FILLED, offset=offset)
        crack = mask[box]
        road = inside.view(bool) & ~crack
        radius = float(_distance(road).max())
        # A disc as large as the hole, within the crack, that touches it.
        beside = _distance(~road) <= radius + 1
        if float(_distance(crack)[beside].max()) >= radius:
            filled[box] |= road
    mask[:] = filled


def _fill(
    closed: Mask,
    halved: Bool[np.ndarray, "h2 w2"],
    labels: Int32[np.ndarray, "h2 w2"],
    index: int,
    places: Int64[np.ndarray, " n"],
    gap: float,
    grey: UInt8[np.ndarray, "h w"] | None,
) -> None:
    """Look at the rims of one gap, and fill it if they are those of one crack."""
    margin = int(3 * gap) + 2
    rows, columns = (
        slice(max(int(at.min()) - margin, 0), int(at.max()) + 1 + margin)
        for at in np.divmod(places, halved.shape[1])
    )
    region, crack = labels[rows, columns] == index, halved[rows, columns]
    away = _distance(~region)
    beside = int(np.count_nonzero(crack & (away < 1.2)))
    near = crack & (away <= max(gap / 2, 3))
    # Half a pixel less: pixels of half the size are marked where any of theirs is.
    rim = np.count_nonzero(near) / max(beside, 1) - 0.5
    if gap > GAP_TO_RIM * rim:
        return
    if grey is not None:
        values = cv2.resize(
            grey[rows.start * 2 : rows.stop * 2, columns.start * 2 : columns.stop * 2].astype(np.float32),
            (region.shape[1], region.shape[0]), interpolation=cv2.INTER_AREA,
        )  # fmt: skip
        outside = ~crack & ~region & (away <= 2 * rim + gap)
        if outside.any() and not _is_darker(values, region, near, outside):
            return
    # The disc leaves a bay at an open end of the gap; a larger one, here only, leaves less of it.
    filled = _closed(near | region, 10 * gap) & ~crack & (away <= BAY * gap)
    _, parts = cv2.connectedComponents(filled.view(np.uint8), connectivity=4)
    filled &= np.isin(parts, np.unique(parts[region & filled]))
    # Half-size pixels that are partly crack are not in the gap: one more pixel all around reaches the rims.
    full = cv2.dilate(filled.view(np.uint8).repeat(2, 0).repeat(2, 1), np.ones((3, 3), np.uint8)) > 0
    target = closed[rows.start * 2 : rows.stop * 2, columns.start * 2 : columns.stop * 2]
    target |= full[: target.shape[0], : target.shape[1]]


def _is_darker(values: Float32[np.ndarray, "h w"], region: Mask, rims: Mask, outside: Mask) -> bool:
    road = float(np.median(values[outside]))
    depth = road - float(np.median(values[rims]))
    return road - float(np.median(values[region])) >= DARKER * max(depth, 0.0)


def _closed(mask: Mask, radius: float) -> Mask:
    """Close with a disc; what is marked at the border is taken to go on beyond it."""
    margin = int(radius) + 2
    around = padded(mask, margin, cv2.BORDER_REPLICATE)
    shrunk = _distance(_distance(~around) <= radius) > radius
    inner: Mask = shrunk[margin:-margin, margin:-margin]
    return inner


def _distance(mask: Mask) -> Float32[np.ndarray, "h w"]:
    """Distance of each pixel to the nearest one that is not marked."""
    if mask.all():
        return np.full(mask.shape, np.inf, np.float32)
    distance = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, np.float32)


def _halved(mask: Mask) -> Bool[np.ndarray, "h2 w2"]:
    """Each two by two pixels as one, marked if any of them is."""
    height, width = mask.shape
    even = np.zeros((height + height % 2, width + width % 2), bool)
    even[:height, :width] = mask
    # Two pixels of a row are one number of 16 bits.
    return np.asarray((even[::2] | even[1::2]).view(np.uint16) != 0)
