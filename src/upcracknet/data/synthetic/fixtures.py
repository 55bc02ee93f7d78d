"""What is built into roads and walls: manholes, tiles, bricks, tie holes, pipes and windows."""

import numpy as np
from jaxtyping import Float32

from upcracknet.data.synthetic.lines import line_coordinates
from upcracknet.data.synthetic.masonry import Bond, brick_texture, lay_bond
from upcracknet.data.synthetic.noise import Plane, Scene, draw_zoom, fractal_noise, log_uniform, smoothstep


def set_manhole(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
    """Set a patterned cast-iron cover into a scene, in place; often only an arc of it is seen."""
    height, width = scene.shape[:2]
    radius = min(height, width) * generator.uniform(0.2, 0.6)
    rim = max(2.5, radius * generator.uniform(0.01, 0.035))
    row, column = generator.uniform(-0.2, 1.2, 2) * (height, width)
    down = np.arange(height, dtype=np.float32)[:, None] - np.float32(row)
    right = np.arange(width, dtype=np.float32)[None, :] - np.float32(column)
    distance = np.hypot(down, right * np.float32(generator.uniform(0.9, 1.5)))
    iron = 1 - smoothstep(distance, radius - 1, radius + 1)
    period = np.float32(max(6.0, radius * generator.uniform(0.08, 0.16)))
    studs = smoothstep(np.sin(2 * np.pi * down / period) * np.sin(2 * np.pi * right / period), 0.0, 0.5)
    grooves = sum(
        1 - smoothstep(np.abs(distance - np.float32(radius * at)), rim / 3, rim) for at in (0.82, 0.88, 1.0)
    )
    tone = np.float32(scene[..., 1].mean() * generator.uniform(0.45, 0.85)) * (
        1 + np.float32(0.2) * studs * (distance < 0.8 * radius) - np.float32(0.5) * np.minimum(grooves, 1)
    )
    tone *= 1 + np.float32(0.08) * fractal_noise(height, width, generator, 20.0, octaves=5, persistence=0.8)
    rust = np.array([1.06, 0.99, 0.92], np.float32)
    for channel in range(3):
        scene[..., channel] += iron * (tone * rust[channel] - scene[..., channel])
    gap = 1 - smoothstep(np.abs(distance - np.float32(radius)), rim / 3, 1.1 * rim)
    scene *= (1 - np.float32(0.6) * gap)[..., None]
    np.maximum(covered, iron, out=covered)


def lay_tiles(scene: Scene, generator: np.random.Generator) -> None:
    """Lay tiles or slabs in a grid with grout over a part of a scene, in place."""
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    side = log_uniform(generator, 18.0, 60.0) * zoom
    bond = Bond(
        length=side * float(generator.choice((1.0, 1.0, 2.0))),
        height=side,
        shift=float(generator.choice((0.0, 0.5), p=(0.8, 0.2))),
        joint=max(1.0, side * log_uniform(generator, 0.02, 0.1)),
        wear=0.2,
    )
    grout = generator.uniform(0.45, 0.9) if generator.random() < 0.7 else generator.uniform(1.05, 1.4)
    colour = np.array([1, 1, 1], np.float32) + np.float32(generator.normal(0, 0.06)) * np.array([1, 0, -1.2])
    _pave(scene, generator, bond, grout, 0.05, colour.astype(np.float32))


def lay_bricks(scene: Scene, generator: np.random.Generator) -> None:
    """Lay bricks or pavers in a running bond over a part of a scene, in place."""
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    course = log_uniform(generator, 10.0, 25.0) * zoom
    bond = Bond(
        length=course * generator.uniform(2.0, 3.2),
        height=course,
        shift=0.5,
        joint=max(1.0, course * generator.uniform(0.05, 0.2)),
        wear=course * generator.uniform(0.005, 0.04),
    )
    red = generator.uniform(0.0, 0.35)
    colour = np.array([1 + red, 1 - 0.25 * red, 1 - 0.7 * red], np.float32)
    _pave(scene, generator, bond, generator.uniform(0.5, 1.3), generator.uniform(0.04, 0.15), colour)


def _pave(
    scene: Scene,
    generator: np.random.Generator,
    bond: Bond,
    joint_tone: float,
    spread: float,
    colour: Float32[np.ndarray, "3"],
) -> None:
    """Lay bricks or tiles on one side of a line of joints, or everywhere."""
    height, width = scene.shape[:2]
    across, along = line_coordinates(height, width, generator, turn=float(generator.choice((0.1, np.pi))))
    brick, value, shade = lay_bond(across, along, generator, bond, generator.uniform(0, 2 * np.pi))
    texture = brick_texture(height, width, generator, max(6.0, bond.height / 2))
    tone = np.float32(scene.mean() * generator.uniform(0.75, 1.3))
    face = 1 + np.float32(spread) * value + np.float32(generator.uniform(0.02, 0.1)) * texture
    mortar = np.float32(joint_tone) * (1 + np.float32(0.06) * texture)
    grey = tone * (brick * face + (1 - brick) * mortar + np.float32(0.3) * shade)
    inside = np.ones((height, width), np.float32)
    if generator.random() < 0.6:
        inside = smoothstep(across, -0.5 * bond.joint - 0.7, -0.5 * bond.joint + 0.7)
    for channel in range(3):
        tint = 1 + (np.float32(colour[channel]) - 1) * brick
        scene[..., channel] += inside * (grey * tint - scene[..., channel])


def drill_tie_holes(scene: Scene, generator: np.random.Generator) -> None:
    """Leave the round holes of formwork ties in a grid in place: open and dark, or plugged."""
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    radius = log_uniform(generator, 2.0, 6.0) * zoom
    spacing = radius * generator.uniform(10, 25)
    across, along = line_coordinates(height, width, generator, turn=0.05)
    middle = np.float32(spacing / 2)
    down, right = (np.mod(place + middle, np.float32(spacing)) - middle for place in (across, along))
    distance = np.hypot(down, right) / np.float32(radius)
    soft = 0.8 / radius
    hole = 1 - smoothstep(distance, 1 - soft, 1 + soft)
    depth = generator.uniform(0.1, 0.25) if generator.random() < 0.4 else generator.uniform(0.4, 0.75)
    light = generator.uniform(0, 2 * np.pi)
    facing = (right * np.float32(np.cos(light)) + down * np.float32(np.sin(light))) / np.float32(radius)
    wall = np.clip(facing, -1, 1) * np.float32(0.25) * np.clip(distance, 0, 1) ** 2
    rim = 1 - smoothstep(np.abs(distance - 1), 0.05, 0.05 + 2 * soft)
    scene *= (1 - hole * (np.float32(depth) - wall) - np.float32(0.15) * rim * (1 - hole))[..., None]


def mount_pipe(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
    """Mount a straight round pipe with clamps and a shadow onto a wall, in place."""
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    across, along = line_coordinates(height, width, generator, turn=0.04)
    half = log_uniform(generator, 3.0, 8.0) * zoom
    lit = float(generator.choice((-1, 1)))
    away, soft = half * generator.uniform(0.5, 1.5) * lit, 0.15 * half + 0.7
    shadow = 1 - smoothstep(np.abs(across - np.float32(away)), half - soft, half + soft)
    scene *= (1 - np.float32(generator.uniform(0.25, 0.55)) * shadow)[..., None]
    clamp = np.abs(np.mod(along, np.float32(30 * half)) - np.float32(15 * half)) < 0.7 * half
    thick = half * (1 + np.float32(0.12) * clamp)
    offset = np.clip(across / thick, -1, 1)
    bright = np.sqrt(np.clip(1 - (offset + np.float32(0.35 * lit)) ** 2, 0, 1))
    tone = generator.uniform(60, 200) * (1 - np.float32(0.25) * clamp) * (0.45 + 0.6 * bright)
    tone = tone * (1 + np.float32(0.04) * fractal_noise(height, width, generator, 20.0, octaves=4))
    pipe = np.clip(thick - np.abs(across) + np.float32(0.5), 0, 1)
    scene += pipe[..., None] * (tone[..., None] - scene)
    np.maximum(covered, pipe, out=covered)


def set_window(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
    """Set a corner of a window into a wall in place: a recess with a shadow, a frame, dark glass."""
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    across, along = line_coordinates(height, width, generator, turn=0.03)
    inside = np.minimum(across, along)
    recess, frame = (generator.uniform(3, 12) * zoom for _ in range(2))
    sill = np.float32(scene.mean()) * np.float32(generator.uniform(0.5, 1.1))
    wood = np.float32(generator.uniform(50, 235))
    reflection = fractal_noise(height, width, generator, 0.6 * max(height, width), octaves=3)
    glass = np.float32(generator.uniform(25, 90)) * (1 + np.float32(0.2) * reflection)
    for start, tone in ((0.0, sill), (recess, wood), (recess + frame, glass)):
        layer = smoothstep(inside - np.float32(start), -0.8, 0.8)
        scene += layer[..., None] * (np.broadcast_to(tone, (height, width))[..., None] - scene)
    edges = [1 - smoothstep(np.abs(inside - np.float32(at)), 0.3, 1.0 + 0.4 * zoom) for at in (0.0, recess)]
    edges.append(1 - smoothstep(np.abs(inside - np.float32(recess + frame)), 0.3, 1.0 + 0.8 * zoom))
    for edge in edges:
        scene *= (1 - np.float32(generator.uniform(0.2, 0.6)) * edge)[..., None]
    np.maximum(covered, smoothstep(inside, -0.8, 0.8), out=covered)
