"""The shape of cracks: branching ones and networks, how wide they are, and which pixels they take."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from jaxtyping import Float64
from scipy.spatial import Voronoi

from upcracknet.data.synthetic.edges import NARROW, crumble
from upcracknet.data.synthetic.noise import Plane, log_uniform
from upcracknet.errors import ConfigurationError

Pattern = Literal["branching", "network"]
Point = Float64[np.ndarray, "2"]
Points = Float64[np.ndarray, "n 2"]
"""Places (x, y) in pixels."""

STEP = 1.0
"""Pixels between two points of the centre line of a narrow crack."""

STEPS_ACROSS = 12
"""Points of the centre line on as many pixels as the crack is wide, if that leaves more than ``STEP`` between
them: the edges of a wide crack change on the scale of its width."""

WIDEST_SHARE = 0.45
"""No crack is wider than this share of the picture's shorter side."""

SPREAD_OUT = 6
"""The blocks of a network are at least so many times as large as its narrowest crack is wide."""

_SUPERSAMPLING = 4
_BAND = 512  # rows drawn at once, so that a large photo needs little memory


@dataclass(frozen=True)
class CrackPath:
    """The centre line of one crack and its edges.

    Attributes:
        points: n×2 (x, y) in pixels.
        left: float64 n, distance of the left edge in pixels; 0 where the crack is closed.
        right: the same for the right edge.
    """

    points: Points
    left: Float64[np.ndarray, " n"]
    right: Float64[np.ndarray, " n"]

    @property
    def across(self) -> Points:
        """Directions at right angles to the line, to its left edge, as vectors of length 1."""
        along = np.gradient(self.points, axis=0)
        along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
        return np.stack([-along[:, 1], along[:, 0]], 1)


def draw_crack_mask(
    height: int,
    width: int,
    generator: np.random.Generator,
    *,
    widths: tuple[float, float] = (1.0, 15.0),
    usual: float | None = None,
    pattern: Pattern | None = None,
    paths: list[CrackPath] | None = None,
) -> Plane:
    """Draw one system of connected cracks.

    Args:
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness.
        widths: narrowest and widest crack in pixels.
        usual: usual width in pixels of the main crack; drawn between ``widths`` where not given. It is never
            more than 0.45 of the picture's shorter side.
        pattern: one crack with branches, or a network (alligator, map cracking); drawn where not given.
        paths: where given, the centre line of each strand is added to it.

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
        is_network = generator.random() < 0.15 and (usual or widths[0]) <= NARROW  # wide ones stand alone
        pattern = "network" if is_network else "branching"
    if usual is None:
        usual = _usual_width(height, width, generator, widths)
    usual = float(np.clip(min(usual, WIDEST_SHARE * min(height, width)), *widths))
    draw = _network if pattern == "network" else _branching
    drawn = draw(height, width, generator, widths, usual)
    if paths is not None:
        paths += drawn
    coverage = rasterise(drawn, height, width)
    return crumble(coverage, generator)


def _branching(
    height: int, width: int, generator: np.random.Generator, widths: tuple[float, float], usual: float
) -> list[CrackPath]:
    """A trunk through the picture, its branches, and sometimes a strand that leaves it and comes back."""
    roughness = log_uniform(generator, 0.08, 0.28)
    trunk = wander(*_crossing(height, width, generator), generator, roughness, usual)
    paths = [open_crack(trunk, usual, widths, generator, tapers=(0.2, 0.3))]
    for _ in range(generator.poisson(1.5)):
        paths += _branch(trunk, usual, widths, generator, roughness, generations=2)
    if generator.random() < 0.3:
        first = int(len(trunk) * generator.uniform(0.1, 0.6))
        last = int(first + len(trunk) * generator.uniform(0.15, 0.35))
        narrower = usual * generator.uniform(0.3, 0.8)
        strand = wander(trunk[first], trunk[last], generator, roughness * 1.5, narrower)
        paths.append(open_crack(strand, narrower, widths, generator, tapers=(0.1, 0.1)))
    return paths


def _branch(
    parent: Points,
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
    length = generator.uniform(0.15, 0.6) * len(parent) * _step(nominal)
    end = parent[at] + length * np.array([np.cos(heading), np.sin(heading)])
    narrower = nominal * generator.uniform(0.3, 0.75)
    path = wander(parent[at], end, generator, roughness, narrower)
    paths = [open_crack(path, narrower, widths, generator, tapers=(0.0, 0.6))]
    if generations > 1 and generator.random() < 0.4:
        paths += _branch(path, narrower, widths, generator, roughness, generations - 1)
    return paths


def _network(
    height: int, width: int, generator: np.random.Generator, widths: tuple[float, float], usual: float
) -> list[CrackPath]:
    """The perturbed edges of a stretched Voronoi diagram in a patch of the picture, some of them missing."""
    cell = float(np.clip(min(height, width) * log_uniform(generator, 0.1, 0.45), 12, 400))
    cell = max(cell, SPREAD_OUT * widths[0])
    stretch = cell * np.array([generator.uniform(1.0, 1.7), 1.0])[:: generator.choice((-1, 1))]
    rows, columns = int(height / stretch[1]) + 4, int(width / stretch[0]) + 4
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2) - 1.0
    cells = Voronoi((grid + generator.uniform(-0.55, 0.55, grid.shape)) * stretch)
    nominal = min(usual, max(widths[0], cell / 12))
    centre = generator.uniform(0.3, 0.7, 2) * (width, height)
    reach = generator.uniform(0.35, 0.9) * np.hypot(height, width)
    roughness = log_uniform(generator, 0.1, 0.3)
    missing = generator.uniform(0.02, 0.25)
    edges = []
    for first, last in cells.ridge_vertices:
        start, end = cells.vertices[first], cells.vertices[last]
        if np.any((np.maximum(start, end) < 0) | (np.minimum(start, end) > (width, height))):
            continue  # beyond the picture
        away = np.hypot(*((start + end) / 2 - centre)) / reach
        if first >= 0 and away < 1 and np.hypot(*(end - start)) > 3 and generator.random() > missing:
            edges.append((first, last, away))
    meeting = np.bincount([end for edge in edges for end in edge[:2]], minlength=len(cells.vertices))
    paths = []
    for first, last, away in edges:
        edge_width = nominal * generator.uniform(0.4, 1.3) * (1 - 0.6 * away)
        path = wander(cells.vertices[first], cells.vertices[last], generator, roughness, edge_width)
        tapers = (0.5 * (meeting[first] == 1), 0.5 * (meeting[last] == 1))
        paths.append(open_crack(path, edge_width, widths, generator, tapers))
    return paths


def _usual_width(
    height: int, width: int, generator: np.random.Generator, widths: tuple[float, float]
) -> float:
    """Narrow cracks are the more frequent ones, and none may fill a small picture."""
    widest = max(widths[0], min(widths[1], 0.2 * min(height, width)))
    return float(widths[0] * (widest / widths[0]) ** generator.beta(1.5, 1.3))


def _crossing(height: int, width: int, generator: np.random.Generator) -> tuple[Point, Point]:
    """The ends of a line through a point near the middle, at any angle, often beyond the border."""
    centre = generator.uniform(0.2, 0.8, 2) * (width, height)
    angle = generator.uniform(0, 2 * np.pi)
    direction = np.array([np.cos(angle), np.sin(angle)])
    before, behind = generator.uniform(0.25, 0.8, 2) * np.hypot(height, width)
    return centre - direction * before, centre + direction * behind


def _step(nominal: float) -> float:
    """Pixels between two points of the centre line of a crack of this width."""
    return max(STEP, nominal / STEPS_ACROSS)


def wander(
    start: Point, end: Point, generator: np.random.Generator, roughness: float, nominal: float = 1.0
) -> Points:
    """Draw a random walk tied to both its ends, with kinks from half its length down to a few pixels.

    It has about one point each ``STEP`` pixels. The line of a wide crack has fewer points, and no kinks that
    are shorter than half of its width ``nominal`` in pixels. Of ``roughness`` 0 it is straight, of 0.3 very
    crooked.
    """
    length = float(np.hypot(*(end - start)))
    count = max(4, int(length / _step(nominal)))
    share = np.linspace(0, 1, count)
    along = (end - start) / max(length, 1e-6)
    across = np.array([-along[1], along[0]])
    jagged = generator.uniform(0.6, 2.0)  # how broken the crack is at the size of the stones
    points = start + share[:, None] * (end - start)
    wavelength = length / 2
    while wavelength > max(2.0, nominal / 2):
        inner = np.sort(generator.uniform(0, 1, max(1, round(length / wavelength))))
        knots = np.concatenate([[0.0], inner, [1.0]])
        amplitude = roughness * wavelength**0.8 * (jagged if wavelength < 14 else 1.0)
        for direction, strength in ((along, 0.4), (across, 1.0)):
            values = generator.normal(0, amplitude * strength, len(knots))
            values[[0, -1]] = 0
            points += np.interp(share, knots, values)[:, None] * direction
        wavelength /= 2
    return np.asarray(points)


def open_crack(
    points: Points,
    nominal: float,
    widths: tuple[float, float],
    generator: np.random.Generator,
    tapers: tuple[float, float],
) -> CrackPath:
    """Give a centre line its width: slow and fast changes, two ragged edges, tapered ends, gaps.

    Args:
        points: the centre line.
        nominal: usual width in pixels.
        widths: narrowest and widest width in pixels; where it would be much narrower, the crack is closed.
        generator: source of randomness.
        tapers: shares of the length over which the crack thins out towards its two ends, in [0, 1].
    """
    count = len(points)
    share = np.linspace(0, 1, count)
    full = nominal * np.exp(_along(count, 70.0, generator) * 0.3)
    full *= np.clip(share / max(tapers[0], 1e-6), 0.1, 1)
    full *= np.clip((1 - share) / max(tapers[1], 1e-6), 0.1, 1)
    gap = _along(count, 20.0, generator) + generator.uniform(1.2, 3.5) + nominal / 6
    full *= np.clip(gap, 0, 1)
    uneven, ragged = generator.uniform(0.05, 0.4), generator.uniform(0.1, 0.4) * np.minimum(full, 3.0)
    sides = []
    for _ in range(2):
        side = full / 2 * np.exp(uneven * _along(count, 8.0, generator))
        sides.append(np.maximum(side + ragged * _along(count, 2.0, generator), 0))
    left, right = sides
    total = np.maximum(left + right, 1e-6)
    honoured = np.where(full > 0.15 * widths[0], np.clip(total, widths[0], widths[1]) / total, 0.0)
    return CrackPath(points, left * honoured, right * honoured)


def _along(count: int, cell: float, generator: np.random.Generator) -> Float64[np.ndarray, " n"]:
    """Noise along a path, one independent value each ``cell`` points."""
    knots = generator.standard_normal(max(2, round(count / cell) + 1))
    return np.asarray(np.interp(np.linspace(0, len(knots) - 1, count), np.arange(len(knots)), knots))


def rasterise(paths: list[CrackPath], height: int, width: int) -> Plane:
    """Give the share of each pixel that is crack, in [0, 1]; cracks may lie beyond the picture.

    They are drawn four times too large, band by band, and averaged down.
    """
    quads = np.concatenate([np.zeros((0, 4, 2)), *(_quads(path) for path in paths)])
    coverage = np.zeros((height, width), np.float32)
    for top in range(0, height, _BAND):
        rows = min(_BAND, height - top)
        inside = (quads[:, :, 1].max(1) > top - 1) & (quads[:, :, 1].min(1) < top + rows + 1)
        if not inside.any():
            continue
        canvas = np.zeros((rows * _SUPERSAMPLING, width * _SUPERSAMPLING), np.uint8)
        scaled = (quads[inside] - (0, top) + 0.5) * _SUPERSAMPLING - 0.5
        for quad in np.round(scaled * 16).astype(np.int32):
            cv2.fillConvexPoly(canvas, quad, 255, shift=4)
        small = cv2.resize(canvas, (width, rows), interpolation=cv2.INTER_AREA)
        coverage[top : top + rows] = small * np.float32(1 / 255)
    return coverage


def _quads(path: CrackPath) -> Float64[np.ndarray, "m 4 2"]:
    """One quadrilateral between each two neighbouring points; none where the crack is closed."""
    across = path.across
    left = path.points + across * path.left[:, None]
    right = path.points - across * path.right[:, None]
    quads = np.stack([left[:-1], left[1:], right[1:], right[:-1]], 1)
    is_open = path.left + path.right > 0
    return np.asarray(quads[is_open[:-1] & is_open[1:]])
