"""What the judge counts: painted cracks that are found, crack-free pixels that are marked, at any level."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import cv2
import numpy as np
from agreement import Agreement
from jaxtyping import Int64

from upcracknet.calibration.strata import JudgedPhoto, Stratum
from upcracknet.detection import CrackMap
from upcracknet.evaluation.metrics import ConfusionCounts, Scores, count

LEVELS = 200
"""Levels of the score that are compared where the model's own is not to count."""

CLEAN_SHARE = 0.001
"""Share of the pixels of crack-free photos that may be marked: what a model should keep to."""

LEAST_REACH = 16  # pixels beside a crack whose false alarms count against its stratum
LEAST_PIECE = 32  # pixels, side of the squares that cracks are cut into

ByScore = Int64[np.ndarray, " levels"]
"""Numbers of pixels, by their score from 0 to 1."""


@dataclass(frozen=True)
class PaintedResult:
    """What a detector finds of the cracks of one photo.

    Attributes:
        stratum: what the cracks are like.
        contrast: how they came out, in standard deviations of the road's grain.
        near: counts of the crack and what lies at most its widest width, or 16 pixels, beside it.
        whole: counts of the whole photo.
        pieces: squares of twice the widest width, or 32 pixels, that hold some of a crack.
        found: how many of these have at least half of their crack pixels marked.
        crack: number of crack pixels at each score, from 0 to 1.
        other: the same of the other pixels near the crack.
    """

    stratum: Stratum
    contrast: float
    near: ConfusionCounts
    whole: ConfusionCounts
    pieces: int
    found: int
    crack: ByScore
    other: ByScore


@dataclass
class Clean:
    """What is marked on photos without cracks; numbers of photos and pixels, and of pixels at each score."""

    photos: int = 0
    photos_marked: int = 0
    pixels: int = 0
    pixels_marked: int = 0
    scores: ByScore = field(default_factory=lambda: np.zeros(LEVELS, np.int64))

    def add(self, crack_map: CrackMap) -> None:
        self.photos += 1
        self.photos_marked += crack_map.crack_pixels > 0
        self.pixels += crack_map.mask.size
        self.pixels_marked += crack_map.crack_pixels
        self.scores += histogram(crack_map.score)


def histogram(scores: np.ndarray) -> ByScore:
    places = np.clip((scores.ravel() * LEVELS).astype(np.int64), 0, LEVELS - 1)
    return np.bincount(places, minlength=LEVELS)


def compare(painted: JudgedPhoto, crack_map: CrackMap) -> PaintedResult:
    """Count what a detector finds of painted cracks."""
    truth, mask, widest = painted.cracks, crack_map.mask, painted.stratum.widths[1]
    away = cv2.distanceTransform((~truth).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    judged = ~painted.unseen
    near = (away <= max(LEAST_REACH, widest)) & truth.any() & judged
    side = max(LEAST_PIECE, round(2 * widest))
    rows, columns = truth.nonzero()
    squares = rows // side * truth.shape[1] + columns // side
    pixels, marked = np.bincount(squares), np.bincount(squares, weights=mask[truth])
    pieces = pixels >= side / 2  # less of a crack is only the corner of a square
    return PaintedResult(
        painted.stratum,
        painted.contrast,
        near=count(mask & near, truth),
        whole=count(mask & judged, truth),
        pieces=int(pieces.sum()),
        found=int((marked[pieces] >= pixels[pieces] / 2).sum()),
        crack=histogram(crack_map.score[truth]),
        other=histogram(crack_map.score[near & ~truth]),
    )


def pooled_iou(results: Iterable[PaintedResult]) -> float:
    """Pool the pixels in and near the cracks."""
    return Scores.of(sum((result.near for result in results), ConfusionCounts())).iou


def pieces_found(results: Sequence[PaintedResult]) -> float:
    """Measure the share of the pieces of cracks that is found."""
    return sum(result.found for result in results) / max(sum(result.pieces for result in results), 1)


def recall(results: Sequence[PaintedResult]) -> float:
    """Pool the share of the crack pixels that is marked."""
    return Scores.of(sum((result.near for result in results), ConfusionCounts())).recall


def by_cell(results: Iterable[PaintedResult]) -> dict[tuple[float, float], list[PaintedResult]]:
    """Group results by the size of the photo in megapixels and the widest width in pixels."""
    cells: dict[tuple[float, float], list[PaintedResult]] = {}
    for result in results:
        cells.setdefault((result.stratum.megapixels, result.stratum.widths[1]), []).append(result)
    return cells


def mean_over_widths(
    results: Iterable[PaintedResult], measure: Callable[[Sequence[PaintedResult]], float | np.ndarray]
) -> float | np.ndarray:
    """Measure each size and width alone, average over sizes, then over widths: all widths weigh the same."""
    measured: dict[float, list[float | np.ndarray]] = {}
    for (_, widest), alike in by_cell(results).items():
        measured.setdefault(widest, []).append(measure(alike))
    return sum(sum(sizes) / len(sizes) for sizes in measured.values()) / len(measured)


def iou_at_levels(results: Iterable[PaintedResult]) -> np.ndarray:
    """Pool the IoU at each of ``LEVELS`` fixed levels, whatever the model's own threshold is."""
    crack, other = (sum(scores) for scores in zip(*((r.crack, r.other) for r in results), strict=True))
    right, wrong = above(crack), above(other)
    return right / np.maximum(right[0] + wrong, 1)


def above(scores: ByScore) -> ByScore:
    """Count the pixels at or above each level."""
    return scores[::-1].cumsum()[::-1]


def clean_level(clean: Iterable[Clean]) -> int:
    """Find the lowest level at which each kind of crack-free photo has at most 0.1 % of its pixels marked."""
    dirty = max((above(kind.scores) > CLEAN_SHARE * kind.pixels).sum() for kind in clean)
    return int(min(dirty, LEVELS - 1))


@dataclass
class Judgement:
    """All that is found of one model.

    Attributes:
        model: its name.
        sha256: checksum of its weights; None if it has none.
        threshold: how its scores become masks.
        engine: what runs its network.
        painted: results on each photo with painted cracks.
        clean: what is marked on crack-free photos, by their kind.
        things: for each picture with a thing, by its name, whether anything of it is marked.
        agreements: one for each change of a photo.
    """

    model: str
    sha256: str | None
    threshold: str
    engine: str
    painted: list[PaintedResult] = field(default_factory=list)
    clean: dict[str, Clean] = field(default_factory=dict)
    things: dict[str, list[bool]] = field(default_factory=dict)
    agreements: list[Agreement] = field(default_factory=list)

    def agreement(self, group: str) -> float:
        """Average the IoU over the changes of a group."""
        return fmean(one.iou for one in self.agreements if one.change.group == group)
