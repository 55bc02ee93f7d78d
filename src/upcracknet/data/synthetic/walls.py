"""Walls: plaster, paint, roughcast, concrete as its formwork left it, bricks and mortar."""

from collections.abc import Callable

import cv2
import numpy as np

from upcracknet.data.synthetic.concrete import fine_grain, pores
from upcracknet.data.synthetic.masonry import Bond, brick_texture, lay_bond
from upcracknet.data.synthetic.material import Material
from upcracknet.data.synthetic.noise import (
    Plane,
    fractal_noise,
    log_uniform,
    nearest_seed,
    slope,
    smooth_noise,
    streaks,
)


def draw_wall(height: int, width: int, generator: np.random.Generator) -> Material:
    """Draw a wall of one of seven kinds, each at a scale of its own."""
    draw, _ = _KINDS[int(generator.choice(len(_KINDS), p=[share for _, share in _KINDS]))]
    return draw(height, width, generator)


def _plaster(height: int, width: int, generator: np.random.Generator) -> Material:
    """Smooth plaster: clouds, and the hair-thin lines that a trowel leaves on its way."""
    zoom = log_uniform(generator, 0.7, 4.0)
    field = fractal_noise(height, width, generator, 50.0 * zoom, octaves=7, persistence=0.65)
    field += fine_grain(height, width, generator) * np.float32(generator.uniform(0.2, 1.0))
    for _ in range(2):
        fine = log_uniform(generator, 0.8, 2.0) * zoom
        lines = streaks(height, width, generator, fine, 70 * zoom, generator.uniform(0, 180))
        field += np.maximum(lines - np.float32(0.8), 0) * np.float32(generator.normal(0, 0.7))
    return _coloured(field, generator, (2.0, 9.0))


def _render(height: int, width: int, generator: np.random.Generator) -> Material:
    """Rough plaster rubbed with a float: sand grains in slanting light, swirls, small holes."""
    zoom = log_uniform(generator, 0.7, 4.0)
    light = generator.uniform(0, 2 * np.pi)
    heights = fine_grain(height, width, generator) * np.float32(generator.uniform(0.5, 1.5))
    heights += smooth_noise(height, width, generator, log_uniform(generator, 1.5, 3.5) * zoom)
    field = slope(heights, light) + heights * np.float32(0.3)
    field += fractal_noise(height, width, generator, 40.0 * zoom, octaves=5) * np.float32(0.5)
    field -= pores(height, width, generator, 3.0 * zoom, light) * np.float32(0.5)
    return _coloured(field, generator, (4.0, 24.0))


def _roughcast(height: int, width: int, generator: np.random.Generator) -> Material:
    """Stones thrown into wet plaster: rounded bumps with a lit and a shaded side."""
    light = generator.uniform(0, 2 * np.pi)
    size = log_uniform(generator, 4.0, 20.0)
    heights = np.zeros((height, width), np.float32)
    for part in (1.0, 0.6):
        distance, stone = nearest_seed(height, width, generator, size * part)
        radius = generator.uniform(0.3, 0.9, int(stone.max()) + 1).astype(np.float32) * np.float32(
            size * part
        )
        bump = np.sqrt(np.clip(1 - distance / radius[stone], 0, 1)) * np.float32(part)
        np.maximum(heights, bump, out=heights)
    heights += smooth_noise(height, width, generator, max(1.5, size / 3)) * np.float32(0.12)
    heights = np.asarray(cv2.GaussianBlur(heights, (0, 0), max(0.6, size / 12)))
    field = slope(heights, light) * np.float32(size / 4) + heights * np.float32(generator.uniform(0.1, 0.6))
    field += fine_grain(height, width, generator) * np.float32(0.15)
    return _coloured(field, generator, (6.0, 30.0))


def _paint(height: int, width: int, generator: np.random.Generator) -> Material:
    """Rolled paint: the skin of an orange, stripes of the roller, dirt that runs down."""
    zoom = log_uniform(generator, 0.7, 4.0)
    skin = smooth_noise(height, width, generator, log_uniform(generator, 2.0, 5.0) * zoom)
    skin += smooth_noise(height, width, generator, 1.5) * np.float32(0.3)
    field = slope(skin, generator.uniform(0, 2 * np.pi))
    stripes = smooth_noise(height, width, generator, 400.0, cell_across=40.0 * zoom)
    dirt = smooth_noise(height, width, generator, 150.0 * zoom, cell_across=4.0 * zoom)
    field += stripes * np.float32(generator.uniform(0, 0.4)) + dirt * np.float32(generator.uniform(0, 0.2))
    return _coloured(field, generator, (2.0, 10.0))


def _boards(height: int, width: int, generator: np.random.Generator) -> Material:
    """Concrete that shows the grain of the boards of its formwork and the fins between them."""
    zoom = log_uniform(generator, 0.7, 4.0)
    light = generator.uniform(0, 2 * np.pi)
    board = generator.uniform(30.0, 60.0) * zoom
    count = int(max(height, width) / board) + 3
    upright = generator.random() < 0.5
    rows, columns = (width, height) if upright else (height, width)
    place = (np.arange(rows) / board + generator.uniform(0, 1)).astype(np.float32)
    number, inside = place.astype(np.int32), (place % 1) * np.float32(board)
    wood = smooth_noise(rows, columns, generator, 1.8 * zoom, cell_across=70 * zoom)
    bent = smooth_noise(rows, columns, generator, 12 * zoom, cell_across=90 * zoom)
    wood = wood * np.float32(generator.uniform(0.3, 1.0)) + np.sin(3 * bent) * np.float32(0.4)
    tone = generator.normal(0, generator.uniform(0.2, 1.2), count).astype(np.float32)
    fin = np.maximum(0, 1 - np.minimum(inside, np.float32(board) - inside) / np.float32(1.2 * zoom + 0.5))
    along = smooth_noise(2, columns, generator, 2.0, cell_across=30 * zoom)[0]
    field = wood + tone[number][:, None]
    field += fin[:, None] * np.float32(generator.choice((-4.0, 2.5))) * np.clip(along + 0.8, 0, 1.5)
    field = np.ascontiguousarray(field.T) if upright else field
    return _formed(field, generator, zoom, light)


def _panels(height: int, width: int, generator: np.random.Generator) -> Material:
    """Concrete from smooth panels: clouds, air holes, streaks of water, a seam where two panels met."""
    zoom = log_uniform(generator, 0.7, 4.0)
    light = generator.uniform(0, 2 * np.pi)
    field = fractal_noise(height, width, generator, 90.0 * zoom, octaves=7, persistence=0.7)
    run = smooth_noise(height, width, generator, 300.0 * zoom, cell_across=8.0 * zoom)
    field += run * np.float32(generator.uniform(0, 0.5))
    if generator.random() < 0.4:
        upright = generator.random() < 0.5
        length = width if upright else height
        place = np.arange(length, dtype=np.float32) - np.float32(generator.uniform(0, length))
        seam = np.maximum(0, 1 - np.abs(place) / np.float32(0.8 * zoom + 0.5))
        profile = seam * np.float32(generator.choice((-1.5, 1.2)))
        profile += np.sign(place) * np.float32(generator.normal(0, 0.3))
        field += profile[None, :] if upright else profile[:, None]
    return _formed(field, generator, zoom, light)


def _formed(field: Plane, generator: np.random.Generator, zoom: float, light: float) -> Material:
    """Grain and air holes on concrete from a formwork, and its greys."""
    height, width = field.shape
    field = field + fine_grain(height, width, generator) * np.float32(generator.uniform(0.3, 1.0))
    field -= pores(height, width, generator, log_uniform(generator, 2.0, 6.0) * zoom, light)
    return Material(
        field,
        fractal_noise(height, width, generator, 40.0 * zoom, octaves=4) * np.float32(0.5),
        tone=float(np.clip(generator.normal(150, 24), 85, 215)),
        contrast=log_uniform(generator, 3.0, 18.0),
        cast=generator.normal(0.01, 0.02),
        warming=generator.uniform(0.0, 0.015),
    )


def _bricks(height: int, width: int, generator: np.random.Generator) -> Material:
    """Bricks and mortar, red, yellow, grey or painted over."""
    course = log_uniform(generator, 14.0, 90.0)
    light = generator.uniform(0, 2 * np.pi)
    angle = np.float32(generator.normal(0, 0.03))
    down = np.arange(height, dtype=np.float32)[:, None] + np.float32(generator.uniform(0, course))
    right = np.arange(width, dtype=np.float32)[None, :] + np.float32(generator.uniform(0, course))
    across, along = down + right * angle, right - down * angle
    across = across + smooth_noise(height, width, generator, 2.0 * course) * np.float32(0.02 * course)
    bond = Bond(
        length=course * generator.uniform(2.4, 3.4),
        height=course,
        shift=float(generator.choice((0.5, 0.5, 0.25))),
        joint=course * generator.uniform(0.08, 0.2),
        wear=course * generator.uniform(0.005, 0.04),
    )
    brick, value, shade = lay_bond(across, along, generator, bond, light)
    texture = brick_texture(height, width, generator, max(6.0, course / 2))
    painted = generator.random() < 0.2
    difference = 0.2 if painted else generator.normal(0.6, 1.0)
    spread = 0.05 if painted else generator.uniform(0.2, 0.8)
    field = texture * np.float32(generator.uniform(0.3, 0.7)) + brick * value * np.float32(spread)
    field += (1 - brick) * np.float32(difference) + shade * np.float32(generator.uniform(0.5, 2.0))
    field += fine_grain(height, width, generator) * np.float32(generator.uniform(0.3, 0.8))
    grey = painted or generator.random() < 0.25
    return Material(
        field,
        brick * (1 + np.float32(0.25) * value),
        tone=float(np.clip(generator.normal(170 if painted else 128, 20), 75, 215)),
        contrast=log_uniform(generator, 4.0, 12.0) if painted else log_uniform(generator, 8.0, 30.0),
        cast=generator.normal(0.01, 0.02),
        warming=0.01 if grey else generator.uniform(0.06, 0.25),
    )


def _coloured(field: Plane, generator: np.random.Generator, contrasts: tuple[float, float]) -> Material:
    """White, grey, cream, ochre and faint blue, as walls are painted."""
    height, width = field.shape
    return Material(
        field,
        fractal_noise(height, width, generator, 60.0, octaves=4) * np.float32(0.5),
        tone=float(np.clip(generator.normal(165, 25), 85, 210)),
        contrast=log_uniform(generator, *contrasts),
        cast=float(
            generator.choice((generator.normal(0.01, 0.02), generator.normal(0.05, 0.05)), p=(0.6, 0.4))
        ),
        warming=generator.uniform(0.0, 0.01),
    )


_KINDS: tuple[tuple[Callable[[int, int, np.random.Generator], Material], float], ...] = (
    (_plaster, 0.18),
    (_render, 0.2),
    (_roughcast, 0.1),
    (_paint, 0.12),
    (_boards, 0.12),
    (_panels, 0.16),
    (_bricks, 0.12),
)
"""The kinds of walls and how often each is drawn."""
