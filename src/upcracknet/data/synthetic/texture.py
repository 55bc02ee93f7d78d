"""Bare road surfaces: asphalt, concrete, and the gravel photo that comes with scikit-image."""

from typing import Literal, get_args

import numpy as np
from jaxtyping import Float32

from upcracknet.data.synthetic.asphalt import draw_asphalt
from upcracknet.data.synthetic.concrete import draw_concrete
from upcracknet.data.synthetic.gravel import draw_gravel
from upcracknet.data.synthetic.noise import fractal_noise, log_uniform

Surface = Literal["asphalt", "concrete", "gravel"]
SURFACES: tuple[Surface, ...] = get_args(Surface)


def draw_surface(
    height: int, width: int, generator: np.random.Generator, surface: Surface
) -> Float32[np.ndarray, "h w 3"]:
    """Draw a bare road without cracks, marks or camera effects.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness.
        surface: which material.

    Returns:
        float32 H×W×3 RGB, about 0 to 255.

    Raises:
        DataError: the gravel photo is missing from the installed scikit-image.
    """
    if surface == "asphalt":
        relief, warmth = draw_asphalt(height, width, generator)
        tone, contrast = generator.normal(128, 16), log_uniform(generator, 7.0, 36.0)
    elif surface == "concrete":
        relief, warmth = draw_concrete(height, width, generator)
        tone, contrast = generator.normal(158, 20), log_uniform(generator, 4.0, 18.0)
    else:
        relief, warmth = draw_gravel(height, width, generator)
        tone, contrast = generator.normal(130, 15), log_uniform(generator, 8.0, 30.0)
    return _colour(relief, warmth, generator, float(np.clip(tone, 85, 205)), contrast)


def _colour(
    relief: Float32[np.ndarray, "h w"],
    warmth: Float32[np.ndarray, "h w"],
    generator: np.random.Generator,
    tone: float,
    contrast: float,
) -> Float32[np.ndarray, "h w 3"]:
    """Put a grey relief at a tone and contrast, add slow changes of tone, and tint it."""
    height, width = relief.shape
    relief = (relief - relief.mean()) / (relief.std() + np.float32(1e-6)) * np.float32(contrast)
    slow = fractal_noise(
        height, width, generator, max(40.0, 0.5 * max(height, width)), octaves=4, persistence=0.6
    )
    relief += slow * np.float32(tone * log_uniform(generator, 0.008, 0.06)) + np.float32(tone)
    cast = generator.normal(0.01, 0.03)
    cast_slow = generator.uniform(0, 0.006)
    grain_tint = generator.uniform(0.0, 0.02)
    tint = np.float32(cast) + slow * np.float32(cast_slow) + warmth * np.float32(grain_tint)
    photo = np.empty((height, width, 3), np.float32)
    photo[..., 0] = relief * (1 + tint)
    photo[..., 1] = relief * (1 + np.float32(generator.normal(0, 0.006)))
    photo[..., 2] = relief * (1 - np.float32(1.6) * tint)
    return photo
