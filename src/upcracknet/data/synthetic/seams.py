"""Long straight or smooth lines that belong to a road: joints, seams of patches, sealed cracks, kerbs."""

import numpy as np

from upcracknet.data.synthetic.lines import line_coordinates, wave
from upcracknet.data.synthetic.noise import (
    Plane,
    Scene,
    draw_zoom,
    fractal_noise,
    log_uniform,
    smooth_noise,
    smoothstep,
)


def lay_joint(scene: Scene, generator: np.random.Generator) -> None:
    """Cut a straight joint or saw cut of 2 to 30 pixels into a scene in place, sometimes two that cross.

    It is open, or filled with a sealant that is darker or paler than the road.
    """
    height, width = scene.shape[:2]
    across, along = line_coordinates(height, width, generator, turn=0.12)
    depth = generator.uniform(0.25, 0.8)
    half = log_uniform(generator, 1.0, float(np.clip(0.06 * min(height, width), 1.5, 15.0)))
    tooled = half * generator.uniform(3, 6) if generator.random() < 0.5 else 0.0
    sealed = half > 2 and generator.random() < 0.4
    sealant = scene.mean() * generator.uniform(0.3, 1.2)
    lit = float(generator.choice((-1, 1)))
    lines = [across] if generator.random() < 0.7 else [across, along]
    for line in lines:
        line = line + smooth_noise(height, width, generator, 12.0) * np.float32(0.2 + 0.03 * half)
        distance = np.abs(line)
        groove = 1 - smoothstep(distance, half - 0.7, half + 0.7)
        fill = 1 + np.float32(0.08) * fractal_noise(
            height, width, generator, 16.0, octaves=5, persistence=0.9
        )
        # The walls of a joint: one in the light, one in the shade, as soon as it is wide enough to show them.
        walls = np.clip(line / np.float32(half), -1, 1) ** 3 * np.float32(lit * min(0.3, 0.04 * half))
        if sealed:
            filled = np.float32(sealant) * fill * (1 + walls)
            scene += groove[..., None] * (filled[..., None] - scene)
        else:
            floor = np.float32(1 - depth) * np.clip(fill * (1 + walls), 0, 1.3)
            scene *= (1 - groove * (1 - floor))[..., None]
        if tooled:
            beside = (1 - smoothstep(distance, half + tooled - 1, half + tooled + 1)) * (1 - groove)
            scene *= (1 + np.float32(generator.uniform(-0.06, 0.1)) * beside)[..., None]


def lay_patch(scene: Scene, generator: np.random.Generator) -> None:
    """Give one side of one or two straight seams another tone, in place: a repair, or lanes laid apart."""
    height, width = scene.shape[:2]
    across, along = line_coordinates(height, width, generator, turn=0.3)
    edge = smooth_noise(height, width, generator, 5.0) * np.float32(generator.uniform(0.3, 1.5))
    inside = across + edge
    if generator.random() < 0.6:
        inside = np.minimum(inside, along + edge)
    new = smoothstep(inside, -1.0, 1.0)
    seam = 1 - smoothstep(np.abs(inside), 0.5, generator.uniform(1.5, 3.5))
    factor = (
        1 + np.float32(generator.uniform(-0.25, 0.15)) * new - np.float32(generator.uniform(0, 0.15)) * seam
    )
    scene *= factor[..., None]


def seal_crack(scene: Scene, covered: Plane, generator: np.random.Generator) -> None:
    """Seal a crack in place: a smooth dark band of bitumen of about constant width that wanders.

    The band is 4 to 60 pixels wide, has a soft gloss, hides the grain and mostly the crack.
    """
    height, width = scene.shape[:2]
    size = max(min(height, width), 8)
    half = log_uniform(generator, 2.0, float(np.clip(0.12 * size, 2.5, 30.0)))
    tone = float(scene.mean()) * generator.uniform(0.25, 0.7)
    gloss_share, kept = generator.uniform(0.0, 0.35), np.float32(generator.uniform(0.05, 0.3))
    texture = fractal_noise(height, width, generator, max(4.0, half), octaves=4, persistence=0.45)
    bands = int(generator.choice((1, 2, 3), p=(0.7, 0.2, 0.1)))
    for _ in range(bands):
        across, along = line_coordinates(height, width, generator)
        bent = wave(along, generator, bend=log_uniform(generator, 0.01, 0.08) * size, period=0.8 * size)
        bent += wave(along, generator, bend=0.3 * half, period=generator.uniform(12, 30) * half)
        ragged = smooth_noise(height, width, generator, max(3.0, half)) * np.float32(0.08 * half + 0.3)
        distance = np.abs(across - bent) + ragged
        soft = generator.uniform(0.5, 0.8) + 0.05 * half
        band = 1 - smoothstep(distance, half - soft, half + soft)
        swollen = np.clip(1 - (distance / np.float32(half)) ** 2, 0, 1)
        gloss = smoothstep(texture + swollen, 0.6, 2.2) * np.float32(gloss_share)
        bitumen = np.float32(tone) * (1 + np.float32(0.06) * texture) + gloss * np.float32(120)
        own = (scene - np.float32(scene.mean())) * kept
        scene += band[..., None] * (bitumen[..., None] + own - scene)
        np.maximum(covered, band, out=covered)


def lay_kerb(scene: Scene, generator: np.random.Generator) -> None:
    """Lay a kerb along a line in place: a gap, a face in another light, its top, and what lies behind it."""
    height, width = scene.shape[:2]
    zoom = draw_zoom(height, width, generator)
    across, along = line_coordinates(height, width, generator, turn=0.3)
    across += smooth_noise(height, width, generator, 30.0 * zoom) * np.float32(0.3 * zoom)
    tone = float(scene.mean())
    face, top = (generator.uniform(3, 14) * zoom for _ in range(2))
    gap = log_uniform(generator, 0.7, 2.5) * zoom
    grain = fractal_noise(height, width, generator, 8.0 * zoom, octaves=5, persistence=0.9)
    brightness = np.float32(min(215.0, tone * generator.uniform(0.8, 1.4)))
    stone = brightness * (1 + np.float32(generator.uniform(0.04, 0.12)) * grain)
    lit = generator.uniform(0.55, 1.15)  # the face stands upright: in the shade, or turned to the sun
    layers = (
        (0.0, np.full((height, width), lit, np.float32)),
        (face, np.full((height, width), 1.0, np.float32)),
        (face + top, np.full((height, width), generator.uniform(0.75, 1.15), np.float32)),
    )
    length = generator.uniform(40, 120) * zoom
    ends = np.abs(np.mod(along, np.float32(length)) - np.float32(length / 2))
    joints = 1 - smoothstep(ends, 0.3 * gap, 0.3 * gap + 1)
    for start, light in layers:
        cover = smoothstep(across - np.float32(start), -0.8, 0.8)
        painted = stone * light
        if start < face + top:
            painted = painted * (1 - np.float32(0.45) * joints)
        scene += cover[..., None] * (painted[..., None] - scene)
    for place, strength in ((0.0, generator.uniform(0.4, 0.8)), (face + top, generator.uniform(0.1, 0.6))):
        line = 1 - smoothstep(np.abs(across - np.float32(place)), 0.5 * gap - 0.5, 0.5 * gap + 0.8)
        scene *= (1 - np.float32(strength) * line)[..., None]
    edge = 1 - smoothstep(np.abs(across - np.float32(face)), 0.2, 1.0 + 0.6 * zoom)
    scene *= (1 + np.float32(generator.uniform(0, 0.2)) * edge)[..., None]
    if generator.random() < 0.5:  # its shadow falls on the road
        long = generator.uniform(4, 25) * zoom
        shadow = (1 - smoothstep(-across, long - zoom, long + zoom)) * (across < 0)
        scene *= (1 - np.float32(generator.uniform(0.2, 0.5)) * shadow)[..., None]
