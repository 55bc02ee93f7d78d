"""What a bare surface is made of, and the picture of it."""

from dataclasses import dataclass

import numpy as np

from upcracknet.data.synthetic.noise import Plane, Scene, fractal_noise, log_uniform


@dataclass(frozen=True)
class Material:
    """A bare surface before it has its tone and colour.

    Attributes:
        relief: float32 H×W, its grey values, of any mean and scale.
        warmth: float32 H×W, where it is redder (above 0) or bluer than elsewhere.
        tone: mean grey level, 0 to 255.
        contrast: standard deviation of the relief in grey levels.
        cast: share by which all of it is redder (above 0) or bluer than grey.
        warming: share by which a warmth of 1 makes it redder.
    """

    relief: Plane
    warmth: Plane
    tone: float
    contrast: float
    cast: float
    warming: float


def show(material: Material, generator: np.random.Generator) -> Scene:
    """Give a material its tone, contrast and colour, and slow changes of tone."""
    height, width = material.relief.shape
    relief = material.relief - material.relief.mean()
    relief *= np.float32(material.contrast) / (relief.std() + np.float32(1e-6))
    slow = fractal_noise(
        height, width, generator, max(40.0, 0.5 * max(height, width)), octaves=4, persistence=0.6
    )
    relief += slow * np.float32(material.tone * log_uniform(generator, 0.008, 0.06))
    relief += np.float32(material.tone)
    redder = slow * np.float32(generator.uniform(0, 0.006)) + np.float32(material.cast)
    redder += material.warmth * np.float32(material.warming)
    scene = np.empty((height, width, 3), np.float32)
    scene[..., 0] = relief * (1 + redder)
    scene[..., 1] = relief * np.float32(1 + generator.normal(0, 0.006))
    scene[..., 2] = relief * (1 - np.float32(1.6) * redder)
    return np.maximum(scene, 0)
