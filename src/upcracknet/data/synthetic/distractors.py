"""What is dark, bright or straight on a road and yet no crack: loose things, marks and shadows."""

from collections.abc import Callable

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from upcracknet.data.synthetic.marks import (
    cast_hard_shadow,
    cast_tree_shadow,
    drop_spots,
    lay_joint,
    lay_patch,
    paint_marking,
    roll_tyre_marks,
    spill_stains,
)
from upcracknet.data.synthetic.noise import (
    Plane,
    Scene,
    fractal_noise,
    log_uniform,
    slope,
    smooth_noise,
    smoothstep,
)
from upcracknet.data.synthetic.surfaces import Surface


def scatter_pebbles(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
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


def drop_leaves(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
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


def drop_twigs(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
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


def set_manhole(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
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


# How often each of them is seen, in the order in which they come to lie on each other.
_ON_THE_ROAD: tuple[tuple[Callable[[Scene, np.random.Generator], None], dict[str, float]], ...] = (
    (lay_joint, {"asphalt": 0.0, "concrete": 0.4, "gravel": 0.0}),
    (lay_patch, {"asphalt": 0.12, "concrete": 0.04, "gravel": 0.08}),
    (paint_marking, {"asphalt": 0.2, "concrete": 0.12, "gravel": 0.08}),
    (roll_tyre_marks, {"asphalt": 0.15, "concrete": 0.15, "gravel": 0.05}),
    (spill_stains, {"asphalt": 0.35, "concrete": 0.45, "gravel": 0.2}),
    (drop_spots, {"asphalt": 0.35, "concrete": 0.3, "gravel": 0.1}),
)
_LYING_LOOSE: tuple[tuple[Callable[[Scene, Plane, np.random.Generator], None], float], ...] = (
    (set_manhole, 0.05),
    (scatter_pebbles, 0.3),
    (drop_twigs, 0.1),
    (drop_leaves, 0.08),
)
_SHADOWS: tuple[tuple[Callable[[Scene, np.random.Generator], None], float], ...] = (
    (cast_tree_shadow, 0.2),
    (cast_hard_shadow, 0.15),
)


def add_distractors(
    photo: UInt8[np.ndarray, "h w 3"], generator: np.random.Generator, crowding: float = 1.0
) -> UInt8[np.ndarray, "h w 3"]:
    """Add a random choice of things that look like cracks to a detector but are none.

    These are shadows, stains, joints, repaired patches, road paint, tyre marks, spots, pebbles, leaves, twigs
    and manholes.

    Args:
        photo: uint8 H×W×3 RGB of a road, synthetic or real; not changed.
        generator: source of randomness.
        crowding: how many times more often than on real roads each is seen.

    Returns:
        the photo with them, same shape.
    """
    scene = photo.astype(np.float32)
    surface: Surface = "asphalt" if generator.random() < 0.6 else "concrete"
    lay_distractors(scene, generator, surface, crowding)
    return np.asarray(np.clip(np.rint(scene), 0, 255), np.uint8)


def lay_distractors(
    scene: Scene, generator: np.random.Generator, surface: Surface, crowding: float = 1.0
) -> Plane:
    """Lay a random choice of distractors onto a scene, in place.

    Joints belong to concrete, repaired patches mostly to asphalt; ``crowding`` is how many times more often
    than on real roads each is seen.

    Returns:
        where loose things and manholes hide the road and so its cracks, in [0, 1].
    """
    covered = np.zeros(scene.shape[:2], np.float32)
    for lay, frequency in _ON_THE_ROAD:
        if generator.random() < crowding * frequency[surface]:
            lay(scene, generator)
    for drop, probability in _LYING_LOOSE:
        if generator.random() < crowding * probability:
            drop(scene, covered, generator)
    for cast, probability in _SHADOWS:
        if generator.random() < crowding * probability:
            cast(scene, generator)
    return covered


def _turned(side: int, generator: np.random.Generator) -> tuple[Plane, Plane]:
    """Coordinates in pixels about the middle of a square window, turned by a random angle."""
    angle = np.float32(generator.uniform(0, 2 * np.pi))
    line = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    down, right = line[:, None], line[None, :]
    return down * np.cos(angle) - right * np.sin(angle), down * np.sin(angle) + right * np.cos(angle)


def _place(
    scene: Scene,
    covered: Plane,
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
