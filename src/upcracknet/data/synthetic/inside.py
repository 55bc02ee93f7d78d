"""What is seen in a wide crack: dark walls and a lit one, stones, sand, and earth that fills it in places."""

from dataclasses import dataclass

import cv2
import numpy as np

from upcracknet.data.synthetic.edges import NARROW, half_widths, inner_distance, wideness
from upcracknet.data.synthetic.noise import Plane, fractal_noise, log_uniform, slope, smooth_noise, smoothstep


@dataclass(frozen=True)
class WideShape:
    """Where cracks are wide, and how far from their edges.

    Attributes:
        distance: float32 H×W, pixels from the crack's edge; 0 outside.
        halves: float32 H×W, half of the crack's width nearby in pixels.
        wideness: float32 H×W, 0 where cracks are narrow, 1 where they are wide.
    """

    distance: Plane
    halves: Plane
    wideness: Plane

    @property
    def width(self) -> float:
        """Width in pixels where the cracks are widest."""
        return 2 * float(self.distance.max())


@dataclass(frozen=True)
class Inside:
    """The looks of wide cracks.

    Attributes:
        shape: where they are.
        brightness: float32 H×W, as a share of the road's tone around the crack.
        kept: how much of the road's own texture is seen in them.
        scale: pixels over which the road's tone around them is taken.
    """

    shape: WideShape
    brightness: Plane
    kept: Plane
    scale: float


def wide_shape(coverage: Plane) -> WideShape | None:
    """Measure cracks by the share of each pixel that they cover; None where none of them is wide."""
    distance = inner_distance(coverage)
    if 2 * distance.max() <= NARROW:
        return None
    halves = half_widths(distance)
    return WideShape(distance, halves, wideness(halves))


def fill_wide_crack(shape: WideShape, depth: Plane, generator: np.random.Generator) -> Inside:
    """Draw what is seen in wide cracks.

    Args:
        shape: where they are.
        depth: float32 H×W in [0, 1], the share of the road's brightness that narrow cracks would lose there.
        generator: source of randomness.

    Returns:
        their brightness and what they keep of the road's texture.
    """
    height, width = depth.shape
    inner = np.minimum(shape.distance / np.maximum(shape.halves, 1), 1)
    # The share of half a width on which the wall falls to the bottom: a narrow wall is a U, a broad one a V.
    wall = generator.uniform(0.15, 1.0)
    profile = np.float32(0.55) + np.float32(0.45) * smoothstep(inner, 0.0, wall)
    light = generator.uniform(0, 2 * np.pi)
    facing = np.clip(slope(cv2.GaussianBlur(shape.distance, (0, 0), 1.0 + shape.width / 40), light), -1, 1)
    near_wall = 1 - smoothstep(inner, 0.3 * wall, wall + 0.3)
    profile -= np.float32(generator.uniform(0.0, 0.5)) * np.maximum(facing, 0) * near_wall  # lit
    profile += np.float32(generator.uniform(0.0, 0.6)) * np.maximum(-facing, 0) * near_wall  # in shadow
    profile = np.maximum(profile, np.float32(0.4))  # a wall as bright as the road would be no crack to anybody
    lost = np.clip(depth * profile * np.float32(1.15), 0, max(0.95, float(depth.max())))
    rubble = _rubble(height, width, shape.width, light, generator) * np.float32(log_uniform(generator, 0.1, 0.5))
    brightness = (1 - lost) * (1 + rubble)
    kept = (1 - lost) * np.float32(generator.uniform(0.3, 1.0))
    if generator.random() < 0.35:  # partly filled, with earth and sand as bright as the road in places
        start = generator.uniform(0.2, 1.2)
        places = fractal_noise(height, width, generator, 1.5 * shape.width, octaves=5, persistence=0.6)
        earth = smoothstep(places, start, start + log_uniform(generator, 0.1, 0.8)) * smoothstep(inner, 0.0, 0.5)
        tone = np.float32(generator.uniform(0.55, 1.1)) * (1 + np.float32(0.5) * rubble)
        brightness += earth * (tone - brightness)
        kept += earth * (np.float32(generator.uniform(0.4, 1.0)) - kept)
    return Inside(shape, np.clip(brightness, 0.03, 1.15), kept, max(8.0, shape.width / 2))


def _rubble(height: int, width: int, crack: float, light: float, generator: np.random.Generator) -> Plane:
    """Stones and sand of several sizes under slanting light, of a standard deviation about 1."""
    coarse = smooth_noise(height, width, generator, max(2.0, crack * log_uniform(generator, 0.05, 0.25)))
    stones = np.maximum(coarse, 0) + slope(np.maximum(coarse, 0), light) * np.float32(2)
    fine = cv2.GaussianBlur(generator.standard_normal((height, width), dtype=np.float32), (0, 0), 1.0)
    grain = smooth_noise(height, width, generator, generator.uniform(2.0, 4.0)) + fine * np.float32(2)
    return np.asarray(stones + grain * np.float32(generator.uniform(0.2, 0.8)))
