"""What is drawn on the photo of a picture: areas of networks and lines of cracks."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float64, Int32, UInt8

from upcracknet.measure.legend import INK, NETWORK_COLOURS, ORDER, Look
from upcracknet.measure.networks import Network
from upcracknet.measure.records import Crack

_THINNEST = 5  # pixels of a line
_BROADER = 2  # pixels that OpenCV's smooth lines are broader than asked for
_CASING = 2  # pixels of dark rim on each side, against which all colours show
_DASH = 14.0  # pixels of a dash, and of the gap after it
_SIXTEENTHS = 4  # bits below the pixel in OpenCV's places

Points = Float64[np.ndarray, "_ 2"]
Factors = Float64[np.ndarray, "2"]
"""How many times larger the picture is than what was measured, across and down."""


def to_picture(points: Points, factors: Factors) -> Points:
    """Give places in the picture; pixel centres lie at whole numbers in both."""
    return (points + 0.5) * factors - 0.5


def tint_networks(
    picture: UInt8[np.ndarray, "h w 3"], networks: Sequence[Network], factors: Factors
) -> list[Look]:
    """Tint the areas of networks on the picture; return what the legend says of them."""
    looks = []
    for kind, colour in NETWORK_COLOURS.items():
        own = [network for network in networks if network.kind == kind]
        if not own:
            continue
        outlines = [_places(network.polygon, factors) for network in own]
        tinted = picture.copy()
        cv2.fillPoly(tinted, outlines, colour, cv2.LINE_AA, _SIXTEENTHS)
        cv2.addWeighted(tinted, 0.3, picture, 0.7, 0, dst=picture)
        cv2.polylines(picture, outlines, True, colour, 3, cv2.LINE_AA, _SIXTEENTHS)
        text = "network of cracks" if kind == "network" else f"{kind} cracking"
        areas = [network.area_mm2 for network in own if network.area_mm2 is not None]
        if len(areas) == len(own) and np.isfinite(areas).all():
            text += f", {sum(areas) / 1e6:.2f} square metres"
        looks.append(Look(colour, text, "area"))
    return looks


def draw_lines(
    picture: UInt8[np.ndarray, "h w 3"],
    cracks: Sequence[Crack],
    looks: Sequence[Look],
    factors: Factors,
) -> UInt8[np.ndarray, "h w"]:
    """Draw the axes of all cracks on the picture, the gravest last.

    Args:
        picture: is drawn on.
        cracks: in pixels of what was measured.
        looks: how each is drawn.
        factors: from what was measured to the picture.

    Returns:
        1 where a line is, 0 elsewhere.
    """
    drawn = np.zeros(picture.shape[:2], np.uint8)
    order = sorted(range(len(cracks)), key=lambda index: -ORDER.index(looks[index].colour))
    strokes = [
        (looks[index], *stroke)
        for index in order
        for stroke in _strokes(cracks[index], looks[index], factors)
    ]
    for _, places, thickness in strokes:
        rimmed = thickness + 2 * _CASING
        cv2.polylines(drawn, [places], False, 1, rimmed + _BROADER, cv2.LINE_8, _SIXTEENTHS)
        cv2.polylines(picture, [places], False, INK, rimmed, cv2.LINE_AA, _SIXTEENTHS)
    for look, places, thickness in strokes:
        cv2.polylines(picture, [places], False, look.colour, thickness, cv2.LINE_AA, _SIXTEENTHS)
    return drawn


def _strokes(crack: Crack, look: Look, factors: Factors) -> Iterator[tuple[np.ndarray, int]]:
    """Pieces of a crack's axis that are drawn in one go, and the thickness to ask OpenCV for."""
    zoom = float(np.sqrt(factors.prod()))
    step = max(1, int(1 / zoom))  # points of the axis are about a pixel apart
    for axis, widths in zip(crack.axis, crack.width_along_px, strict=True):
        # The last point again: a line of one point is drawn as one of two.
        points, wide = (np.concatenate([each[::step], each[-1:]]) for each in (axis, widths))
        thickness = np.maximum(np.rint(wide * zoom), _THINNEST).astype(int) - _BROADER
        if look.shape == "dashes":
            along = np.concatenate([[0.0], np.cumsum(np.hypot(*(np.diff(points, axis=0) * factors).T))])
            thickness = np.where(along // _DASH % 2 == 0, _THINNEST - _BROADER, 0)
        places = _places(points, factors)
        changes = np.flatnonzero(np.diff(thickness[:-1])) + 1
        for start, end in pairwise([0, *changes.tolist(), len(points) - 1]):
            if thickness[start]:
                yield places[start : end + 1], int(thickness[start])


def _places(points: Points, factors: Factors) -> Int32[np.ndarray, "_ 2"]:
    """Places in the picture as OpenCV takes them."""
    return np.rint(to_picture(points, factors) * 2**_SIXTEENTHS).astype(np.int32)
