"""What is wrong with one place of a synthetic road, at first and a year later."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from upcracknet.data.synthetic.cracks import CrackPath, Points, wander
from upcracknet.data.synthetic.noise import smooth_noise

Corners = Float64[np.ndarray, "_ 2"]
"""Places (x, y) in pixels, all the way round."""

DamageKind = Literal["longitudinal", "transverse", "alligator"]

_SHARES = {"none": 0.25, "longitudinal": 0.3, "transverse": 0.25, "alligator": 0.2}
_ROUGHNESS = 0.1
_UNEVEN = 0.04  # standard deviation of a crack's width along it, as a share of it
_TAPER = 15.0  # pixels over which an open end thins out
_FINE, _BROAD = (3.5, 4.1), (9.0, 13.0)  # widths in pixels at first
_WIDER_FINE, _WIDER_BROAD = 1.1, 1.25  # times as wide a year later
_GROWN = 1.7  # times as wide a year later, of those that change their severity
_CELL = 100.0  # pixels, sides of the pieces of an alligator network
_COLUMNS, _ROWS = 3, 3  # of its pieces at first; a year later it has one row more


@dataclass(frozen=True)
class Crack:
    """One line of a place's damage.

    Attributes:
        kind: what it is.
        line: n×2 places (x, y) in pixels of the place.
        widths_px: along the line, at first.
        open_share: share of the line that is open at first, from its beginning; 0 where it is not there yet.
        widening: times as wide a year later, when all of the line is open.
    """

    kind: DamageKind
    line: Points
    widths_px: Float64[np.ndarray, " n"]
    open_share: float
    widening: float

    def path(self, later: bool) -> CrackPath | None:
        """Give its middle line and edges, at first or a year later; None where it is not there."""
        count = len(self.line) if later else round(len(self.line) * self.open_share)
        if count < 2:
            return None
        half = self.widths_px[:count] * ((self.widening if later else 1.0) / 2)
        if count < len(self.line):
            half = half * np.clip(np.arange(count)[::-1] / _TAPER, 0.15, 1.0)
        return CrackPath(self.line[:count], half, half)


@dataclass(frozen=True)
class Damage:
    """All damage of a place.

    Attributes:
        cracks: its lines.
        network: corners n×2 (x, y) in pixels of the area of alligator cracking at first; None without.
        network_later: the same a year later.
    """

    cracks: tuple[Crack, ...] = ()
    network: Corners | None = None
    network_later: Corners | None = None


def draw_damage(height: int, width: int, generator: np.random.Generator) -> Damage:
    """Draw the damage of a place: none, one crack along or across the road, or alligator cracking.

    Some cracks grow to another severity within the year, all become a little wider, some longer, alligator
    cracking spreads; and half of the sound places get a crack.

    Args:
        height: of the place in pixels, along the road; 500 or more, so that alligator cracking fits in.
        width: of the place in pixels; 400 or more likewise.
        generator: source of randomness.
    """
    kind = str(generator.choice(list(_SHARES), p=list(_SHARES.values())))
    if kind == "alligator":
        return _alligator(height, width, generator)
    if kind == "none":
        return Damage(
            (_single("transverse", height, width, generator, 0.0),) if generator.random() < 0.5 else ()
        )
    open_share = 1.0 if generator.random() < 0.6 else 0.55
    single: DamageKind = "longitudinal" if kind == "longitudinal" else "transverse"
    return Damage((_single(single, height, width, generator, open_share),))


def _single(
    kind: DamageKind, height: int, width: int, generator: np.random.Generator, open_share: float
) -> Crack:
    """A crack from one edge to the other, within 10° of the road's direction or of the right angle to it."""
    fine = generator.random() < 0.6
    width_px = float(generator.uniform(*(_FINE if fine else _BROAD)))
    widening = _WIDER_FINE if fine else _WIDER_BROAD
    if fine and generator.random() < 0.4:
        widening = _GROWN
    across, along = (width, height) if kind == "longitudinal" else (height, width)
    first = generator.uniform(0.35, 0.65) * across
    ends = np.array([[first, -20.0], [first + generator.uniform(-0.12, 0.12) * along, along + 20.0]])
    if kind == "transverse":
        ends = ends[:, ::-1]
    line = wander(ends[0], ends[1], generator, _ROUGHNESS, width_px)
    return Crack(kind, line, _widths(line, width_px, generator), open_share, widening)


def _alligator(height: int, width: int, generator: np.random.Generator) -> Damage:
    """A shaken grid of closed pieces, near the middle."""
    rows = _ROWS + 1
    corner = np.array([width - _COLUMNS * _CELL, height - rows * _CELL]) / 2 + generator.uniform(-20, 20, 2)
    grid = np.stack(np.meshgrid(np.arange(_COLUMNS + 1), np.arange(rows + 1)), -1) * _CELL
    knots = corner + grid + generator.uniform(-15, 15, grid.shape)
    width_px = float(generator.uniform(*_FINE))
    cracks = []
    for row in range(rows + 1):
        for column in range(_COLUMNS + 1):
            neighbours = [(row, column + 1)] * (column < _COLUMNS) + [(row + 1, column)] * (row < rows)
            for to_row, to_column in neighbours:
                line = wander(knots[row, column], knots[to_row, to_column], generator, _ROUGHNESS, width_px)
                widths = _widths(line, width_px, generator)
                cracks.append(Crack("alligator", line, widths, float(to_row <= _ROWS), _WIDER_FINE))
    return Damage(tuple(cracks), _rim(knots[: _ROWS + 1]), _rim(knots))


def _widths(line: Points, width_px: float, generator: np.random.Generator) -> Float64[np.ndarray, " n"]:
    """A width that changes a little along a line."""
    uneven = smooth_noise(2, len(line), generator, 60.0)[0].astype(np.float64)
    return np.asarray(width_px * (1 + _UNEVEN * uneven))


def _rim(knots: np.ndarray) -> Corners:
    """The outer corners of a grid, all the way round."""
    return np.concatenate([knots[0], knots[1:, -1], knots[-1, -2::-1], knots[-2:0:-1, 0]])
