"""What became of the cracks of one photo in a later photo of the same place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64
from scipy.spatial import cKDTree

from upcracknet.survey.registering import Points, Registration, zooms

NEAR_PX = 5.0
"""Two axes no farther apart are those of one crack, in pixels as the photos were compared; or half of both
widths, where they are wider: a crack may grow to one side."""


@dataclass(frozen=True)
class CrackChange:
    """The cracks of two photos where both show the road; joints are left out.

    Lengths and widths of both are in pixels of the new photo, so that an error of a scale makes no growth.

    Attributes:
        kept_px: length of the new cracks that the old photo has too.
        new_px: length of those that it has not.
        gone_px: length of the old cracks that the new photo has not: repaired, or missed.
        old_width_px: mean width that the kept cracks had; None where there are none, or no widths.
        new_width_px: the mean width that they have.
    """

    kept_px: float
    new_px: float
    gone_px: float
    old_width_px: float | None
    new_width_px: float | None


@dataclass(frozen=True)
class Pieces:
    """Short pieces of the axes of cracks.

    Attributes:
        middles: n×2 places (x, y) in pixels.
        lengths: in pixels.
        widths: in pixels; NaN where a crack's width is not known.
    """

    middles: Points
    lengths: Float64[np.ndarray, " n"]
    widths: Float64[np.ndarray, " n"]

    @classmethod
    def of(cls, cracks: Iterable[Mapping[str, Any]]) -> "Pieces":
        """Cut the axes of cracks at their places.

        Args:
            cracks: objects of a file of cracks (docs/results-folder.md).
        """
        parts = [np.zeros((0, 4))]
        for crack in cracks:
            if crack["kind"] == "joint":
                continue
            for axis, widths in zip(crack["axis"], crack["width_along_px"], strict=True):
                places, across = np.array(axis, np.float64), np.array(widths, np.float64)
                if len(places) < 2:
                    continue
                lengths = np.hypot(*np.diff(places, axis=0).T)
                middles = (places[1:] + places[:-1]) / 2
                parts.append(np.column_stack([middles, lengths, (across[1:] + across[:-1]) / 2]))
        rows = np.concatenate(parts)
        return cls(rows[:, :2], rows[:, 2], rows[:, 3])

    def only(self, kept: Bool[np.ndarray, " n"]) -> "Pieces":
        """Give some of them."""
        return Pieces(self.middles[kept], self.lengths[kept], self.widths[kept])

    def seen_in(self, registration: Registration) -> "Pieces":
        """Give pieces of the old photo as they lie in the new one."""
        grown = zooms(registration.matrix, self.middles)
        return Pieces(registration.to_new(self.middles), self.lengths * grown, self.widths * grown)


@dataclass(frozen=True)
class SortedPieces:
    """The axes of both photos' cracks where both show the road, in pixels of the new photo.

    Attributes:
        kept: of new cracks that the old photo has too.
        new: of those that it has not.
        gone: of old cracks that the new photo has not.
        old_widths: the width that the old crack has at each kept piece.
    """

    kept: Pieces
    new: Pieces
    gone: Pieces
    old_widths: Float64[np.ndarray, " n"]


def sort_pieces(old: Mapping[str, Any], new: Mapping[str, Any], registration: Registration) -> SortedPieces:
    """Tell what is kept, new and gone of the cracks of two photos.

    Args:
        old: content of the old photo's file of cracks.
        new: that of the new one's.
        registration: how the old photo lies on the new one.
    """
    before = Pieces.of(old["cracks"]).seen_in(registration)
    before = before.only(_within(before.middles, new))
    after = Pieces.of(new["cracks"])
    after = after.only(_within(registration.to_old(after.middles), old))
    near = NEAR_PX * registration.pixel
    kept, partner = _partners(after, before, near)
    still_there, _ = _partners(before, after, near)
    return SortedPieces(
        after.only(kept), after.only(~kept), before.only(~still_there), before.widths[partner[kept]]
    )


def crack_change(old: Mapping[str, Any], new: Mapping[str, Any], registration: Registration) -> CrackChange:
    """Compare the cracks of two photos; arguments as those of :func:`sort_pieces`."""
    pieces = sort_pieces(old, new, registration)
    both = np.isfinite(pieces.kept.widths) & np.isfinite(pieces.old_widths)
    lengths = pieces.kept.lengths[both]
    return CrackChange(
        kept_px=float(pieces.kept.lengths.sum()),
        new_px=float(pieces.new.lengths.sum()),
        gone_px=float(pieces.gone.lengths.sum()),
        old_width_px=_mean(pieces.old_widths[both], lengths),
        new_width_px=_mean(pieces.kept.widths[both], lengths),
    )


def _within(places: Points, photo: Mapping[str, Any]) -> Bool[np.ndarray, " n"]:
    """Which places lie in a photo."""
    size = (float(photo["width"]), float(photo["height"]))
    return np.asarray(((places >= -0.5) & (places <= np.subtract(size, 0.5))).all(axis=1))


def _partners(pieces: Pieces, others: Pieces, near: float) -> tuple[Bool[np.ndarray, " n"], np.ndarray]:
    """Which pieces have another one near, and which one."""
    if not len(pieces.middles) or not len(others.middles):
        return np.zeros(len(pieces.middles), bool), np.zeros(len(pieces.middles), np.int64)
    distances, nearest = cKDTree(others.middles).query(pieces.middles)
    both_wide = np.nan_to_num(pieces.widths) + np.nan_to_num(others.widths[nearest])
    return distances <= np.maximum(near, both_wide / 2), nearest


def _mean(values: Float64[np.ndarray, " n"], weights: Float64[np.ndarray, " n"]) -> float | None:
    return float(np.average(values, weights=weights)) if weights.sum() else None
