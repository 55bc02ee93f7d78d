"""Smooth and fractal random fields, the raw material of every synthetic picture."""

import cv2
import numpy as np
from jaxtyping import Float32, Int32

Plane = Float32[np.ndarray, "h w"]
Scene = Float32[np.ndarray, "h w 3"]
"""A picture in RGB, about 0 to 255."""


def smooth_noise(
    height: int, width: int, generator: np.random.Generator, cell: float, *, cell_across: float | None = None
) -> Plane:
    """Draw one octave of cubic value noise, of mean 0 and a standard deviation somewhat below 1.

    Two independent values are ``cell`` pixels apart down a column, and ``cell_across`` along a row.
    """
    rows = max(2, round(height / cell) + 1)
    columns = max(2, round(width / (cell_across or cell)) + 1)
    grid = generator.standard_normal((rows, columns), dtype=np.float32)
    return np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC))


def fractal_noise(
    height: int,
    width: int,
    generator: np.random.Generator,
    scale: float,
    *,
    octaves: int = 4,
    persistence: float = 0.5,
) -> Plane:
    """Sum octaves of value noise, each at half the wavelength of the one before.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness.
        scale: cell of the coarsest octave in pixels.
        octaves: number of octaves; those with cells under one pixel are left out.
        persistence: amplitude of an octave relative to the one before, in (0, 1].
    """
    total = np.zeros((height, width), np.float32)
    power = 0.0
    for octave in range(octaves):
        cell = scale / 2**octave
        if cell < 1 and octave > 0:
            break
        amplitude = persistence**octave
        total += amplitude * smooth_noise(height, width, generator, max(cell, 1.0))
        power += amplitude**2
    total /= np.float32(np.sqrt(power))
    return total


def streaks(
    height: int, width: int, generator: np.random.Generator, fine: float, length: float, angle: float
) -> Plane:
    """Draw one octave of value noise stretched along one direction.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness.
        fine: thickness of a streak in pixels.
        length: its length in pixels.
        angle: its direction in degrees, counter-clockwise from the right.
    """
    side = int(np.hypot(height, width)) + 2
    plane = smooth_noise(side, side, generator, fine, cell_across=length)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1.0)
    turn[:, 2] -= np.array(((side - width) / 2, (side - height) / 2))
    return np.asarray(cv2.warpAffine(plane, turn, (width, height), borderMode=cv2.BORDER_REFLECT))


def nearest_seed(
    height: int, width: int, generator: np.random.Generator, spacing: float
) -> tuple[Plane, Int32[np.ndarray, "h w"]]:
    """Scatter points and find the nearest one of every pixel (a Voronoi diagram).

    Returns its distance in pixels and its number; ``spacing`` is the mean distance between points in pixels.
    """
    count = max(1, round(height * width / spacing**2))
    empty = np.ones((height, width), np.uint8)
    empty[generator.integers(0, height, count), generator.integers(0, width, count)] = 0
    distance, label = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(distance), np.asarray(label)


def draw_zoom(height: int, width: int, generator: np.random.Generator) -> float:
    """Draw how many times larger than on a small photo things are seen: 1 to 6, less in a small picture."""
    return log_uniform(generator, 1.0, min(6.0, max(1.0, min(height, width) / 50)))


def smoothstep(
    values: Float32[np.ndarray, "*shape"], low: float, high: float
) -> Float32[np.ndarray, "*shape"]:
    """Rise smoothly from 0 at values up to ``low`` to 1 at values from ``high``, which is greater, on."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), dtype=np.float32)


def log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose logarithm is uniform between two positive bounds."""
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def slope(heights: Plane, light: float) -> Plane:
    """Measure how much a surface faces the light: its derivative in one direction.

    It must rise in the direction ``light``, in radians clockwise from the right, to be bright. The derivative
    is the difference between the two neighbours, each weighted by the direction.
    """
    kernel = np.float32(np.cos(light)) * np.array([[0, 0, 0], [-1, 0, 1], [0, 0, 0]], np.float32)
    kernel += np.float32(np.sin(light)) * np.array([[0, -1, 0], [0, 0, 0], [0, 1, 0]], np.float32)
    return np.asarray(cv2.filter2D(heights, -1, kernel, borderType=cv2.BORDER_REFLECT))
