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
from upcracknet.detection import CrackDetector, DetectionSettings, RestorationScorer, Threshold
from upcracknet.detection.settings import ErrorKind
from upcracknet.errors import DataError
from upcracknet.evaluation.confusion import ConfusionCounts, count
from upcracknet.evaluation.metrics import Scores
from upcracknet.networks import NormalizationStatistics, UNetGenerator

FALSE_ALARM_SHARES = (0.002, 0.005, 0.01)
"""Shares of undamaged pixels that may lie above the calibrated floor; more would show on clean roads."""

MINIMUM_EXTENTS = (0, 8, 16, 24)
"""Specks that reach less far than so many pixels are dropped."""

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
        painted: pooled scores on undamaged photos, both with painted cracks and as they are: most road has no
            crack, so what is found there counts against the settings. The choice goes by their IoU.
        synthetic: pooled scores on synthetic roads with shadows, stains, joints and paint, to compare;
            shrunk, they hold many hairline networks, which no settings find.
    """

    settings: DetectionSettings
    false_alarm_share: float
    painted: Scores
    synthetic: Scores


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
    """Measure each candidate on roads with known cracks, with each floor (and none) and each minimum extent.

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
    photos = [_to_photo(patches[index]) for index in range(len(patches))]
    clean: list[Road] = [(photo, np.zeros(photo.shape[:2], bool)) for photo in photos]
    comparisons = []
    for settings in candidates:
        detector = CrackDetector(RestorationScorer(generator, settings, patches.size), Threshold())
        scores = [
            [crack_map.score for crack_map in detector.detect_many(photo for photo, _ in roads)]
            for roads in (clean, painted, synthetic)
        ]
        for share, extent in itertools.product((1.0, *FALSE_ALARM_SHARES), MINIMUM_EXTENTS):
            floor = 0.0 if share == 1 else undamaged_level(scores[0], share)
            threshold = Threshold(floor=floor, minimum_extent=extent)
            counts = [
                _count(threshold, *pair) for pair in zip(scores, (clean, painted, synthetic), strict=True)
            ]
            chosen = replace(settings, level_floor=threshold.floor, minimum_extent=extent)
            pooled = Scores.of(counts[0] + counts[1]), Scores.of(counts[2])
            comparisons.append(Comparison(chosen, share, *pooled))
        progress()
    return sorted(comparisons, key=lambda comparison: comparison.painted.iou, reverse=True)


def best_with_floor(comparisons: Iterable[Comparison]) -> Comparison:
    """The best comparison whose floor keeps clean roads clean."""
    return max((c for c in comparisons if c.false_alarm_share < 1), key=lambda c: c.painted.iou)


def undamaged_level(scores: Iterable[Float[np.ndarray, "h w"]], false_alarm_share: float) -> float:
    """The score that only the given share of undamaged pixels exceeds.

    Raises:
        DataError: there are no scores.
    """
    values = [score.ravel() for score in scores]
    if not values:
        raise DataError(
            "no score maps of undamaged photos to calibrate a threshold on; give at least one photo"
        )
    return float(np.quantile(np.concatenate(values), 1 - false_alarm_share))


def _to_photo(patch: Float[Tensor, "3 h w"]) -> UInt8[np.ndarray, "h w 3"]:
    photo: np.ndarray = (patch.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return photo


def _count(
    threshold: Threshold, scores: Sequence[Float[np.ndarray, "h w"]], roads: Sequence[Road]
) -> ConfusionCounts:
    counts = ConfusionCounts()
    for score, (_, truth) in zip(scores, roads, strict=True):
        counts = counts + count(threshold.mask(score), truth)
    return counts
