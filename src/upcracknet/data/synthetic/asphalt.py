"""Asphalt: stones in a grainy binder, from fine and worn flat to coarse and seen from close by."""

import cv2
import numpy as np
from jaxtyping import Int32

from upcracknet.data.synthetic.material import Material
from upcracknet.data.synthetic.noise import (
    Plane,
    fractal_noise,
    log_uniform,
    nearest_seed,
    slope,
    smooth_noise,
    smoothstep,
)

_SIZES = (2.5, 4.0, 6.5)
"""Spacing of the stones in pixels on a photo of a whole lane of half a megapixel."""


def draw_asphalt(height: int, width: int, generator: np.random.Generator) -> Material:
    """Draw a lit, grainy binder with stones of several sizes, sometimes a few bright ones, and dark pits.

    Stones are 2 to 40 pixels apart, as on photos of half a megapixel to 12 megapixels. Three roads in ten are
    worn: fine, grey and flat.
    """
    worn = generator.random() < 0.3
    zoom = log_uniform(generator, 0.6, 1.1) if worn else log_uniform(generator, 0.7, 6.0)
    light = generator.uniform(0, 2 * np.pi)
    field = _binder(height, width, generator, zoom, light)
    # From close by stones are what is seen.
    close = float(np.clip((zoom - 1.4) / 1.1, 0, 1))
    field *= np.float32(1 - 0.4 * close)
    warmth = np.zeros((height, width), np.float32)
    stoniness = generator.beta(1.2, 1.5) * (1 - close) + generator.uniform(0.7, 1.1) * close
    spread = generator.uniform(0.3, 0.9)
    pale, opaque = np.float32(0.3 + generator.uniform(0, 0.9) * close), np.float32(0.6 + 0.3 * close)
    for size in _SIZES:
        share = float(stoniness * generator.uniform(0.2 + 0.3 * close, 0.9))
        amount, albedo, tint = _stones(height, width, generator, size * zoom, light, share)
        field += amount * (pale + np.float32(spread) * albedo - opaque * field)
        warmth += amount * (tint - warmth)
    if generator.random() < 0.5:
        share = generator.uniform(0.0, 0.02)
        amount, albedo, _ = _stones(height, width, generator, 4.0 * zoom, light, share)
        field += amount * (np.float32(generator.uniform(1.5, 3.5)) + np.float32(0.5) * albedo - field)
    pits = smoothstep(
        smooth_noise(height, width, generator, 3.0 * min(zoom, 1.5)), generator.uniform(1.2, 2.0), 2.4
    )
    field -= pits * np.float32(generator.uniform(0.5, 2.5) * (1 - 0.7 * close))
    if zoom > 1.6:  # stones and binder have a texture of their own when they are seen from close by
        field += _fine(height, width, generator) * np.float32(generator.uniform(0.15, 0.4))
    return Material(
        field,
        warmth,
        tone=float(np.clip(generator.normal(128, 20), 80, 205)),
        contrast=log_uniform(generator, 4.0, 10.0) if worn else log_uniform(generator, 7.0, 45.0),
        cast=generator.normal(0.01, 0.015 if worn else 0.03),
        warming=generator.uniform(0.0, 0.005 if worn else 0.02),
    )


def _binder(height: int, width: int, generator: np.random.Generator, zoom: float, light: float) -> Plane:
    """Fine grains under slanting light, seen at a slight slant themselves."""
    fine = log_uniform(generator, 0.6, 1.3) * min(zoom, 1.5)
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


def _fine(height: int, width: int, generator: np.random.Generator) -> Plane:
    noise = generator.standard_normal((height, width), dtype=np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), generator.uniform(0.6, 1.2)))
    return np.asarray(noise / (noise.std() + np.float32(1e-6)))


def _stones(
    height: int, width: int, generator: np.random.Generator, size: float, light: float, share: float
) -> tuple[Plane, Plane, Plane]:
    """One size of stones: how much of each pixel they cover, their shaded grey value, their warmth."""
    distance, stone = nearest_seed(height, width, generator, size)
    count = int(stone.max()) + 1
    radius = generator.uniform(0.35, 0.75, count).astype(np.float32) * np.float32(size)
    radius[generator.random(count) > share] = 0.0
    albedo = generator.standard_normal(count).astype(np.float32)
    tint = generator.standard_normal(count).astype(np.float32)
    edge = radius[stone] - distance
    dome = np.sqrt(np.clip(edge / np.float32(size / 2), 0.0, 1.0))
    if size > 8:  # large enough to show that they are broken, not round, and that they lie in the binder
        gap = generator.uniform(0.02, 0.15, count).astype(np.float32) * np.float32(size)
        np.minimum(edge, _inside_cells(stone) - gap[stone], out=edge)
        uneven = smooth_noise(height, width, generator, size / 4) + smooth_noise(
            height, width, generator, 3.0
        )
        edge += uneven * np.float32(size / 30)
        amount = np.clip(edge / np.float32(0.06 * size) + 0.3, 0.0, 1.0)
        buried = np.clip(edge / np.float32(0.25 * size), 0.0, 1.0) - 1
        shade = (
            uneven * np.float32(0.25) + buried * np.float32(0.7) + slope(dome, light) * np.float32(size / 12)
        )
        return amount, albedo[stone] + shade, tint[stone]
    edge += smooth_noise(height, width, generator, max(1.5, size / 2)) * np.float32(size / 10)
    amount = np.clip(edge + 0.5, 0.0, 1.0)
    return amount, albedo[stone] + slope(dome, light) * np.float32(0.8), tint[stone]


def _inside_cells(cell: Int32[np.ndarray, "h w"]) -> Plane:
    """Distance in pixels to the nearest pixel of another cell."""
    same = np.ones(cell.shape, np.uint8)
    same[:, 1:] &= cell[:, 1:] == cell[:, :-1]
    same[1:] &= cell[1:] == cell[:-1]
    return np.asarray(cv2.distanceTransform(same, cv2.DIST_L2, 3))
