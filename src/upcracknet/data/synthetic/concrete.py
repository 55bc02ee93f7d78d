"""Concrete: smooth and pale, with blotches, trowel marks and pores."""

import cv2
import numpy as np
from jaxtyping import Float32

from upcracknet.data.synthetic.noise import fractal_noise, log_uniform, slope, smooth_noise, smoothstep


def draw_concrete(
    height: int, width: int, generator: np.random.Generator
) -> tuple[Float32[np.ndarray, "h w"], Float32[np.ndarray, "h w"]]:
    """Draw fine grain, blotches, trowel marks and pores.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness.

    Returns:
        two fields, float32 H×W of any mean and scale: the grey relief, and how warm (positive) or cold each
        place is.
    """
    field = fractal_noise(height, width, generator, 24.0, octaves=6, persistence=generator.uniform(0.8, 1.3))
    fine = generator.standard_normal((height, width), dtype=np.float32)
    field += np.asarray(cv2.GaussianBlur(fine, (0, 0), 0.6)) * np.float32(generator.uniform(0.5, 2.0))
    field += _trowel(height, width, generator) * np.float32(generator.uniform(0.0, 0.7))
    where = fractal_noise(height, width, generator, 80.0, octaves=3) * np.float32(0.4)
    pores = smoothstep(
        smooth_noise(height, width, generator, log_uniform(generator, 2.0, 6.0)) + where,
        generator.uniform(1.5, 2.2),
        2.5,
    )
    field -= pores * np.float32(generator.uniform(1.0, 5.0))
    field += slope(pores, generator.uniform(0, 2 * np.pi))
    warmth = fractal_noise(height, width, generator, 30.0, octaves=5, persistence=0.8)
    return field, warmth * np.float32(0.5)


def _trowel(height: int, width: int, generator: np.random.Generator) -> Float32[np.ndarray, "h w"]:
    """Streaks along one direction, broken up by patches."""
    side = int(np.hypot(height, width)) + 2
    streaks = smooth_noise(side, side, generator, log_uniform(generator, 1.5, 5.0), cell_across=120.0)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), generator.uniform(0, 180), 1.0)
    turn[:, 2] -= np.array(((side - width) / 2, (side - height) / 2))
    streaks = np.asarray(cv2.warpAffine(streaks, turn, (width, height), borderMode=cv2.BORDER_REFLECT))
    places = smoothstep(fractal_noise(height, width, generator, 90.0, octaves=3), -0.5, 0.8)
    return np.asarray(streaks * places)
