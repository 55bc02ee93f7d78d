"""Asphalt: stones in a dark binder."""

import cv2
import numpy as np
from jaxtyping import Float32, Int32

from upcracknet.data.synthetic.noise import fractal_noise, log_uniform, slope, smooth_noise, smoothstep


def draw_asphalt(
    height: int, width: int, generator: np.random.Generator
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Draw a lit, grainy binder with stones of several sizes, a few of them bright, and dark pits.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness.

    Returns:
        two fields, float32 H×W of any mean and scale: the grey relief, and how warm (positive) or cold each
        place is.
    """
    zoom = log_uniform(generator, 0.7, 1.6)
    light = generator.uniform(0, 2 * np.pi)
    field = _grain(height, width, generator, zoom, light)
    warmth = np.zeros((height, width), np.float32)
    stoniness = generator.beta(1.2, 1.5)
    spread = generator.uniform(0.3, 0.9)
    for size in (2.5, 4.0, 6.5):
        share = float(stoniness * generator.uniform(0.2, 0.9))
        amount, albedo, tint = _stones(height, width, generator, size * zoom, light, share)
        field += amount * (np.float32(0.3) + np.float32(spread) * albedo - np.float32(0.6) * field)
        warmth += amount * (tint - warmth)
    amount, albedo, _ = _stones(height, width, generator, 4.0 * zoom, light, generator.uniform(0.0, 0.02))
    field += amount * (np.float32(generator.uniform(1.5, 3.5)) + np.float32(0.5) * albedo - field)
    pits = smoothstep(smooth_noise(height, width, generator, 3.0 * zoom), generator.uniform(1.2, 2.0), 2.4)
    field -= pits * np.float32(generator.uniform(0.5, 2.5))
    return field, warmth


def _grain(
    height: int, width: int, generator: np.random.Generator, zoom: float, light: float
) -> Float32[np.ndarray, "h w"]:
    """Fine grains under slanting light, seen at a slight slant themselves."""
    fine = log_uniform(generator, 0.6, 1.3) * zoom
    slant = generator.uniform(1.0, 1.6)
    heights = generator.standard_normal((height, width), dtype=np.float32)
    heights = np.asarray(cv2.GaussianBlur(heights, (0, 0), sigmaX=fine * slant, sigmaY=fine))
    heights /= heights.std() + np.float32(1e-6)
    shade = slope(heights, light)
    shade /= shade.std() + np.float32(1e-6)
    crevices = np.maximum(-heights - np.float32(0.5), 0)
    field = (
        heights
        + shade * np.float32(generator.uniform(0.2, 1.2))
        - crevices * np.float32(generator.uniform(0, 1))
    )
    coarse = fractal_noise(height, width, generator, 14.0 * zoom, octaves=3, persistence=0.8)
    return np.asarray(field * np.float32(0.8) + coarse * np.float32(generator.uniform(0.2, 0.7)))


def _stones(
    height: int,
    width: int,
    generator: np.random.Generator,
    size: float,
    light: float,
    share: float,
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """One size of stones: how much of each pixel they cover, their shaded grey value, their warmth."""
    distance, stone = _nearest_seed(height, width, generator, size)
    count = int(stone.max()) + 1
    radius = generator.uniform(0.35, 0.75, count).astype(np.float32) * np.float32(size)
    radius[generator.random(count) > share] = 0.0
    albedo = generator.standard_normal(count).astype(np.float32)
    tint = generator.standard_normal(count).astype(np.float32)
    edge = (
        radius[stone]
        - distance
        + smooth_noise(height, width, generator, max(1.5, size / 2)) * np.float32(size / 10)
    )
    amount = np.clip(edge + 0.5, 0.0, 1.0)
    dome = np.sqrt(np.clip(edge / np.float32(size / 2), 0.0, 1.0))
    shade = slope(dome, light) * np.float32(0.8)
    return amount, albedo[stone] + shade, tint[stone]


def _nearest_seed(
    height: int, width: int, generator: np.random.Generator, spacing: float
) -> tuple[Float32[np.ndarray, "h w"], Int32[np.ndarray, "h w"]]:
    """Scatter points and find the nearest one of every pixel (a Voronoi diagram).

    Returns its distance in pixels and its number; ``spacing`` is the mean distance between points in pixels.
    """
    count = max(1, round(height * width / spacing**2))
    empty = np.ones((height, width), np.uint8)
    empty[generator.integers(0, height, count), generator.integers(0, width, count)] = 0
    distance, label = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(distance), np.asarray(label)
