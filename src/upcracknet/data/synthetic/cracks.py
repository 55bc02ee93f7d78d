"""Systems of cracks: branching ones and networks."""

from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64
from scipy.spatial import Voronoi

from upcracknet.data.synthetic.noise import log_uniform
from upcracknet.data.synthetic.paths import STEP, CrackPath, open_crack, rasterise, wander
from upcracknet.errors import ConfigurationError

Pattern = Literal["branching", "network"]


def draw_crack_mask(
    height: int,
    width: int,
    generator: np.random.Generator,
    *,
    widths: tuple[float, float] = (1.0, 15.0),
    pattern: Pattern | None = None,
) -> Float32[np.ndarray, "h w"]:
    """Draw one system of connected cracks.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness.
        widths: narrowest and widest crack in pixels; the system's own width is drawn between them.
        pattern: one crack with branches, or a network (alligator, map cracking); drawn where not given.

    Returns:
        float32 H×W, the share of each pixel that is crack, in [0, 1].

    Raises:
        ConfigurationError: ``widths`` is not 0 < narrowest <= widest.
    """
    if not 0 < widths[0] <= widths[1]:
        raise ConfigurationError(
            f"widths are {widths}; expected 0 < narrowest <= widest, in pixels: change them"
        )
    if pattern is None:
        pattern = "network" if generator.random() < 0.2 else "branching"
    draw = _network if pattern == "network" else _branching
    return rasterise(draw(height, width, generator, widths), height, width)


def _branching(
    height: int, width: int, generator: np.random.Generator, widths: tuple[float, float]
) -> list[CrackPath]:
    """A trunk through the picture, its branches, and sometimes a strand that leaves it and comes back."""
    nominal = _nominal_width(height, width, generator, widths)
    roughness = log_uniform(generator, 0.08, 0.28)
    trunk = wander(*_crossing(height, width, generator), generator, roughness)
    paths = [open_crack(trunk, nominal, widths, generator, tapers=(0.2, 0.3))]
    for _ in range(generator.poisson(1.5)):
        paths += _branch(trunk, nominal, widths, generator, roughness, generations=2)
    if generator.random() < 0.3:
        first = int(len(trunk) * generator.uniform(0.1, 0.6))
        last = int(first + len(trunk) * generator.uniform(0.15, 0.35))
        strand = wander(trunk[first], trunk[last], generator, roughness * 1.5)
        paths.append(
            open_crack(strand, nominal * generator.uniform(0.3, 0.8), widths, generator, tapers=(0.1, 0.1))
        )
    return paths


def _branch(
    parent: Float64[np.ndarray, "n 2"],
    nominal: float,
    widths: tuple[float, float],
    generator: np.random.Generator,
    roughness: float,
    generations: int,
) -> list[CrackPath]:
    """A thinner crack that leaves its parent at an angle, sometimes with branches of its own."""
    at = int(generator.integers(0, len(parent)))
    ahead = parent[min(at + 12, len(parent) - 1)] - parent[max(at - 12, 0)]
    heading = np.arctan2(ahead[1], ahead[0]) + generator.choice((-1, 1)) * generator.uniform(0.35, 1.4)
    length = generator.uniform(0.15, 0.6) * len(parent) * STEP
    end = parent[at] + length * np.array([np.cos(heading), np.sin(heading)])
    path = wander(parent[at], end, generator, roughness)
    narrower = nominal * generator.uniform(0.3, 0.75)
    paths = [open_crack(path, narrower, widths, generator, tapers=(0.0, 0.6))]
    if generations > 1 and generator.random() < 0.4:
        paths += _branch(path, narrower, widths, generator, roughness, generations - 1)
    return paths


def _network(
    height: int, width: int, generator: np.random.Generator, widths: tuple[float, float]
) -> list[CrackPath]:
    """The perturbed edges of a stretched Voronoi diagram in a patch of the picture, some of them missing."""
    cell = float(np.clip(min(height, width) * log_uniform(generator, 0.08, 0.4), 12, 400))
    stretch = cell * np.array([generator.uniform(1.0, 1.7), 1.0])[:: generator.choice((-1, 1))]
    rows, columns = int(height / stretch[1]) + 4, int(width / stretch[0]) + 4
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) - 1.0
    cells = Voronoi((grid + generator.uniform(-0.55, 0.55, grid.shape)) * stretch)
    nominal = min(_nominal_width(height, width, generator, widths), max(widths[0], cell / 12))
    centre = generator.uniform(0.3, 0.7, 2) * (width, height)
    reach = generator.uniform(0.35, 0.9) * np.hypot(height, width)
    roughness = log_uniform(generator, 0.1, 0.3)
    missing = generator.uniform(0.02, 0.25)
    edges = []
    for first, last in cells.ridge_vertices:
        start, end = cells.vertices[first], cells.vertices[last]
        away = np.hypot(*((start + end) / 2 - centre)) / reach
        if first >= 0 and away < 1 and np.hypot(*(end - start)) > 3 and generator.random() > missing:
            edges.append((first, last, away))
    meeting = np.bincount([end for edge in edges for end in edge[:2]], minlength=len(cells.vertices))
    paths = []
    for first, last, away in edges:
        edge_width = nominal * generator.uniform(0.4, 1.3) * (1 - 0.6 * away)
        path = wander(cells.vertices[first], cells.vertices[last], generator, roughness)
        tapers = (0.5 * (meeting[first] == 1), 0.5 * (meeting[last] == 1))
        paths.append(open_crack(path, edge_width, widths, generator, tapers))
    return paths


def _nominal_width(
    height: int, width: int, generator: np.random.Generator, widths: tuple[float, float]
) -> float:
    """Narrow cracks are the more frequent ones, and none may fill a small picture."""
    widest = max(widths[0], min(widths[1], 0.2 * min(height, width)))
    return float(widths[0] * (widest / widths[0]) ** generator.beta(1.5, 1.3))


def _crossing(
    height: int, width: int, generator: np.random.Generator
) -> tuple[Float64[np.ndarray, "2"], Float64[np.ndarray, "2"]]:
    """The ends of a line through a point near the middle, at any angle, often beyond the border."""
    centre = generator.uniform(0.2, 0.8, 2) * (width, height)
    angle = generator.uniform(0, 2 * np.pi)
    direction = np.array([np.cos(angle), np.sin(angle)])
    before, behind = generator.uniform(0.25, 0.8, 2) * np.hypot(height, width)
    return centre - direction * before, centre + direction * behind
