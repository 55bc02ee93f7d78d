"""Cracks drawn as lines, and scales, for tests of what stands on measured cracks."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float64


@dataclass(frozen=True)
class Drawn:
    """A crack whose lines and widths are known."""

    axis: tuple[Float64[np.ndarray, "_ 2"], ...]
    width_along_px: tuple[Float64[np.ndarray, " _"], ...]

    @property
    def length_px(self) -> float:
        return float(sum(np.hypot(*np.diff(axis, axis=0).T).sum() for axis in self.axis))


def line(*corners: tuple[float, float]) -> np.ndarray:
    """Points about a pixel apart along straight pieces."""
    parts = [np.array([corners[0]], float)]
    for start, end in pairwise(corners):
        steps = max(1, round(np.hypot(end[0] - start[0], end[1] - start[1])))
        parts.append(np.linspace(start, end, steps + 1)[1:])
    return np.concatenate(parts)


def crack(*branches: np.ndarray, width: float = 4.0) -> Drawn:
    return Drawn(tuple(branches), tuple(np.full(len(branch), width) for branch in branches))


def wavy(start: tuple[float, float], end: tuple[float, float], seed: int, size: float = 4.0) -> np.ndarray:
    """A line that wanders as cracks do: by some pixels, over some dozens of pixels."""
    points = line(start, end)
    generator = np.random.default_rng(seed)
    along = (points[-1] - points[0]) / np.hypot(*(points[-1] - points[0]))
    knots = generator.normal(0, size, max(4, len(points) // 20))
    away = np.interp(np.linspace(0, len(knots) - 1, len(points)), np.arange(len(knots)), knots)
    return points + away[:, None] * np.array([-along[1], along[0]])


def grid(
    left: float, top: float, cell: float, columns: int, rows: int, crooked: float = 0.04
) -> list[np.ndarray]:
    """Lines that enclose columns times rows pieces; they wander by a share of a piece's side."""
    right, bottom = left + columns * cell, top + rows * cell
    size = crooked * cell
    upright = [wavy((left + i * cell, top), (left + i * cell, bottom), i, size) for i in range(columns + 1)]
    level = [wavy((left, top + i * cell), (right, top + i * cell), 50 + i, size) for i in range(rows + 1)]
    return upright + level


@dataclass(frozen=True)
class Uniform:
    """A scale that is the same everywhere, in millimetres a pixel."""

    millimetres: float

    def to_road(self, points: np.ndarray) -> np.ndarray:
        return points * self.millimetres


@dataclass(frozen=True)
class Slanted:
    """The scale of a photo of 400 by 300 pixels that looks along a road, by a known homography."""

    def to_road(self, points: np.ndarray) -> np.ndarray:
        return cv2.perspectiveTransform(points[None].astype(float), self.matrix)[0]

    def to_photo(self, places: np.ndarray) -> np.ndarray:
        return cv2.perspectiveTransform(places[None].astype(float), np.linalg.inv(self.matrix))[0]

    @property
    def matrix(self) -> np.ndarray:
        corners = np.array([(0, 299), (399, 299), (260, 20), (140, 20)], np.float32)
        road = np.array([(0, 0), (4000, 0), (4000, 9000), (0, 9000)], np.float32)
        return cv2.getPerspectiveTransform(corners, road)


def drawn(*lines: np.ndarray, width: int = 5, shape: tuple[int, int] = (400, 500)) -> np.ndarray:
    """A mask of lines (x, y) of some width."""
    mask = np.zeros(shape, np.uint8)
    for points in lines:
        cv2.polylines(mask, [np.round(points * 16).astype(np.int32)], False, 1, width, shift=4)
    return mask > 0
