"""Chooses how a crack remover detects, without labels: on painted cracks, and on roads that have none."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from upcracknet.data.painted import PaintedPatches
from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackRemoverScorer, CrackRemoverSettings
from upcracknet.evaluation.confusion import ConfusionCounts
from upcracknet.evaluation.metrics import Scores
from upcracknet.networks import CrackRemover

SCALES: tuple[tuple[float, ...], ...] = (
    (1.0,),
    (0.5, 1.0),
    (1.0, 2.0),
    (0.25, 0.5, 1.0),
    (0.5, 1.0, 2.0),
    (0.25, 0.5, 1.0, 2.0),
)
LEVELS = tuple(round(0.1 + 0.05 * step, 2) for step in range(15))
SEED_LEVELS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95)
MINIMUM_EXTENTS = (0, 8, 16, 24)

FALSE_ALARM_SHARE = 0.001
"""Share of pixels of crack-free roads that may be called crack: half of what the package promises, as roads
that had no part in the choice come out less clean."""

Road = tuple[UInt8[np.ndarray, "_h _w 3"], Bool[np.ndarray, "_h _w"]]


@dataclass(frozen=True)
class Comparison:
    """How well some settings find painted cracks, and what they find where there are none.

    Attributes:
        settings: what was tried.
        painted: pooled scores on each kind of road with painted cracks.
        false_alarms: share of the pixels of crack-free photos that were called crack.
        false_alarms_synthetic: the same on synthetic roads with shadows, stains, joints and paint.
    """

    settings: CrackRemoverSettings
    painted: dict[str, Scores]
    false_alarms: float
    false_alarms_synthetic: float

    @property
    def iou(self) -> float:
        """Mean IoU of the kinds of road: pooled together, wide cracks would outweigh all fine ones."""
        return sum(scores.iou for scores in self.painted.values()) / len(self.painted)

    @property
    def worst(self) -> float:
        """The larger share of false alarms."""
        return max(self.false_alarms, self.false_alarms_synthetic)

    @property
    def clean(self) -> bool:
        """Whether crack-free roads come out clean enough."""
        return self.worst <= FALSE_ALARM_SHARE


def painted_roads(patches: PaintedPatches) -> list[Road]:
    """All patches with what is seen of their cracks."""
    return [
        (_to_photo(patch.photo), patch.crack.numpy() > 0.5)
        for patch in (patches[i] for i in range(len(patches)))
    ]


def clean_roads(patches: UndamagedPatches) -> list[Road]:
    """All undamaged patches, without cracks."""
    return [_without_cracks(_to_photo(patches[index])) for index in range(len(patches))]


def distracting_roads(number: int, first_seed: int = 5000) -> list[Road]:
    """Synthetic roads of 256×384 pixels with distractors and without cracks."""
    return [
        _without_cracks(synthesize_road(seed, 256, 384, cracks=False).undamaged)
        for seed in range(first_seed, first_seed + number)
    ]


def compare_crack_remover(
    network: CrackRemover,
    painted: Mapping[str, Sequence[Road]],
    clean: Sequence[Road],
    synthetic: Sequence[Road],
    *,
    scales: Iterable[tuple[float, ...]] = SCALES,
    progress: Callable[[], None] = lambda: None,
) -> list[Comparison]:
    """Measure each choice of scales with each level, seed level and minimum extent.

    Args:
        network: a trained network.
        painted: kinds of road with painted cracks, each of :func:`painted_roads`.
        clean: roads of :func:`clean_roads`.
        synthetic: roads of :func:`distracting_roads`.
        scales: the choices of scales.
        progress: called after each choice of scales.

    Returns:
        The comparisons, best first: those that keep crack-free roads clean, by :attr:`Comparison.iou`;
        then the others, by how clean they leave them.
    """
    scales = tuple(scales)
    scorer = CrackRemoverScorer(network, CrackRemoverSettings())
    every = sorted({scale for chosen in scales for scale in chosen})
    kinds = (*painted.values(), clean, synthetic)
    logits = [[_logits(scorer, photo, every) for photo, _ in roads] for roads in kinds]
    comparisons = []
    for chosen in scales:
        settings = CrackRemoverSettings(scales=chosen)
        scores = [
            [torch.stack([at[scale] for scale in chosen]).mean(dim=0).sigmoid().numpy() for at in part]
            for part in logits
        ]
        for level in LEVELS:
            found = [
                [_Components.of(score, truth, level) for score, (_, truth) in zip(part, roads, strict=True)]
                for part, roads in zip(scores, kinds, strict=True)
            ]
            for hysteresis, extent in itertools.product(SEED_LEVELS, MINIMUM_EXTENTS):
                if 0 < hysteresis <= level:
                    continue
                tried = replace(settings, level=level, hysteresis=hysteresis, minimum_extent=extent)
                counts = [
                    sum((components.count(hysteresis, extent) for components in part), ConfusionCounts())
                    for part in found
                ]
                shares = [counted.predicted / counted.pixels for counted in counts[-2:]]
                by_kind = dict(zip(painted, map(Scores.of, counts), strict=False))
                comparisons.append(Comparison(tried, by_kind, *shares))
        progress()
    return sorted(
        comparisons, key=lambda tried: (not tried.clean, -tried.iou if tried.clean else tried.worst)
    )


def _logits(
    scorer: CrackRemoverScorer, photo: UInt8[np.ndarray, "h w 3"], scales: Sequence[float]
) -> dict[float, Float[Tensor, "h w"]]:
    image = torch.from_numpy(photo).permute(2, 0, 1)[None].float() / 255
    return {scale: scorer.logits(image, scale)[0] for scale in scales}


@dataclass(frozen=True)
class _Components:
    """What is connected above a level: everything that hysteresis and the least extent ask, counted once."""

    sizes: Int[np.ndarray, " n"]
    right: Int[np.ndarray, " n"]
    extents: Int[np.ndarray, " n"]
    peaks: Float[np.ndarray, " n"]
    annotated: int
    pixels: int

    @classmethod
    def of(
        cls, score: Float[np.ndarray, "h w"], truth: Bool[np.ndarray, "h w"], level: float
    ) -> "_Components":
        number, labels, statistics, _ = cv2.connectedComponentsWithStats(
            (score > level).astype(np.uint8), connectivity=8
        )
        peaks = np.zeros(number, score.dtype)
        np.maximum.at(peaks, labels.ravel().astype(np.intp), score.ravel())
        return cls(
            sizes=statistics[1:, cv2.CC_STAT_AREA].astype(np.int64),
            right=np.bincount(labels[truth], minlength=number)[1:],
            extents=statistics[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1).astype(np.int64),
            peaks=peaks[1:],
            annotated=int(truth.sum()),
            pixels=truth.size,
        )

    def count(self, hysteresis: float, extent: int) -> ConfusionCounts:
        kept = (self.extents >= extent) & (self.peaks > hysteresis)
        right, called = int(self.right[kept].sum()), int(self.sizes[kept].sum())
        missed = self.annotated - right
        return ConfusionCounts(right, called - right, missed, self.pixels - called - missed, right)


def _without_cracks(photo: UInt8[np.ndarray, "h w 3"]) -> Road:
    return photo, np.zeros(photo.shape[:2], bool)


def _to_photo(patch: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    photo: np.ndarray = (patch.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return photo
