import numpy as np
import pytest
from torch import from_numpy
from torchmetrics.classification import BinaryAveragePrecision, BinaryPrecisionRecallCurve

from upcracknet.evaluation.metrics import ConfusionCounts, Scores, count
from upcracknet.evaluation.sweep import LEVELS, ThresholdCurve, ThresholdSweep


def image(seed: int, *, levels: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A truth and scores that are higher on it, rounded to so many levels if given."""
    random = np.random.default_rng(seed)
    truth = random.random((40, 50)) < 0.1
    score = np.clip(random.normal(0.3 + 0.2 * truth, 0.12), 0, 1)
    if levels is not None:
        score = np.rint(score * (levels - 1)) / (levels - 1)
    return score.astype(np.float32), truth


@pytest.mark.parametrize("tolerance", [0, 2])
def test_counts_equal_those_of_the_mask_at_each_threshold(tolerance: int) -> None:
    score, truth = image(0)
    curve = ThresholdCurve.of(score, truth, tolerance=tolerance)
    levels_of_some_pixels = np.rint(score.ravel()[::50] * (LEVELS - 1)).astype(int).tolist()
    for level in [0, 1, 65_534, 65_535, *levels_of_some_pixels]:
        threshold = (level + 0.5) / 65_535
        assert curve.counts(level) == count(score > threshold, truth, tolerance=tolerance)


@pytest.mark.parametrize("tolerance", [0, 2])
def test_ods_is_the_best_of_all_thresholds(tolerance: int) -> None:
    images = [image(seed, levels=256) for seed in range(3)]
    sweep = ThresholdSweep()
    for score, truth in images:
        sweep.add(ThresholdCurve.of(score, truth, tolerance=tolerance))
    pooled = [
        sum(
            (count(score > (k - 0.5) / 255, truth, tolerance=tolerance) for score, truth in images),
            ConfusionCounts(),
        )
        for k in range(257)
    ]
    best = max(Scores.of(counts).f1 for counts in pooled)
    assert sweep.ods.scores.f1 == pytest.approx(best, abs=1e-12)
    reached = sum(
        (count(score > sweep.ods.threshold, truth, tolerance=tolerance) for score, truth in images),
        ConfusionCounts(),
    )
    assert reached == sweep.ods.counts


def test_a_mask_at_the_reported_threshold_has_the_reported_counts() -> None:
    """Also where a score lies between two 16-bit levels: 52427.3 is rounded down, 52428 is the crack."""
    score, truth = np.array([[52_427.3, 52_428]], np.float32) / 65_535, np.array([[False, True]])
    best = ThresholdCurve.of(score, truth).best
    assert best.counts == ConfusionCounts(1, 0, 0, 1, 1)
    assert count(score > best.threshold, truth) == best.counts


def test_ods_and_average_precision_against_torchmetrics() -> None:
    images = [image(seed, levels=LEVELS) for seed in range(3)]
    curve, average = BinaryPrecisionRecallCurve(), BinaryAveragePrecision()
    sweep = ThresholdSweep()
    for score, truth in images:
        sweep.add(ThresholdCurve.of(score, truth))
        for metric in (curve, average):
            metric.update(from_numpy(score), from_numpy(truth.astype(int)))
    precision, recall, _ = (values.double() for values in curve.compute())
    f1 = 2 * precision * recall / (precision + recall).clamp_min(1e-12)
    assert sweep.ods.scores.f1 == pytest.approx(float(f1.max()), abs=1e-6)
    assert sweep.curve.average_precision == pytest.approx(float(average.compute()), abs=1e-6)


def test_ois_pools_the_best_counts_of_each_image() -> None:
    # In the first image the crack is above 0.4, in the second above 0.8: no single threshold gets both right.
    truth = np.array([[True, False]])
    sweep = ThresholdSweep()
    sweep.add(ThresholdCurve.of(np.array([[0.5, 0.4]], np.float32), truth))
    sweep.add(ThresholdCurve.of(np.array([[0.9, 0.8]], np.float32), truth))
    assert sweep.ois.counts == ConfusionCounts(2, 0, 0, 2, 2)
    assert sweep.ois.threshold is None
    assert sweep.ods.scores.f1 == pytest.approx(0.8)  # all but the lowest: 2 right, 1 false


def test_of_equally_good_thresholds_the_highest_is_taken() -> None:
    point = ThresholdCurve.of(np.array([[0.2, 0.8]], np.float32), np.array([[False, True]])).best
    assert point.scores.f1 == 1
    assert point.threshold == pytest.approx(0.8, abs=1 / 65_535)
    assert point.threshold < 0.8


def test_where_nothing_is_annotated_nothing_is_predicted() -> None:
    point = ThresholdCurve.of(np.ones((3, 3), np.float32), np.zeros((3, 3), bool)).best
    assert point.counts == ConfusionCounts(true_negative=9)


def test_average_precision_of_equal_scores_is_the_prevalence() -> None:
    truth = np.arange(8).reshape(2, 4) < 2
    for value in (0.0, 0.7, 1.0):
        assert ThresholdCurve.of(
            np.full((2, 4), value, np.float32), truth
        ).average_precision == pytest.approx(0.25)
