"""Compare measured cracks with the axes that were drawn, piece by piece."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from upcracknet.measure import Crack

PIECE = 50.0
PIECE_TO_WIDTH = 4.0
"""Drawn axes are cut into pieces of about 50 pixels, or of so many times the crack's width."""

SHARED = 0.5
"""A piece is left out, with all that is measured near it, if more than this share of it touches another
strand: two strands side by side are one crack."""

SHORTEST = 15.0
"""Shorter pieces, in pixels, count for the length alone."""

NEAREST = 2.0
"""A measured place belongs to the drawn axis that is nearest to it if that is not farther away than the crack
is wide there, or than 2 pixels."""

FOUND = 0.5
"""Share of a piece that must be measured for the piece to be found."""


@dataclass(frozen=True)
class Piece:
    """A piece of a drawn axis, and what was measured of it; widths and lengths in pixels.

    Attributes:
        width: median of the drawn width.
        length: drawn length.
        contrast: how much darker than the road it is, in standard deviations of the road's grain.
        found: share of its places that a measured axis is near.
        found_width: median of the measured width; not a number where nothing was measured.
        found_length: length of the measured axes near it.
        turn: angle between both, in degrees.
    """

    width: float
    length: float
    contrast: float
    found: float
    found_width: float
    found_length: float
    turn: float

    @property
    def is_found(self) -> bool:
        return self.found >= FOUND and bool(np.isfinite(self.found_width))

    @property
    def error(self) -> float:
        return self.found_width - self.width


@dataclass(frozen=True)
class Comparison:
    """The pieces of one photo, and the length in pixels that was measured where nothing was drawn."""

    pieces: list[Piece]
    beside: float


def compare(
    axes: Sequence[np.ndarray], contrasts: Sequence[np.ndarray], cracks: Sequence[Crack]
) -> Comparison:
    """Match measured cracks with drawn axes.

    Args:
        axes: drawn, n×3 each: x, y and width.
        contrasts: of each place of each axis.
        cracks: as measured.
    """
    truth, piece = np.concatenate([np.zeros((0, 3)), *axes]), _numbers(axes)
    middles, steps, widths = _segments(cracks)
    lengths = np.hypot(*steps.T)
    if not len(truth):
        return Comparison([], float(lengths.sum()))
    contrast, shared = np.concatenate(contrasts), _touches_another(axes)
    limit = np.maximum(truth[:, 2], NEAREST)
    distance, nearest = (
        KDTree(truth[:, :2]).query(middles) if len(middles) else (np.zeros(0), np.zeros(0, int))
    )
    matched = distance <= limit[nearest]
    owner = piece[nearest]
    reached = np.zeros(len(truth), bool)
    if matched.any():
        reached = KDTree(middles[matched]).query(truth[:, :2])[0] <= limit
    pieces = []
    for index in range(piece[-1] + 1):
        own, near = piece == index, matched & (owner == index)
        if shared[own].mean() > SHARED:
            continue
        drawn = np.diff(truth[own, :2], axis=0)
        pieces.append(
            Piece(
                float(np.median(truth[own, 2])), float(np.hypot(*drawn.T).sum()),
                float(np.median(contrast[own])), float(reached[own].mean()),
                float(np.median(widths[near])) if near.any() else np.nan, float(lengths[near].sum()),
                _turn(drawn, steps[near]),
            )
        )  # fmt: skip
    return Comparison(pieces, float(lengths[~matched].sum()))


def _numbers(axes: Sequence[np.ndarray]) -> np.ndarray:
    """The number of the piece that each place of the axes belongs to."""
    number, count = [np.zeros(0, int)], 0
    for axis in axes:
        parts = max(1, round(len(axis) / max(PIECE, PIECE_TO_WIDTH * float(np.median(axis[:, 2])))))
        number.append(count + np.arange(len(axis)) * parts // len(axis))
        count += parts
    return np.concatenate(number)


def _touches_another(axes: Sequence[np.ndarray]) -> np.ndarray:
    """Whether the crack touches another strand, at each place of the axes."""
    touches = [np.zeros(0, bool)]
    for index, axis in enumerate(axes):
        others = np.concatenate([np.zeros((0, 3)), *axes[:index], *axes[index + 1 :]])
        if not len(others):
            touches.append(np.zeros(len(axis), bool))
            continue
        distance, nearest = KDTree(others[:, :2]).query(axis[:, :2])
        touches.append(distance < (axis[:, 2] + others[nearest, 2]) / 2)
    return np.concatenate(touches)


def _segments(cracks: Sequence[Crack]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middles, steps and widths between neighbouring points of all measured axes."""
    lines = [
        (axis, width)
        for crack in cracks
        for axis, width in zip(crack.axis, crack.width_along_px, strict=True)
    ]
    middles = [(axis[1:] + axis[:-1]) / 2 for axis, _ in lines]
    steps = [np.diff(axis, axis=0) for axis, _ in lines]
    widths = [(width[1:] + width[:-1]) / 2 for _, width in lines]
    nothing = np.zeros((0, 2))
    return (
        np.concatenate([nothing, *middles]),
        np.concatenate([nothing, *steps]),
        np.concatenate([nothing[:, 0], *widths]),
    )


def _turn(drawn: np.ndarray, measured: np.ndarray) -> float:
    """Angle in degrees between the mean directions of two sets of steps, which have no heading."""
    first, second = (_double(steps) for steps in (drawn, measured))
    return abs(float(np.angle(first * np.conj(second), deg=True))) / 2


def _double(steps: np.ndarray) -> complex:
    """The mean direction, at twice its angle: a line and its reverse are the same."""
    across = steps[:, 0] + 1j * steps[:, 1]
    return complex((across**2 / np.maximum(np.abs(across), 1e-9)).sum())
