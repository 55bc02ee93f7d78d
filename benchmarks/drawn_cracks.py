"""Cracks whose length, width and direction are known, as masks: a pixel is marked if half of it is crack."""

from collections.abc import Callable

import numpy as np
from scipy.spatial import KDTree

Shape = Callable[[np.ndarray, np.ndarray], np.ndarray]

SIZE = 420
OFF = np.array([0.23, 0.17])
"""How far the middle of a crack is off a pixel's corner."""


def turned(x: np.ndarray, y: np.ndarray, angle: float, size: int = SIZE) -> np.ndarray:
    """Places around the picture's middle, turned counter-clockwise by degrees."""
    along, across = _axes(angle)
    return size / 2 + OFF + x[:, None] * along + y[:, None] * across


def covered(
    inside: Callable[[np.ndarray, np.ndarray], np.ndarray], angle: float, size: int = SIZE
) -> np.ndarray:
    """The share of each pixel that a shape takes, asked at 16 places a pixel along and across its axes."""
    along, across = _axes(angle)
    rows, columns = np.mgrid[:size, :size] - size / 2
    x, y = ((columns - OFF[0]) * axis[0] + (rows - OFF[1]) * axis[1] for axis in (along, across))
    share = np.zeros((size, size), np.float32)
    for down in (-0.375, -0.125, 0.125, 0.375):
        for right in (-0.375, -0.125, 0.125, 0.375):
            place = np.array([right, down])
            share += inside(x + place @ along, y + place @ across)
    return share / 16


def coverage(width: float, angle: float, length: float = 300, size: int = SIZE) -> np.ndarray:
    """The share of each pixel that a straight crack through the middle takes."""
    return covered(lambda x, y: (np.abs(x) <= length / 2) & (np.abs(y) <= width / 2), angle, size)


def bar(width: float, angle: float, length: float = 300, size: int = SIZE) -> np.ndarray:
    """A straight crack through the middle."""
    return coverage(width, angle, length, size) >= 0.5


def sine(width: float, angle: float, amplitude: float, wave: float) -> tuple[np.ndarray, float]:
    """A winding crack of two waves, and its length."""
    x = np.arange(-wave, wave, 0.1)
    curve = np.stack([x, amplitude * np.sin(2 * np.pi * x / wave)], 1)
    tree = KDTree(curve)

    def inside(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        steepest = np.hypot(1, 2 * np.pi * amplitude / wave)
        near = np.abs(y - amplitude * np.sin(2 * np.pi * x / wave)) <= width / 2 * steepest
        near &= np.abs(x) < wave + width
        _, place = tree.query(np.stack([x[near], y[near]], 1), distance_upper_bound=width / 2)
        found = np.zeros(x.shape, bool)
        found[near] = (place > 0) & (place < len(curve) - 1)  # flat ends; too far is beyond the last
        return found

    return covered(inside, angle) >= 0.5, float(np.hypot(*np.diff(curve, axis=0).T).sum())


def _axes(angle: float) -> tuple[np.ndarray, np.ndarray]:
    turn = np.deg2rad(angle)  # rows count downwards
    return np.array([np.cos(turn), -np.sin(turn)]), np.array([-np.sin(turn), -np.cos(turn)])
