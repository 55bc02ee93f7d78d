"""What lies loose on a road or hangs on a wall: pebbles, leaves, twigs, branches, cables."""

import cv2
import numpy as np
from jaxtyping import Float32, Float64

from upcracknet.data.synthetic.lines import line_coordinates, wave
from upcracknet.data.synthetic.noise import (
    Plane,
    Scene,
    draw_zoom,
    fractal_noise,
    log_uniform,
    slope,
    smooth_noise,
    smoothstep,
)


def scatter_pebbles(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
    """Scatter small stones with a lit side and a shadow, in place."""
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    light = generator.uniform(0, 2 * np.pi)
    for _ in range(int(log_uniform(generator, 2.0, 40.0))):
        radius = log_uniform(generator, 1.0, 5.0) * zoom
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
    largest = log_uniform(generator, 0.08, 0.4)
    for _ in range(int(generator.integers(1, 6 if largest < 0.2 else 3))):
        length = min(height, width) * largest * log_uniform(generator, 0.4, 1.0)
        side = int(2.4 * length) + 3
        down, right = _turned(side, generator)
        place = np.clip(right / np.float32(length), -1, 1)
        half = np.float32(length * generator.uniform(0.25, 0.5)) * (1 - place**2)
        edge = half * (1 + np.float32(0.12) * smooth_noise(side, side, generator, 3.0)) - np.abs(down)
        alpha = smoothstep(edge, -0.5, 0.7)
        rib = 1 - smoothstep(np.abs(down), 0.4, max(1.4, length / 40))
        veins = np.float32(0.12) * fractal_noise(side, side, generator, length / 3, octaves=4)
        tone = np.clip(1 + veins + np.float32(0.25) * rib, 0.5, 1.5)
        colour = (
            tone[..., None] * colours[int(generator.integers(4))] * np.float32(generator.uniform(0.7, 1.2))
        )
        _place(scene, covered, alpha, colour, generator.uniform(0, 1, 2) * (height, width), (light, 2.0))


def drop_twigs(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
    """Drop thin bent twigs and straws with a shadow, in place."""
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    light = generator.uniform(0, 2 * np.pi)
    for _ in range(int(generator.integers(1, 4))):
        length = min(height, width) * log_uniform(generator, 0.06, 0.35)
        side = int(1.3 * length) + 3
        down, right = _turned(side, generator)
        place = right / np.float32(length / 2)
        bend = np.float32(length * generator.normal(0, 0.06)) * (place**2 - 1)
        half = min(log_uniform(generator, 0.6, 1.6) * zoom, max(0.6, length / 20))
        alpha = (1 - smoothstep(np.abs(down - bend), half - 0.5, half + 0.5)) * (np.abs(place) < 1)
        tone = np.float32(generator.uniform(45, 190)) * (
            1 + np.float32(0.1) * smooth_noise(side, side, generator, 6.0)
        )
        colour = tone[..., None] * np.array([1.1, 0.95, 0.75], np.float32)
        _place(scene, covered, alpha, colour, generator.uniform(0, 1, 2) * (height, width), (light, 2 * half))


def drop_branch(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
    """Drop a bent branch that forks into thinner twigs, with its shadow, in place."""
    height, width = scene.shape[:2]
    light = generator.uniform(0, 2 * np.pi)
    length = min(height, width) * log_uniform(generator, 0.45, 1.4)
    half = max(0.7, length * log_uniform(generator, 0.006, 0.02))
    side = int(1.2 * length) + 3
    alpha = np.zeros((side, side), np.float32)
    round_side = np.zeros((side, side), np.float32)
    heading = generator.uniform(0, 2 * np.pi)
    start = np.array((0.5, 0.5)) * side - 0.5 * length * np.array((np.sin(heading), np.cos(heading)))
    growing = [(start, heading, length, half)]
    for _ in range(int(generator.integers(8, 18))):
        if not growing:
            break
        start, heading, left, half = growing.pop(0)
        step = left * generator.uniform(0.25, 0.5)
        end = start + step * np.array((np.sin(heading), np.cos(heading)))
        _draw_stick(alpha, round_side, (start, end), (half, 0.8 * half), light)
        if left > 12:
            growing.append((end, heading + generator.normal(0, 0.2), left - step, 0.8 * half))
            turn = generator.choice((-1, 1)) * generator.uniform(0.4, 1.1)
            growing.append((end, heading + turn, 0.6 * (left - step), max(0.5, 0.55 * half)))
    bark = 1 + np.float32(0.15) * smooth_noise(side, side, generator, max(2.0, 2 * half))
    tone = np.float32(generator.uniform(45, 150)) * bark * (1 + np.float32(0.45) * round_side)
    colour = tone[..., None] * np.array([1.1, 0.97, 0.8], np.float32)
    _place(scene, covered, alpha, colour, generator.uniform(0.2, 0.8, 2) * (height, width), (light, 2 * half))


def _draw_stick(
    alpha: Plane,
    lit: Plane,
    ends: tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"]],
    halves: tuple[float, float],
    light: float,
) -> None:
    """Draw a straight piece of a branch, in place: what it covers, and its lit and shaded side."""
    start, end = ends
    reach = max(halves) + 2
    top, left = (max(0, int(low - reach)) for low in np.minimum(start, end))
    bottom, right = (max(0, int(high + reach) + 1) for high in np.maximum(start, end))
    window = slice(top, bottom), slice(left, right)
    rows, columns = alpha[window].shape
    if rows < 1 or columns < 1:
        return
    length = np.float32(max(float(np.hypot(*(end - start))), 1e-6))
    along = ((end - start) / length).astype(np.float32)
    down = np.arange(top, top + rows, dtype=np.float32)[:, None] - np.float32(start[0])
    over = np.arange(left, left + columns, dtype=np.float32)[None, :] - np.float32(start[1])
    place = np.clip((down * along[0] + over * along[1]) / length, 0, 1)
    beside, beyond = down - place * length * along[0], over - place * length * along[1]
    distance = np.hypot(beside, beyond)
    half = halves[0] + place * np.float32(halves[1] - halves[0])
    cover = np.clip(half - distance + np.float32(0.5), 0, 1)
    facing = (beyond * np.float32(np.cos(light)) + beside * np.float32(np.sin(light))) / np.maximum(half, 1)
    lit[window] = np.where(cover > 0, -np.clip(facing, -1, 1), lit[window])
    np.maximum(alpha[window], cover, out=alpha[window])


def run_cable(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
    """Run a cable or hose in wide bends through a scene with its shadow, in place; often the shadow alone.

    The shadow alone is that of a cable that hangs above.
    """
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    across, along = line_coordinates(height, width, generator)
    size = max(min(height, width), 8)
    bend = log_uniform(generator, 0.002, 0.05) * size
    across = across - wave(along, generator, bend=bend, period=0.7 * size)
    half = max(0.8, log_uniform(generator, 0.8, 2.5) * zoom)
    away = half * generator.uniform(0.3, 3.0) * float(generator.choice((-1, 1)))
    soft = max(0.7, 0.4 * abs(away))
    shadow = 1 - smoothstep(np.abs(across - np.float32(away)), half - soft, half + soft)
    scene *= (1 - np.float32(generator.uniform(0.25, 0.6)) * shadow)[..., None]
    if generator.random() < 0.25:
        return
    offset = across / np.float32(half)
    cable = np.clip(half - np.abs(across) + np.float32(0.5), 0, 1)
    round_side = np.sqrt(np.clip(1 - (offset + np.float32(0.4 * np.sign(away))) ** 2, 0, 1))
    gloss = np.clip(1 - np.abs(offset + np.float32(0.4 * np.sign(away))) * 3, 0, 1)
    colours = ((35, 35, 38), (60, 60, 62), (190, 190, 185), (190, 90, 40), (150, 130, 90))
    colour = np.array(colours[int(generator.choice(5, p=(0.4, 0.2, 0.2, 0.1, 0.1)))], np.float32)
    light = (0.6 + 0.4 * round_side + np.float32(generator.uniform(0, 0.5)) * gloss)[..., None]
    scene += cable[..., None] * (light * colour - scene)
    np.maximum(covered, cable, out=covered)


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
