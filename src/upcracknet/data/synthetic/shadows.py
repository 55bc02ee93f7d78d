"""Shadows: of trees, soft and dappled, and of poles, walls and vehicles, with hard edges."""

import numpy as np
from jaxtyping import Float32

from upcracknet.data.synthetic.noise import fractal_noise, log_uniform, smooth_noise, smoothstep

Scene = Float32[np.ndarray, "h w 3"]
Plane = Float32[np.ndarray, "h w"]

_SKY = np.array([1.05, 1.0, 0.9], np.float32)  # the sky's light fills a shadow with blue


def cast_tree_shadow(scene: Scene, generator: np.random.Generator) -> None:
    """Darken a scene in place under leaves: blots of every size with soft edges."""
    height, width = scene.shape[:2]
    scale = min(height, width) * log_uniform(generator, 0.15, 0.8)
    leaves = fractal_noise(
        height, width, generator, scale, octaves=5, persistence=generator.uniform(0.35, 0.65)
    )
    start = generator.uniform(-0.6, 0.8)
    _darken(scene, smoothstep(leaves, start, start + log_uniform(generator, 0.25, 1.0)), generator)


def cast_hard_shadow(scene: Scene, generator: np.random.Generator) -> None:
    """Darken a scene in place on one side of a line or along one to three bands."""
    height, width = scene.shape[:2]
    across, _ = line_coordinates(height, width, generator)
    across += smooth_noise(height, width, generator, 60.0) * np.float32(generator.uniform(0, 1.5))
    penumbra = log_uniform(generator, 1.0, 8.0)
    if generator.random() < 0.5:
        shade = smoothstep(across, -penumbra, penumbra)
    else:
        shade = np.zeros((height, width), np.float32)
        for _ in range(int(generator.integers(1, 4))):
            middle = generator.normal(0, 0.25) * min(height, width)
            half = log_uniform(generator, 4.0, max(5.0, 0.12 * min(height, width)))
            band = 1 - smoothstep(np.abs(across - np.float32(middle)), half - penumbra, half + penumbra)
            shade = np.maximum(shade, band)
    _darken(scene, shade, generator)


def line_coordinates(
    height: int, width: int, generator: np.random.Generator, *, turn: float = np.pi
) -> tuple[Plane, Plane]:
    """Give coordinates about a random straight line near the middle of the picture.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness.
        turn: greatest angle between the line and one of the picture's axes, in radians.

    Returns:
        float32 H×W signed distance from the line and float32 H×W position along it, in pixels.
    """
    angle = generator.uniform(-turn, turn) + generator.choice((0.0, np.pi / 2))
    row, column = generator.uniform(0.15, 0.85, 2) * (height, width)
    down = (np.arange(height) - row).astype(np.float32)[:, None]
    right = (np.arange(width) - column).astype(np.float32)[None, :]
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    return right * sine + down * cosine, right * cosine - down * sine


def _darken(scene: Scene, shade: Plane, generator: np.random.Generator) -> None:
    strength = np.float32(generator.uniform(0.2, 0.6))
    for channel in range(3):
        scene[..., channel] *= 1 - strength * _SKY[channel] * shade
