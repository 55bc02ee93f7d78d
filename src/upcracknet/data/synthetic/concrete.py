"""Concrete laid flat: trowelled, brushed, grooved or rolled."""

import cv2
import numpy as np

from upcracknet.data.synthetic.material import Material
from upcracknet.data.synthetic.noise import (
    Plane,
    fractal_noise,
    log_uniform,
    slope,
    smooth_noise,
    smoothstep,
    streaks,
)

_FINISHES = ("trowelled", "brushed", "grooved", "rolled")


def draw_concrete(height: int, width: int, generator: np.random.Generator) -> Material:
    """Draw fine grain, blotches and pores, and the marks of the tool that finished it in one direction."""
    zoom = log_uniform(generator, 0.7, 4.0)
    light = generator.uniform(0, 2 * np.pi)
    field = fractal_noise(
        height, width, generator, 24.0 * zoom, octaves=6, persistence=generator.uniform(0.8, 1.3)
    )
    field += fine_grain(height, width, generator) * np.float32(generator.uniform(0.5, 2.0))
    finish = str(generator.choice(_FINISHES, p=(0.5, 0.2, 0.15, 0.15)))
    if finish == "trowelled":
        places = smoothstep(fractal_noise(height, width, generator, 90.0, octaves=3), -0.5, 0.8)
        fine = log_uniform(generator, 1.5, 5.0)
        marks = streaks(height, width, generator, fine, 120.0, generator.uniform(0, 180)) * places
        field += marks * np.float32(generator.uniform(0.0, 0.7))
    elif finish == "brushed":
        fine = log_uniform(generator, 1.0, 2.0) * zoom
        marks = streaks(height, width, generator, fine, 90 * zoom, generator.uniform(0, 180))
        field += marks * np.float32(generator.uniform(0.5, 2.5))
    elif finish == "grooved":
        field += _grooves(height, width, generator, zoom, light) * np.float32(generator.uniform(0.8, 2.5))
    else:
        dimples = smooth_noise(height, width, generator, log_uniform(generator, 2.0, 4.0) * zoom)
        field += slope(dimples, light) * np.float32(generator.uniform(1.0, 4.0))
    field -= pores(height, width, generator, log_uniform(generator, 2.0, 6.0) * zoom, light)
    warmth = fractal_noise(height, width, generator, 30.0 * zoom, octaves=5, persistence=0.8)
    return Material(
        field,
        warmth * np.float32(0.5),
        tone=float(np.clip(generator.normal(158, 20), 85, 205)),
        contrast=log_uniform(generator, 4.0, 24.0),
        cast=generator.normal(0.01, 0.03),
        warming=generator.uniform(0.0, 0.02),
    )


def fine_grain(height: int, width: int, generator: np.random.Generator) -> Plane:
    """Draw grain of about one pixel."""
    noise = generator.standard_normal((height, width), dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.6))


def pores(height: int, width: int, generator: np.random.Generator, size: float, light: float) -> Plane:
    """Draw the depth of pores and air holes of about ``size`` pixels, more of them in some places."""
    where = fractal_noise(height, width, generator, 80.0, octaves=3) * np.float32(0.4)
    holes = smoothstep(smooth_noise(height, width, generator, size) + where, generator.uniform(1.5, 2.2), 2.5)
    return np.asarray(holes * np.float32(generator.uniform(1.0, 5.0)) - slope(holes, light))


def _grooves(height: int, width: int, generator: np.random.Generator, zoom: float, light: float) -> Plane:
    """Parallel grooves of a rake, about straight, some of them shallow."""
    angle = generator.choice((0.0, np.pi / 2)) + generator.normal(0, 0.05)
    down, right = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    across = down * np.float32(np.cos(angle)) + right * np.float32(np.sin(angle))
    across = across + smooth_noise(height, width, generator, 60.0 * zoom) * np.float32(0.6 * zoom)
    period = log_uniform(generator, 6.0, 18.0) * zoom
    half = np.float32(period * generator.uniform(0.08, 0.2))
    inside = np.abs(across % np.float32(period) - np.float32(period / 2))
    groove = 1 - smoothstep(inside, float(0.5 * half), float(1.2 * half + 0.8))
    depth = smoothstep(fractal_noise(height, width, generator, 60.0 * zoom, octaves=3), -2.0, 1.0)
    return np.asarray((slope(groove, light + np.pi) - groove) * depth)
