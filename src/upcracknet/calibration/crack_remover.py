"""Chooses how a crack remover detects, without labels: on painted cracks, and on roads that have none."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import torch
from jaxtyping import Float
from torch import Tensor

from upcracknet.calibration.roads import MINIMUM_EXTENTS, Road, pooled_counts
from upcracknet.data.painted import PaintingRange
from upcracknet.detection import CrackRemoverScorer, CrackRemoverSettings, Threshold
from upcracknet.detection.acceleration import device_of
from upcracknet.evaluation.metrics import ConfusionCounts, Scores
from upcracknet.runtime.device import exact_convolutions

PAINTINGS = {
    "fine cracks": (256, PaintingRange(fine=1.0, wide=0.0, shrinking=(0.4, 1.6))),
    "cracks of usual width": (256, PaintingRange(fine=0.0, wide=0.0, shrinking=(0.4, 1.6))),
    "at native size": (384, PaintingRange(shrinking=(1.0, 1.0))),
    "wide cracks, enlarged": (512, PaintingRange(fine=0.0, wide=1.0, shrinking=(1.0, 4.0))),
}
"""Kinds of road with painted cracks, the same for all models: side in pixels, and what is painted."""

SCALES: tuple[tuple[float, ...], ...] = ((1.0,), (0.5, 1.0), (1.0, 2.0), (0.5, 1.0, 2.0))
LEVELS = tuple(round(0.1 + 0.05 * step, 2) for step in range(15))
HYSTERESES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99)

FALSE_ALARM_SHARE = 0.001
"""Share of pixels of crack-free roads that may be marked as crack: half of what the package promises, as
roads that had no part in the choice come out less clean."""


@dataclass(frozen=True)
class CrackRemoverComparison:
    """How well some settings find painted cracks, and what they find where there are none.

    Attributes:
        settings: what was tried.
        painted: pooled scores on each kind of road with painted cracks.
        false_alarms: share of the pixels of crack-free photos that were marked as crack, 0 to 1.
        false_alarms_synthetic: the same on synthetic roads with shadows, stains, joints and paint.
        balanced: mean IoU of the kinds of road if as many pixels without cracks are searched beside each, and
            the worse share of them is marked, 0 to 1.
    """

    settings: CrackRemoverSettings
    painted: dict[str, Scores]
    false_alarms: float
    false_alarms_synthetic: float
    balanced: float

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


def compare_crack_remover(
    scorer: CrackRemoverScorer,
    painted: Mapping[str, Sequence[Road]],
    clean: Sequence[Road],
    synthetic: Sequence[Road],
    *,
    scales: Sequence[tuple[float, ...]] = SCALES,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[CrackRemoverComparison]:
    """Measure each choice of scales with each level, hysteresis and minimum extent.

    Args:
        scorer: of a trained network, whose score is its mask.
        painted: kinds of road with painted cracks.
        clean: photographed roads without cracks.
        synthetic: synthetic roads with distractors and without cracks.
        scales: the choices of scales.
        progress: called with the number of choices of scales done and of all.

    Returns:
        the comparisons, best first: those that keep crack-free roads clean, by
        ``CrackRemoverComparison.iou``; then the others, by ``CrackRemoverComparison.balanced``. The cleanest
        of those would find next to nothing.
    """
    every = sorted({scale for chosen in scales for scale in chosen})
    kinds = (*painted.values(), clean, synthetic)
    # The network sees each road once at each scale; all else is arithmetic on its answers.
    logits = [[_logits(scorer, road, every) for road in roads] for roads in kinds]
    comparisons = []
    for number, chosen in enumerate(scales, start=1):
        scores = [
            [torch.stack([at[scale] for scale in chosen]).mean(dim=0).sigmoid().numpy() for at in kind]
            for kind in logits
        ]
        for level in LEVELS:
            thresholds = [
                Threshold(level, hysteresis=hysteresis, minimum_extent=extent)
                for hysteresis, extent in itertools.product(HYSTERESES, MINIMUM_EXTENTS)
                if not 0 < hysteresis <= level
            ]
            counts = [pooled_counts(*pair, thresholds) for pair in zip(scores, kinds, strict=True)]
            for threshold, *counted in zip(thresholds, *counts, strict=True):
                settings = CrackRemoverSettings(
                    scales=chosen,
                    level=level,
                    hysteresis=threshold.hysteresis,
                    minimum_extent=threshold.minimum_extent,
                )
                by_kind = dict(zip(painted, map(Scores.of, counted), strict=False))
                real, made = (count.predicted / count.pixels for count in counted[-2:])
                balanced = fmean(_balanced_iou(count, max(real, made)) for count in counted[:-2])
                comparisons.append(CrackRemoverComparison(settings, by_kind, real, made, balanced))
        progress(number, len(scales))
    return sorted(
        comparisons, key=lambda tried: (not tried.clean, -tried.iou if tried.clean else -tried.balanced)
    )


def _balanced_iou(counts: ConfusionCounts, false_alarms: float) -> float:
    """The IoU beside as many pixels without cracks, of which a share is marked."""
    return Scores.of(counts + ConfusionCounts(false_positive=round(false_alarms * counts.pixels))).iou


def _logits(
    scorer: CrackRemoverScorer, road: Road, scales: Sequence[float]
) -> dict[float, Float[Tensor, "h w"]]:
    image = torch.from_numpy(road.photo).permute(2, 0, 1)[None].float() / 255
    with exact_convolutions():
        image = image.to(device_of(scorer))
        return {scale: scorer.logits(image, scale)[0].cpu() for scale in scales}
