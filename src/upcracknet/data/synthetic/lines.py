"""Coordinates about straight and bent lines through a picture."""

import numpy as np

from upcracknet.data.synthetic.noise import Plane


def line_coordinates(
    height: int, width: int, generator: np.random.Generator, *, turn: float = np.pi
) -> tuple[Plane, Plane]:
    """Give coordinates about a random straight line near the middle of a picture.

    They are the signed distance from it and the position along it, in pixels; ``turn`` is the greatest angle
    between it and one of the picture's axes, in radians.
    """
    angle = generator.uniform(-turn, turn) + generator.choice((0.0, np.pi / 2))
    row, column = generator.uniform(0.15, 0.85, 2) * (height, width)
    down = (np.arange(height) - row).astype(np.float32)[:, None]
    right = (np.arange(width) - column).astype(np.float32)[None, :]
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    return right * sine + down * cosine, right * cosine - down * sine


def wave(along: Plane, generator: np.random.Generator, *, bend: float, period: float) -> Plane:
    """Draw how far a smoothly bent line is from a straight one at each position along it.

    Args:
        along: float32 H×W, position along the straight line in pixels.
        generator: source of randomness.
        bend: standard deviation of the distance in pixels.
        period: length of its longest bends in pixels.

    Returns:
        float32 H×W in pixels.
    """
    first = float(along.min())
    place = np.arange(int(along.max() - first) + 3, dtype=np.float64)
    line = np.zeros(len(place))
    for part in range(1, 5):
        phase = generator.uniform(0, 2 * np.pi)
        line += generator.normal(0, 1 / part**2) * np.sin(2 * np.pi * part * place / period + phase)
    index = along - np.float32(first)
    lower = index.astype(np.int32)
    line = (line * bend).astype(np.float32)
    return np.asarray(line[lower] + (index - lower.astype(np.float32)) * (line[lower + 1] - line[lower]))
