"""What lies flat on the road: road paint, tyre marks, stains, spots, shadows."""

import cv2
import numpy as np
from jaxtyping import UInt8

from upcracknet.data.synthetic.lines import line_coordinates
from upcracknet.data.synthetic.noise import (
    Plane,
    Scene,
    draw_zoom,
    fractal_noise,
    log_uniform,
    smooth_noise,
    smoothstep,
)

_SKY = np.array([1.05, 1.0, 0.9], np.float32)  # the sky's light fills a shadow with blue


def roll_tyre_marks(scene: Scene, generator: np.random.Generator) -> None:
    """Draw one or two bent rubber tracks with streaks along them, in place."""
    height, width = scene.shape[:2]
    across, along = line_coordinates(height, width, generator)
    size = min(height, width)
    bent = across + along**2 * np.float32(generator.normal(0, 0.25) / size)
    half = size * generator.uniform(0.03, 0.1)
    tracks = [0.0] if generator.random() < 0.5 else [0.0, size * generator.uniform(0.25, 0.5)]
    streaks = np.interp(
        np.linspace(0, 1, 512), np.linspace(0, 1, 48), generator.uniform(0.3, 1.0, 48)
    )  # one darkness for each lane of the tread
    for middle in tracks:
        offset = (bent - np.float32(middle)) / np.float32(half)
        lane = np.clip((offset + 1) * 255.5, 0, 511).astype(np.int32)
        track = (1 - smoothstep(np.abs(offset), 0.75, 1.05)) * streaks.astype(np.float32)[lane]
        track *= smoothstep(fractal_noise(height, width, generator, size * 0.7), -1.5, 1.0)
        scene *= (1 - np.float32(generator.uniform(0.15, 0.45)) * track)[..., None]


def spill_stains(scene: Scene, generator: np.random.Generator) -> None:
    """Spill oil, water, rust or lime in ragged blots, in place."""
    height, width = scene.shape[:2]
    size = min(height, width)
    tints = ((0.45, 0.45, 0.48), (0.7, 0.7, 0.72), (0.95, 0.8, 0.62), (1.25, 1.25, 1.22))
    tint = np.array(tints[int(generator.choice(4, p=(0.4, 0.3, 0.15, 0.15)))], np.float32)
    down, right = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)[None, :]
    ragged = fractal_noise(height, width, generator, size * 0.25, octaves=6, persistence=0.6)
    blot = np.zeros((height, width), np.float32)
    for _ in range(int(generator.integers(1, 5))):
        row, column = (generator.uniform(0, 1, 2) * (height, width)).astype(np.float32)
        radius, flat = size * log_uniform(generator, 0.02, 0.25), generator.uniform(0.6, 1.6)
        distance = np.hypot((down - row) * flat, right - column) / np.float32(radius)
        soft = generator.uniform(0.1, 0.6)
        blot = np.maximum(blot, 1 - smoothstep(distance + np.float32(0.5) * ragged, 1 - soft, 1 + soft))
    blot *= np.float32(generator.uniform(0.3, 0.9))
    for channel in range(3):
        scene[..., channel] *= 1 + (tint[channel] - 1) * blot


def drop_spots(scene: Scene, generator: np.random.Generator) -> None:
    """Drop flat roundish spots in place: chewing gum, tar, small holes, bird droppings."""
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    for _ in range(int(generator.integers(1, 16))):
        radius = log_uniform(generator, 1.2, 7.0) * zoom
        row, column = generator.uniform(0, 1, 2) * (height, width)
        top, left = max(0, int(row - 2 * radius)), max(0, int(column - 2 * radius))
        window = scene[top : int(row + 2 * radius) + 1, left : int(column + 2 * radius) + 1]
        rows, columns = window.shape[:2]
        down = np.arange(top, top + rows, dtype=np.float32)[:, None] - np.float32(row)
        right = np.arange(left, left + columns, dtype=np.float32)[None, :] - np.float32(column)
        distance = np.hypot(down * np.float32(generator.uniform(0.7, 1.4)), right)
        distance += smooth_noise(rows, columns, generator, radius) * np.float32(0.2 * radius)
        spot = 1 - smoothstep(distance, 0.7 * radius, 1.2 * radius + 0.5)
        change = generator.uniform(-0.7, -0.15) if generator.random() < 0.8 else generator.uniform(0.1, 0.4)
        window *= (1 + np.float32(change) * spot)[..., None]


def paint_marking(scene: Scene, generator: np.random.Generator) -> None:
    """Paint a worn lane line, a dashed or double one, a crossing, or letters onto a scene, in place."""
    height, width = scene.shape[:2]
    kind = generator.choice(("line", "double", "dashed", "crossing", "letters"))
    shape = (
        _letters(height, width, generator)
        if kind == "letters"
        else _stripes(height, width, generator, str(kind))
    )
    wear = fractal_noise(height, width, generator, 40.0, octaves=6, persistence=0.8)
    relief = scene[..., 1] - cv2.GaussianBlur(scene[..., 1], (0, 0), 4.0)
    wear += relief / (relief.std() + np.float32(1.0)) * np.float32(0.4)
    start = generator.uniform(-2.5, 0.3)
    paint = shape * smoothstep(wear, start, start + 0.6) * np.float32(generator.uniform(0.6, 1.0))
    colour = (212, 168, 62) if generator.random() < 0.25 else (222, 222, 216)
    kept = np.float32(generator.uniform(0.2, 0.6))
    soiled = 1 + np.float32(0.06) * fractal_noise(height, width, generator, 60.0, octaves=6, persistence=0.8)
    for channel in range(3):
        painted = np.float32(colour[channel]) * soiled + kept * relief
        scene[..., channel] += paint * (painted - scene[..., channel])


def _stripes(height: int, width: int, generator: np.random.Generator, kind: str) -> Plane:
    """The shape of lane lines and crossings, in [0, 1]."""
    across, along = line_coordinates(height, width, generator)
    across += smooth_noise(height, width, generator, 4.0) * np.float32(generator.uniform(0.2, 0.8))
    half = min(height, width) * log_uniform(generator, 0.02, 0.12)
    if kind == "crossing":
        across = np.abs((across / np.float32(4 * half)) % 1 - 0.5) * np.float32(4 * half)
    if kind == "double":
        across = np.abs(across) - np.float32(2 * half)
    shape = 1 - smoothstep(np.abs(across), half - 1, half + 1)
    if kind == "dashed":
        period = half * generator.uniform(8, 20)
        dash = np.abs((along / np.float32(period)) % 1 - 0.5) * np.float32(period)
        shape *= smoothstep(dash, period / 4 - 1, period / 4 + 1)
    return shape


def _letters(height: int, width: int, generator: np.random.Generator) -> Plane:
    """The shape of a word or number, stretched and turned as seen from a car, in [0, 1]."""
    text = str(generator.choice(("STOP", "BUS", "SLOW", "30", "50", "TAXI", "7", "A4")))
    thick = int(generator.integers(10, 18))
    (length, rise), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 3.0, thick)
    canvas: UInt8[np.ndarray, "a b"] = np.zeros((rise + below + 40, length + 40), np.uint8)
    cv2.putText(canvas, text, (20, rise + 20), cv2.FONT_HERSHEY_SIMPLEX, 3.0, 255, thick, cv2.LINE_AA)
    size = min(height, width) * generator.uniform(0.4, 1.2) / rise
    turn = cv2.getRotationMatrix2D(
        (canvas.shape[1] / 2, canvas.shape[0] / 2), generator.uniform(-180, 180), size
    )
    turn[:, 2] += np.asarray(
        generator.uniform(0.2, 0.8, 2) * (width, height) - np.array(canvas.shape[::-1]) / 2
    )
    return np.asarray(cv2.warpAffine(canvas, turn, (width, height)), np.float32) / np.float32(255)


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


def _darken(scene: Scene, shade: Plane, generator: np.random.Generator) -> None:
    strength = np.float32(generator.uniform(0.2, 0.6))
    for channel in range(3):
        scene[..., channel] *= 1 - strength * _SKY[channel] * shade
