"""Loose things on the road, and manholes: they hide the road beneath, and its cracks."""

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from upcracknet.data.synthetic.noise import fractal_noise, log_uniform, slope, smooth_noise, smoothstep

Scene = Float32[np.ndarray, "h w 3"]
Covered = Float32[np.ndarray, "h w"]
Plane = Float32[np.ndarray, "h w"]


def scatter_pebbles(scene: Scene, covered: Covered, generator: np.random.Generator) -> None:
    """Scatter small stones with a lit side and a shadow, in place."""
    height, width = scene.shape[:2]
    light = generator.uniform(0, 2 * np.pi)
    for _ in range(int(log_uniform(generator, 2.0, 40.0))):
        radius = log_uniform(generator, 1.0, 5.0)
        side = int(4 * radius) + 3
        down, right = _turned(side, generator)
        ragged = smooth_noise(side, side, generator, max(1.5, radius)) * np.float32(0.2)
        distance = (
            np.hypot(down, right * np.float32(generator.uniform(1.0, 1.8))) / np.float32(radius) + ragged
        )
        alpha = 1 - smoothstep(distance, 0.8, 1.2)
        lit = slope(distance.astype(np.float32), light) * np.float32(radius / 2)
        grey = scene[..., 1].mean() * generator.uniform(0.7, 1.5)
        tone = (np.float32(grey) * (1 + np.float32(0.25) * lit * np.minimum(distance, 1))).astype(np.float32)
        colour = tone[..., None] * generator.normal(1, (0.05, 0.02, 0.07)).astype(np.float32)
        centre = generator.uniform(0, 1, 2) * (height, width)
        _place(scene, covered, alpha, colour, centre, (light, 0.7 * radius))


def drop_leaves(scene: Scene, covered: Covered, generator: np.random.Generator) -> None:
    """Drop pointed leaves with a rib and a shadow, in place."""
    height, width = scene.shape[:2]
    light = generator.uniform(0, 2 * np.pi)
    colours = np.array([(150, 105, 55), (180, 150, 60), (110, 75, 50), (95, 115, 55)], np.float32)
    for _ in range(int(generator.integers(1, 6))):
        length = min(height, width) * log_uniform(generator, 0.03, 0.12)
        side = int(2.4 * length) + 3
        down, right = _turned(side, generator)
        place = np.clip(right / np.float32(length), -1, 1)
        half = np.float32(length * generator.uniform(0.25, 0.5)) * (1 - place**2)
        edge = half * (1 + np.float32(0.12) * smooth_noise(side, side, generator, 3.0)) - np.abs(down)
        alpha = smoothstep(edge, -0.5, 0.7)
        rib = 1 - smoothstep(np.abs(down), 0.4, 1.4)
        veins = np.float32(0.12) * fractal_noise(side, side, generator, length / 3, octaves=4)
        tone = np.clip(1 + veins + np.float32(0.25) * rib, 0.5, 1.5)
        colour = (
            tone[..., None] * colours[int(generator.integers(4))] * np.float32(generator.uniform(0.7, 1.2))
        )
        _place(scene, covered, alpha, colour, generator.uniform(0, 1, 2) * (height, width), (light, 2.0))


def drop_twigs(scene: Scene, covered: Covered, generator: np.random.Generator) -> None:
    """Drop thin bent twigs and straws with a shadow, in place."""
    height, width = scene.shape[:2]
    light = generator.uniform(0, 2 * np.pi)
    for _ in range(int(generator.integers(1, 4))):
        length = min(height, width) * log_uniform(generator, 0.06, 0.35)
        side = int(1.3 * length) + 3
        down, right = _turned(side, generator)
        place = right / np.float32(length / 2)
        bend = np.float32(length * generator.normal(0, 0.06)) * (place**2 - 1)
        half = log_uniform(generator, 0.6, 1.6)
        alpha = (1 - smoothstep(np.abs(down - bend), half - 0.5, half + 0.5)) * (np.abs(place) < 1)
        tone = np.float32(generator.uniform(45, 190)) * (
            1 + np.float32(0.1) * smooth_noise(side, side, generator, 6.0)
        )
        colour = tone[..., None] * np.array([1.1, 0.95, 0.75], np.float32)
        _place(scene, covered, alpha, colour, generator.uniform(0, 1, 2) * (height, width), (light, 2 * half))


def set_manhole(scene: Scene, covered: Covered, generator: np.random.Generator) -> None:
    """Set a patterned cast-iron cover into a scene, in place; often only an arc of it is seen."""
    height, width = scene.shape[:2]
    radius = min(height, width) * generator.uniform(0.2, 0.6)
    row, column = generator.uniform(-0.2, 1.2, 2) * (height, width)
    down = np.arange(height, dtype=np.float32)[:, None] - np.float32(row)
    right = np.arange(width, dtype=np.float32)[None, :] - np.float32(column)
    distance = np.hypot(down, right * np.float32(generator.uniform(0.9, 1.5)))
    iron = 1 - smoothstep(distance, radius - 1, radius + 1)
    period = np.float32(max(6.0, radius * generator.uniform(0.08, 0.16)))
    studs = smoothstep(np.sin(2 * np.pi * down / period) * np.sin(2 * np.pi * right / period), 0.0, 0.5)
    grooves = sum(
        1 - smoothstep(np.abs(distance - np.float32(radius * at)), 0.8, 2.5) for at in (0.82, 0.88, 1.0)
    )
    tone = np.float32(scene[..., 1].mean() * generator.uniform(0.45, 0.85)) * (
        1 + np.float32(0.2) * studs * (distance < 0.8 * radius) - np.float32(0.5) * np.minimum(grooves, 1)
    )
    tone *= 1 + np.float32(0.08) * fractal_noise(height, width, generator, 20.0, octaves=5, persistence=0.8)
    rust = np.array([1.06, 0.99, 0.92], np.float32)
    for channel in range(3):
        scene[..., channel] += iron * (tone * rust[channel] - scene[..., channel])
    gap = 1 - smoothstep(np.abs(distance - np.float32(radius)), 0.8, 2.8)
    scene *= (1 - np.float32(0.6) * gap)[..., None]
    np.maximum(covered, iron, out=covered)


def _turned(side: int, generator: np.random.Generator) -> tuple[Plane, Plane]:
    """Coordinates in pixels about the middle of a square window, turned by a random angle."""
    angle = np.float32(generator.uniform(0, 2 * np.pi))
    line = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    down, right = line[:, None], line[None, :]
    return down * np.cos(angle) - right * np.sin(angle), down * np.sin(angle) + right * np.cos(angle)


def _place(
    scene: Scene,
    covered: Covered,
    alpha: Float32[np.ndarray, "side side"],
    colour: Float32[np.ndarray, "side side 3"],
    centre: Float64[np.ndarray, "2"],
    shadow: tuple[float, float],
) -> None:
    """Blend a thing into the scene around a centre, its shadow (direction, length) first."""
    direction, length = shadow
    margin = int(length) + 2
    alpha = np.pad(alpha, margin)
    colour = np.pad(colour, ((margin, margin), (margin, margin), (0, 0)))
    side = len(alpha)
    top, left = (int(value) - side // 2 for value in centre)
    rows = slice(max(0, -top), min(side, scene.shape[0] - top))
    columns = slice(max(0, -left), min(side, scene.shape[1] - left))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    move = np.array([[1, 0, -length * np.cos(direction)], [0, 1, -length * np.sin(direction)]])
    fallen = cv2.GaussianBlur(cv2.warpAffine(alpha, move, (side, side)), (0, 0), 0.8)
    place = slice(top + rows.start, top + rows.stop), slice(left + columns.start, left + columns.stop)
    solid = alpha[rows, columns, None]
    window = scene[place] * (1 - np.float32(0.5) * fallen[rows, columns, None])
    scene[place] = window + solid * (colour[rows, columns] - window)
    covered[place] = np.maximum(covered[place], solid[..., 0])
