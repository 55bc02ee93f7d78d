"""Networks of cracks: where they enclose pieces of road, how large the pieces are, and the area they cover.

Networks are found from the lines of cracks, not from a mask: noise within a crack is no piece then, and a
raster that does not fit into memory is drawn smaller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Bool, Float64, Int32, UInt8
from skimage.measure import points_in_poly

from upcracknet.measure.frame import Frame, Points

NetworkKind = Literal["alligator", "block", "network"]

FEWEST_PIECES = 3
"""Cracks that enclose fewer pieces are no network: a strand that leaves a crack and returns encloses one."""

ALLIGATOR_SIDE_MM = 500.0
"""Pieces of alligator cracking are at most 0.5 m on the longest side, those of block cracking 0.3 m to 3 m
(ASTM D6433, appendix X1). Between 0.3 m and 0.5 m both fit, and alligator is taken, the graver of the two."""

BLOCK_SIDE_MM = 3000.0 * 2**0.5
"""A piece that is longer than a block of 3 m by 3 m across is road between cracks."""

_CANVAS = 2048  # pixels of the drawing's longer side: 0.1 m of a lane of 4 m are 50 pixels
_LINE = 3  # pixels
_BRIDGE = 8.0  # pixels that each line is made longer by: a crack may close for a moment
_STRAIGHT_END = 8  # points of a line whose direction it is made longer in
_SMALLEST_PIECE = 6  # pixels: less is a corner where three lines meet


@dataclass(frozen=True)
class Network:
    """Cracks that cut the road into pieces.

    Attributes:
        kind: "alligator" or "block" by the size of the pieces; "network" where there is no scale to measure
            it.
        polygon: n×2 corners (x, y) in pixels of the area that is covered, without the first one again.
        area_px: area of the polygon in square pixels.
        area_mm2: the same on the road in square millimetres; None without a scale.
        pieces: how many enclosed pieces were counted; those that the photo's edge cuts are not.
        piece_side_px: longest side of a typical piece: half of the enclosed area lies in smaller ones.
        piece_side_mm: the same on the road; None without a scale.
    """

    kind: NetworkKind
    polygon: Points
    area_px: float
    area_mm2: float | None
    pieces: int
    piece_side_px: float
    piece_side_mm: float | None

    def contains(self, points: Points) -> Bool[np.ndarray, " n"]:
        """Tell which places in the photo lie in the network's area."""
        inside = np.zeros(len(points), bool)
        near = ((points >= self.polygon.min(axis=0)) & (points <= self.polygon.max(axis=0))).all(axis=1)
        inside[near] = points_in_poly(points[near], self.polygon)  # type: ignore[no-untyped-call]
        return inside


def find_networks(axes: Sequence[Points], frame: Frame) -> list[Network]:
    """Find networks among the lines of cracks.

    A network is what encloses at least 3 pieces of road side by side, where a piece that is cut by the
    photo's edge counts a third; so does one that reaches beyond where the scale counts, and there the area
    ends. Its area is that of the pieces, and of pieces at its rim that are open on one side. Areas of
    different networks do not overlap.

    Args:
        axes: lines of all cracks of a photo, each n×2 (x, y) in pixels.
        frame: the photo; without a scale the kind of a network is "network".

    Returns:
        the networks, the largest first.
    """
    factor = max(1.0, max(frame.height, frame.width) / _CANVAS)
    whole, cut = _pieces(
        _drawn([_extended(axis, _BRIDGE * factor) for axis in axes], frame, factor), frame, factor
    )
    if not whole or 3 * len(whole) + len(cut) < 3 * FEWEST_PIECES:
        return []
    lines = _drawn(axes, frame, factor)
    area = _area(lines, whole, cut, _typical([piece.side_px for piece in whole], whole) / factor)
    area = _on_the_road(area, frame, factor)
    labels, networks = _labels(area), []
    label_of_piece = np.array([labels[piece.place] for piece in whole])
    for contour in cv2.findContours(area, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]:
        label = labels[contour[0, 0, 1], contour[0, 0, 0]]
        within = [whole[index] for index in np.flatnonzero(label_of_piece == label)]
        if within:
            corners = cv2.approxPolyDP(contour, 1.0, True)[:, 0].astype(np.float64)
            networks.append(_network((corners + 0.5) * factor - 0.5, within, frame))
    return sorted(networks, key=lambda network: -network.area_px)


@dataclass(frozen=True)
class _Piece:
    contour: np.ndarray  # on the drawing
    area: float  # on the drawing
    side_px: float
    side: float  # on the road

    @property
    def place(self) -> tuple[int, int]:
        """Row and column of one of its pixels on the drawing."""
        return int(self.contour[0, 0, 1]), int(self.contour[0, 0, 0])


def _extended(axis: Points, length: float) -> Points:
    """A line made longer at both ends, in the direction that it has there."""
    if len(axis) < 2:
        return axis
    reach = min(_STRAIGHT_END, len(axis) - 1)
    ends = []
    for end, before in ((axis[0], axis[reach]), (axis[-1], axis[-1 - reach])):
        along = end - before
        ends.append(end + along * length / max(float(np.hypot(*along)), 1e-9))
    return np.concatenate([ends[:1], axis, ends[1:]])


def _drawn(axes: Sequence[Points], frame: Frame, factor: float) -> UInt8[np.ndarray, "h w"]:
    """Lines drawn so many times smaller."""
    shape = (int(np.ceil(frame.height / factor)), int(np.ceil(frame.width / factor)))
    lines: UInt8[np.ndarray, "h w"] = np.zeros(shape, np.uint8)
    sixteenths = [np.round(((axis + 0.5) / factor - 0.5) * 16).astype(np.int32) for axis in axes]
    cv2.polylines(lines, sixteenths, isClosed=False, color=1, thickness=_LINE, shift=4)
    return lines


def _pieces(
    lines: UInt8[np.ndarray, "h w"], frame: Frame, factor: float
) -> tuple[list[_Piece], list[_Piece]]:
    """The pieces that lines enclose, and those that they enclose together with the photo's edge."""
    whole: list[_Piece] = []
    cut: list[_Piece] = []
    contours, nesting = cv2.findContours(1 - lines, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for contour, (_, _, _, parent) in zip(contours, nesting[0] if contours else (), strict=True):
        left, top, width, height = cv2.boundingRect(contour)
        # With a parent it is the edge of something within a piece.
        if parent >= 0 or min(width, height) < _SMALLEST_PIECE:
            continue
        corners = np.asarray(contour, np.float64)[:, 0] * factor
        road = frame.to_road(corners)
        known = np.isfinite(road).all(axis=1)
        if not known.any():
            continue
        side = _longest_side(road[known])
        if frame.scale is None or side <= BLOCK_SIDE_MM:
            at_edge = (
                left == 0 or top == 0 or left + width == lines.shape[1] or top + height == lines.shape[0]
            ) or not known.all()
            piece = _Piece(contour, cv2.contourArea(contour), _longest_side(corners), side)
            (cut if at_edge else whole).append(piece)
    return whole, cut


def _area(
    lines: UInt8[np.ndarray, "h w"], whole: list[_Piece], cut: list[_Piece], side: float
) -> UInt8[np.ndarray, "h w"]:
    """The area that groups of pieces cover, with what lies between cracks at its rim.

    Pieces cut by the photo's edge belong to it if they are no longer than two typical ones. Where a disc
    somewhat larger than a piece does not fit between cracks belongs to it too: this closes pieces that are
    open on one side. Lone cracks that lead away are opened off again.
    """
    margin = int(side) + _LINE + 2  # growing needs room beyond the photo
    largest = 2 * _typical([piece.side_px for piece in whole], whole)
    enclosed = np.zeros_like(lines)
    small = [piece for piece in cut if piece.side_px <= largest]
    cv2.drawContours(enclosed, [piece.contour for piece in (*whole, *small)], -1, 1, cv2.FILLED)
    room = np.pad(enclosed, margin)
    labels = _labels(_shrunk(_grown(room, _LINE + 1.0), _LINE + 1.0))
    within = [labels[piece.place[0] + margin, piece.place[1] + margin] for piece in (*whole, *small)]
    thirds = np.bincount(within, [3] * len(whole) + [1] * len(small), labels.max() + 1)
    enough = thirds >= 3 * FEWEST_PIECES
    enough[0] = False
    core = enough[labels].astype(np.uint8)
    around = np.pad(lines, margin)
    near = core | (around & _grown(core, side))
    closed = _shrunk(_grown(near, 0.75 * side), 0.75 * side)
    opened = _grown(_shrunk(closed, side / 4), side / 4)
    inner = slice(margin, -margin)
    return np.asarray((core | opened)[inner, inner], np.uint8)


def _on_the_road(area: UInt8[np.ndarray, "h w"], frame: Frame, factor: float) -> UInt8[np.ndarray, "h w"]:
    """What of an area lies where the scale counts."""
    left, top, width, height = cv2.boundingRect(area)
    corners = np.array([(x, y) for x in (left, left + width) for y in (top, top + height)], np.float64)
    # A scale counts on one side of a straight line, so between places where it counts it counts too.
    if np.isfinite(frame.to_road((corners + 0.5) * factor - 0.5)).all():
        return area
    y, x = area.nonzero()
    known = np.isfinite(frame.to_road((np.stack([x, y], 1) + 0.5) * factor - 0.5)).all(axis=1)
    kept = np.zeros_like(area)
    kept[y[known], x[known]] = 1
    return kept


def _labels(region: UInt8[np.ndarray, "h w"]) -> Int32[np.ndarray, "h w"]:
    """A number for each connected part of a region, 0 outside."""
    return np.asarray(cv2.connectedComponents(region)[1], np.int32)


def _grown(region: UInt8[np.ndarray, "h w"], radius: float) -> UInt8[np.ndarray, "h w"]:
    """A region and all within a radius of it."""
    if not region.any():
        return region
    distance = cv2.distanceTransform(1 - region, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return (np.asarray(distance) <= radius).astype(np.uint8)


def _shrunk(region: UInt8[np.ndarray, "h w"], radius: float) -> UInt8[np.ndarray, "h w"]:
    """What of a region lies further than a radius from its edge; the photo's edge is none."""
    if region.all():
        return region
    distance = cv2.distanceTransform(region, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return (np.asarray(distance) > radius).astype(np.uint8)


def _network(polygon: Points, pieces: list[_Piece], frame: Frame) -> Network:
    side = _typical([piece.side for piece in pieces], pieces)
    scaled = frame.scale is not None
    kind: NetworkKind = "network"
    if scaled:
        kind = "alligator" if side <= ALLIGATOR_SIDE_MM else "block"
    return Network(
        kind,
        polygon,
        polygon_area(polygon),
        polygon_area(frame.to_road(polygon)) if scaled else None,
        len(pieces),
        _typical([piece.side_px for piece in pieces], pieces),
        side if scaled else None,
    )


def _typical(sides: list[float], pieces: list[_Piece]) -> float:
    """The side of which half of the enclosed area lies in smaller pieces, so that slivers do not count."""
    order = np.argsort(sides)
    reached = np.cumsum(np.asarray([piece.area for piece in pieces])[order])
    return float(np.asarray(sides)[order][np.searchsorted(reached, reached[-1] / 2)])


def _longest_side(corners: Points) -> float:
    """The longer side of the smallest rectangle around a piece."""
    return float(max(cv2.minAreaRect(corners.astype(np.float32))[1]))


def polygon_area(polygon: Float64[np.ndarray, "n 2"]) -> float:
    """Give the area of a polygon in the square of its unit."""
    x, y = polygon[:, 0], polygon[:, 1]
    return float(abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2)
