"""Chooses detection settings without labels: on painted cracks, whose truth is known."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.synthetic import paint_cracks, synthesize_road
from upcracknet.detection import CrackDetector, DetectionSettings, OtsuThreshold, RestorationScorer
from upcracknet.detection.settings import ErrorKind
from upcracknet.detection.threshold import apply_threshold
from upcracknet.evaluation.confusion import ConfusionCounts, count
from upcracknet.evaluation.metrics import Scores
from upcracknet.networks import NormalizationStatistics, UNetGenerator

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

Road = tuple[UInt8[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]


@dataclass(frozen=True)
class Comparison:
    """How well some settings find known cracks, with Otsu's method on each photo and the settings' floor.

    Attributes:
        settings: what was tried; a floor of 0 is the paper's rule.
        false_alarm_share: share of undamaged pixels above the floor; 1 without a floor.
        painted: pooled scores on undamaged photos with painted cracks.
        synthetic: pooled scores on synthetic roads with shadows, stains, joints and paint.
    """

    settings: DetectionSettings
    false_alarm_share: float
    painted: Scores
    synthetic: Scores

    @property
    def mean_iou(self) -> float:
        """Mean of the two crack IoUs."""
        return (self.painted.iou + self.synthetic.iou) / 2


def painted_roads(patches: UndamagedPatches, count_of_roads: int) -> list[Road]:
    """Undamaged patches with painted cracks, the same on each call.

    Args:
        patches: undamaged patches that were not trained on.
        count_of_roads: at most the number of patches.
    """
    return [
        paint_cracks(_to_photo(patches[index]), np.random.default_rng(index))
        for index in range(count_of_roads)
    ]


def synthetic_roads(size: int, count_of_roads: int, first_seed: int = 1000) -> list[Road]:
    """Synthetic roads of 384×544 pixels, shrunk to size×size as the paper shrinks its photos."""
    roads = []
    for seed in range(first_seed, first_seed + count_of_roads):
        road = synthesize_road(seed, 384, 544)
        photo = cv2.resize(road.photo, (size, size), interpolation=cv2.INTER_LINEAR)
        mask = cv2.resize(road.mask.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST) > 0
        roads.append((photo, mask))
    return roads


def compare_settings(
    generator: UNetGenerator,
    patches: UndamagedPatches,
    painted: Sequence[Road],
    synthetic: Sequence[Road],
    candidates: Iterable[DetectionSettings] = CANDIDATES,
    *,
    progress: Callable[[], None] = lambda: None,
) -> list[Comparison]:
    """Measure each candidate on roads with known cracks, without a floor and with floors for each share.

    Args:
        generator: a trained generator.
        patches: undamaged patches that were not trained on; their size is the generator's input size.
        painted: roads of :func:`painted_roads`.
        synthetic: roads of :func:`synthetic_roads`.
        candidates: settings to compare.
        progress: called after each candidate.

    Returns:
        The comparisons, best first.
    """
    undamaged = [_to_photo(patches[index]) for index in range(len(patches))]
    comparisons = []
    for settings in candidates:
        detector = CrackDetector(RestorationScorer(generator, settings, patches.size), OtsuThreshold())
        clean_scores = [crack_map.score for crack_map in detector.detect_many(undamaged)]
        truths = [[truth for _, truth in roads] for roads in (painted, synthetic)]
        scores = [
            [crack_map.score for crack_map in detector.detect_many(photo for photo, _ in roads)]
            for roads in (painted, synthetic)
        ]
        for share in (1.0, *FALSE_ALARM_SHARES):
            fitted = OtsuThreshold(false_alarm_share=share)
            threshold = fitted if share == 1 else fitted.fit(clean_scores)
            pooled = [_pooled(threshold, *pair) for pair in zip(scores, truths, strict=True)]
            comparisons.append(Comparison(replace(settings, level_floor=threshold.floor), share, *pooled))
        progress()
    return sorted(comparisons, key=lambda comparison: comparison.mean_iou, reverse=True)


def best_with_floor(comparisons: Iterable[Comparison]) -> Comparison:
    """The best comparison whose floor keeps clean roads clean."""
    return max((c for c in comparisons if c.false_alarm_share < 1), key=lambda c: c.mean_iou)


def _to_photo(patch: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    photo: np.ndarray = (patch.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return photo


def _pooled(
    threshold: OtsuThreshold,
    scores: Sequence[Float[np.ndarray, "h w"]],
    truths: Sequence[Bool[np.ndarray, "h w"]],
) -> Scores:
    counts = ConfusionCounts()
    for score, truth in zip(scores, truths, strict=True):
        counts = counts + count(apply_threshold(score, threshold.level(score)), truth)
    return Scores.of(counts)
