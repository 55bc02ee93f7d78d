"""How wide a painted crack is at each of its pixels, and the broken edges of wide cracks."""

import cv2
import numpy as np
from jaxtyping import Bool

from upcracknet.data.synthetic.noise import Plane, fractal_noise, log_uniform, smoothstep

NARROW, WIDE = 12.0, 28.0
"""Pixels. Cracks up to the first look as thin cracks do, from the second on as wide ones; in between both."""


def inner_distance(coverage: Plane) -> Plane:
    """Measure how far each pixel of a crack lies from the crack's edge, in pixels; 0 outside."""
    return _distance(coverage > 0.5)


def _distance(inside: Bool[np.ndarray, "h w"]) -> Plane:
    """Distance in pixels to the edge of what is inside; at most the picture's size, where no edge is seen."""
    distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.clip(distance - np.float32(0.5), 0, max(inside.shape)))


def half_widths(distance: Plane) -> Plane:
    """Measure half of the crack's width near each pixel, in pixels; 0 away from cracks.

    Args:
        distance: of :func:`inner_distance`.

    Returns:
        the greatest distance within about as many pixels, which is that of the crack's middle.
    """
    height, width = distance.shape
    reach = float(distance.max())
    factor = max(1, int(reach / 6))  # the size at which wide cracks are looked at
    size = max(1, width // factor), max(1, height // factor)
    small = cv2.resize(distance, size, interpolation=cv2.INTER_AREA) if factor > 1 else distance
    radius = int(reach / factor) + 1
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    widest = cv2.GaussianBlur(cv2.dilate(small, disk), (0, 0), max(0.5, radius / 3))
    return np.asarray(cv2.resize(widest, (width, height), interpolation=cv2.INTER_LINEAR))


def wideness(halves: Plane) -> Plane:
    """Tell where cracks are wide: 0 up to a width of ``NARROW``, 1 from ``WIDE`` on."""
    return smoothstep(halves, NARROW / 2, WIDE / 2)


def crumble(coverage: Plane, generator: np.random.Generator) -> Plane:
    """Break the edges of wide cracks: ragged at the size of sand and stones, with spalls; narrow ones stay.

    Args:
        coverage: float32 H×W, the share of each pixel that is crack, in [0, 1].
        generator: source of randomness.

    Returns:
        the same with broken edges; the crack's width stays the same in the mean.
    """
    distance = inner_distance(coverage)
    widest = 2 * float(distance.max())
    if widest <= NARROW:
        return coverage
    height, width = coverage.shape
    halves = half_widths(distance)
    signed = distance - _distance(coverage <= 0.5)
    ragged = fractal_noise(height, width, generator, widest / 2, octaves=5, persistence=0.7)
    spalls = smoothstep(fractal_noise(height, width, generator, widest, octaves=3), 0.9, 1.4)
    reach = np.minimum(halves, np.float32(widest / 2))
    moved = ragged * reach * np.float32(log_uniform(generator, 0.05, 0.2))
    moved += spalls * reach * np.float32(generator.uniform(0.1, 0.5))
    broken = np.clip(signed + moved + np.float32(0.5), 0, 1)
    return np.asarray(coverage + wideness(halves) * (broken - coverage))
