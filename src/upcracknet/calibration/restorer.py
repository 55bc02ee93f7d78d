"""Chooses how a restorer detects, without labels: on painted cracks, whose place is known."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from upcracknet.calibration.roads import MINIMUM_EXTENTS, Road, pooled_counts
from upcracknet.detection import CrackDetector, DetectionSettings, RestorationScorer, Threshold
from upcracknet.detection.settings import ErrorKind
from upcracknet.evaluation.metrics import Scores
from upcracknet.networks import NormalizationStatistics

FALSE_ALARM_SHARES = (0.002, 0.005, 0.01)
"""Shares of undamaged pixels that may lie above the calibrated floor; more would show on clean roads."""

NORMALIZATIONS: tuple[NormalizationStatistics, ...] = ("image", "running")
ERRORS: tuple[ErrorKind, ...] = ("squared", "absolute")
CANDIDATES: tuple[DetectionSettings, ...] = tuple(
    DetectionSettings(
        statistics=statistics,
        error=error,
        center=center,
        filter_diameter=diameter,
        sigma_color=0.1 if error == "squared" else 0.3,
        sigma_space=space,
    )
    for statistics, error, center, (diameter, space) in itertools.product(
        NORMALIZATIONS, ERRORS, (False, True), ((0, 1.0), (5, 1.5))
    )
)
"""Settings that are compared: both statistics of batch normalisation; the error squared as in equation (1) or
absolute, as it is or centred; with and without a bilateral filter."""


@dataclass(frozen=True)
class RestorerComparison:
    """How well some settings find known cracks, with Otsu's method on each photo and the settings' floor.

    Attributes:
        settings: what was tried; a floor of 0 is the paper's rule.
        false_alarm_share: share of undamaged pixels above the floor; 1 without a floor.
        painted: pooled scores on undamaged photos, both with painted cracks and as they are: most road has no
            crack, so what is found there counts against the settings. The choice goes by their IoU.
        synthetic: pooled scores on synthetic roads with shadows, stains, joints and paint, to compare;
            shrunk, they hold many hairline networks, which no settings find.
    """

    settings: DetectionSettings
    false_alarm_share: float
    painted: Scores
    synthetic: Scores


def compare_restorer(
    scorer: RestorationScorer,
    undamaged: Sequence[Road],
    painted: Sequence[Road],
    synthetic: Sequence[Road],
    candidates: Sequence[DetectionSettings] = CANDIDATES,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[RestorerComparison]:
    """Measure each candidate on roads with known cracks, with each floor (and none) and each minimum extent.

    Args:
        scorer: of a trained generator; its settings do not matter.
        undamaged: roads without cracks that were not trained on, of the scorer's input size.
        painted: such roads with painted cracks.
        synthetic: synthetic roads with cracks and distractors.
        candidates: settings to compare.
        progress: called with the number of candidates done and of all.

    Returns:
        the comparisons, by their IoU on painted roads, best first.
    """
    comparisons = []
    for number, settings in enumerate(candidates, start=1):
        detector = CrackDetector(scorer.with_settings(settings), Threshold())
        kinds = [
            (roads, [found.score for found in detector.detect_many(road.photo for road in roads)])
            for roads in (undamaged, painted, synthetic)
        ]
        for share in (1.0, *FALSE_ALARM_SHARES):
            floor = 0.0 if share == 1 else undamaged_level(kinds[0][1], share)
            thresholds = [Threshold(floor=floor, minimum_extent=extent) for extent in MINIMUM_EXTENTS]
            counts = [pooled_counts(scores, roads, thresholds) for roads, scores in kinds]
            for extent, clean, with_cracks, made in zip(MINIMUM_EXTENTS, *counts, strict=True):
                tried = replace(settings, level_floor=floor, minimum_extent=extent)
                comparisons.append(
                    RestorerComparison(tried, share, Scores.of(clean + with_cracks), Scores.of(made))
                )
        progress(number, len(candidates))
    return sorted(comparisons, key=lambda comparison: comparison.painted.iou, reverse=True)


def undamaged_level(scores: Iterable[Float[np.ndarray, "h w"]], false_alarm_share: float) -> float:
    """Find the score that only the given share of undamaged pixels exceeds."""
    return float(np.quantile(np.concatenate([score.ravel() for score in scores]), 1 - false_alarm_share))
