"""Chooses detection settings without labels: on painted cracks, whose truth is known."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.synthetic import paint_cracks, synthesize_road
from upcracknet.detection import CrackDetector, DetectionSettings, OtsuThreshold, RestorationScorer
from upcracknet.detection.settings import ErrorKind
from upcracknet.evaluation.confusion import ConfusionCounts, count
from upcracknet.evaluation.metrics import Scores
from upcracknet.networks import NormalizationStatistics, UNetGenerator

FALSE_ALARM_SHARE = 0.005
"""Share of undamaged pixels that may lie above the calibrated floor."""

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
        NORMALIZATIONS, ERRORS, (False, True), ((0, 1.0), (5, 1.5), (9, 2.5))
    )
)
"""Settings that are compared: both statistics of batch normalisation; the error squared as in equation (1) or
absolute, as it is or centred; no filter and bilateral filters of two sizes."""

Road = tuple[UInt8[np.ndarray, "h w 3"], Bool[np.ndarray, "h w"]]


@dataclass(frozen=True)
class Comparison:
    """How well some settings find known cracks, with Otsu's method on each photo and without or with a floor.

    Attributes:
        settings: what was tried, with its calibrated floor.
        painted_without_floor: pooled scores as in the paper, on undamaged photos with painted cracks.
        synthetic_without_floor: the same on synthetic roads with shadows, stains, joints and paint.
        painted: pooled scores on undamaged photos with painted cracks.
        synthetic: pooled scores on synthetic roads with shadows, stains, joints and paint.
    """

    settings: DetectionSettings
    painted_without_floor: Scores
    synthetic_without_floor: Scores
    painted: Scores
    synthetic: Scores

    @property
    def mean_iou(self) -> float:
        """Mean of the two crack IoUs with the floor, which the choice goes by."""
        return (self.painted.iou + self.synthetic.iou) / 2


def painted_roads(patches: UndamagedPatches, count_of_roads: int) -> list[Road]:
    """Undamaged patches with painted cracks, the same on each call.

    Args:
        patches: undamaged patches that were not trained on.
        count_of_roads: at most the number of patches.
    """
    roads = []
    for index in range(count_of_roads):
        patch = (patches[index].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
        roads.append(paint_cracks(patch, np.random.default_rng(index)))
    return roads


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
    """Calibrate each candidate's floor, then measure it on roads with known cracks.

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
    comparisons = []
    for candidate in candidates:
        settings = with_calibrated_floor(generator, candidate, patches)
        scorer = RestorationScorer(generator, settings, patches.size)
        thresholds = (OtsuThreshold(), OtsuThreshold(floor=settings.level_floor))
        scores = [
            _scores(CrackDetector(scorer, threshold), roads)
            for threshold in thresholds
            for roads in (painted, synthetic)
        ]
        comparisons.append(Comparison(settings, *scores))
        progress()
    return sorted(comparisons, key=lambda comparison: comparison.mean_iou, reverse=True)


def with_calibrated_floor(
    generator: UNetGenerator, settings: DetectionSettings, patches: UndamagedPatches
) -> DetectionSettings:
    """Set the floor that keeps undamaged photos clean.

    Args:
        generator: a trained generator.
        settings: settings to complete.
        patches: undamaged patches that were not trained on.

    Returns:
        The settings with a floor that :data:`FALSE_ALARM_SHARE` of the patches' pixels exceed.
    """
    scorer = RestorationScorer(generator, settings, patches.size)
    scores = (scorer.score(patches[index].unsqueeze(0))[0].numpy() for index in range(len(patches)))
    threshold = OtsuThreshold(false_alarm_share=FALSE_ALARM_SHARE).fit(scores)
    return replace(settings, level_floor=threshold.floor)


def _scores(detector: CrackDetector, roads: Sequence[Road]) -> Scores:
    counts = ConfusionCounts()
    for (_, truth), crack_map in zip(roads, detector.detect_many(photo for photo, _ in roads), strict=True):
        counts = counts + count(crack_map.mask, truth)
    return Scores.of(counts)
