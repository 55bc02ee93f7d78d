"""Bricks, tiles and the joints between them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from upcracknet.data.synthetic.noise import Plane, fractal_noise, slope, smooth_noise, smoothstep


@dataclass(frozen=True)
class Bond:
    """How bricks or tiles are laid.

    Attributes:
        length: from joint to joint along a row, in pixels.
        height: from row to row, in pixels.
        shift: share of the length by which each row is moved on: 0 for a grid.
        joint: width of a joint in pixels.
        wear: how ragged the edges are, in pixels.
    """

    length: float
    height: float
    shift: float
    joint: float
    wear: float


def lay_bond(
    across: Plane, along: Plane, generator: np.random.Generator, bond: Bond, light: float
) -> tuple[Plane, Plane, Plane]:
    """Lay bricks or tiles in rows along a line.

    Args:
        across: float32 H×W, signed distance from the line in pixels.
        along: float32 H×W, position along it in pixels.
        generator: source of randomness.
        bond: the pattern.
        light: direction that the light comes from, as in ``slope``.

    Returns:
        how much of each pixel is brick and not joint, in [0, 1]; one standard normal value a brick; light and
        shade of the edges, about -0.5 to 0.5.
    """
    height, width = across.shape
    row = np.floor(across / np.float32(bond.height))
    inside_row = across - row * np.float32(bond.height)
    moved = along + row * np.float32(bond.shift * bond.length)
    column = np.floor(moved / np.float32(bond.length))
    inside = moved - column * np.float32(bond.length)
    edge = _distance_to_end(inside_row, bond.height)
    np.minimum(edge, _distance_to_end(inside, bond.length), out=edge)
    ragged = smooth_noise(height, width, generator, max(2.0, bond.height / 8)) * np.float32(bond.wear)
    half = bond.joint / 2
    brick = smoothstep(edge + ragged, half - 0.7, half + 0.7 + 0.1 * bond.joint)
    values = generator.standard_normal(997).astype(np.float32)
    number = (row * 31 + column).astype(np.int32) % 997
    return brick, values[number], slope(brick, light)


def _distance_to_end(place: Plane, length: float) -> Float32[np.ndarray, "h w"]:
    return np.asarray(np.minimum(place, np.float32(length) - place))


def brick_texture(height: int, width: int, generator: np.random.Generator, scale: float) -> Plane:
    """Draw the grain of fired clay or worn mortar, of a standard deviation of about 1."""
    grain = fractal_noise(height, width, generator, scale, octaves=6, persistence=0.9)
    return np.asarray((grain - grain.mean()) / (grain.std() + np.float32(1e-6)))
