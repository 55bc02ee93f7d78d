from dataclasses import asdict

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from torch import from_numpy
from torchmetrics.classification import (
    BinaryAccuracy,
    BinaryF1Score,
    BinaryJaccardIndex,
    BinaryPrecision,
    BinaryRecall,
    BinaryStatScores,
    MulticlassJaccardIndex,
)

from upcracknet.evaluation.metrics import (
    ConfusionCounts,
    Scores,
    count,
    disk,
    mean_iou,
    mean_over_images,
    within,
)

PAIRS = [
    (np.random.default_rng(seed).random((2, 24, 32)) < share) for seed, share in enumerate((0.05, 0.4, 0.8))
]


def pooled() -> ConfusionCounts:
    return sum((count(prediction, truth) for prediction, truth in PAIRS), ConfusionCounts())


def torchmetrics_value(metric: object) -> float:
    for prediction, truth in PAIRS:
        metric.update(from_numpy(prediction.astype(int)), from_numpy(truth.astype(int)))  # type: ignore[attr-defined]
    return float(metric.compute())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("measure", "metric"),
    [
        ("precision", BinaryPrecision()),
        ("recall", BinaryRecall()),
        ("accuracy", BinaryAccuracy()),
        ("f1", BinaryF1Score()),
        ("iou", BinaryJaccardIndex()),
    ],
)
def test_pooled_measures_against_torchmetrics(measure: str, metric: object) -> None:
    assert getattr(Scores.of(pooled()), measure) == pytest.approx(torchmetrics_value(metric), abs=1e-6)


def test_mean_iou_against_torchmetrics() -> None:
    expected = torchmetrics_value(MulticlassJaccardIndex(num_classes=2, average="macro"))
    assert mean_iou(pooled()) == pytest.approx(expected, abs=1e-6)


def test_measures_by_hand() -> None:
    scores = Scores.of(ConfusionCounts(6, 2, 4, 88, 6))
    expected = {"precision": 6 / 8, "recall": 6 / 10, "accuracy": 0.94, "f1": 12 / 18, "iou": 6 / 12}
    assert asdict(scores) == pytest.approx(expected)


def test_with_a_tolerance_recall_comes_from_the_annotation() -> None:
    # 9 of 10 predicted pixels are near the crack, 5 of its 20 pixels are found.
    scores = Scores.of(
        ConfusionCounts(true_positive=9, false_positive=1, false_negative=15, true_negative=75, found=5)
    )
    assert (scores.precision, scores.recall) == (0.9, 0.25)
    assert scores.f1 == pytest.approx(2 * 0.9 * 0.25 / 1.15)
    assert scores.iou == pytest.approx(scores.f1 / (2 - scores.f1))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (ConfusionCounts(0, 0, 0, 50, 0), Scores(1.0, 1.0, 1.0, 1.0, 1.0)),  # nothing there, nothing claimed
        (ConfusionCounts(0, 5, 0, 45, 0), Scores(0.0, 0.0, 0.9, 0.0, 0.0)),  # false alarms on a sound road
        (ConfusionCounts(0, 0, 5, 45, 0), Scores(0.0, 0.0, 0.9, 0.0, 0.0)),  # a crack, none found
        (ConfusionCounts(50, 0, 0, 0, 50), Scores(1.0, 1.0, 1.0, 1.0, 1.0)),
    ],
)
def test_denominators_of_zero(counts: ConfusionCounts, expected: Scores) -> None:
    assert Scores.of(counts) == expected


def test_mean_iou_where_there_is_no_background() -> None:
    assert mean_iou(ConfusionCounts(50, 0, 0, 0, 50)) == 1


def test_mean_over_images_is_not_the_pooled_figure() -> None:
    small, large = ConfusionCounts(1, 0, 0, 9, 1), ConfusionCounts(0, 0, 90, 0, 0)
    mean = mean_over_images([Scores.of(small), Scores.of(large)])
    assert mean == Scores(precision=0.5, recall=0.5, accuracy=0.5, f1=0.5, iou=0.5)
    assert Scores.of(small + large).iou == pytest.approx(1 / 91)


def test_mean_over_no_images() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        mean_over_images([])


def grid(*rows: str) -> np.ndarray:
    return np.array([[sign == "#" for sign in row] for row in rows])


TRUTH = grid(
    ".....",
    "###..",
    ".....",
    "....#",
    ".....",
)
PREDICTION = grid(
    "##...",
    "#....",
    ".....",
    ".....",
    "#....",
)


def test_exact_counts_by_hand() -> None:
    assert count(PREDICTION, TRUTH) == ConfusionCounts(
        true_positive=1, false_positive=3, false_negative=3, true_negative=18, found=1
    )


def test_tolerance_of_one_by_hand() -> None:
    # Predicted: the two of row 0 and the one of row 1 touch the line, the corner touches nothing.
    # Annotated: the first two of the line are touched, its end and the single pixel are not.
    assert count(PREDICTION, TRUTH, tolerance=1) == ConfusionCounts(
        true_positive=3, false_positive=1, false_negative=2, true_negative=19, found=2
    )


def test_tolerance_is_euclidean() -> None:
    truth = grid("#....", ".....", ".....", ".....", ".....")
    at_2_0 = grid(".....", ".....", "#....", ".....", ".....")
    at_2_1 = grid(".....", ".....", ".#...", ".....", ".....")  # √5 away, but 2 in the chessboard metric
    assert count(at_2_0, truth, tolerance=2).true_positive == 1
    assert count(at_2_1, truth, tolerance=2).true_positive == 0


def test_disk_of_two_pixels() -> None:
    assert disk(2).tolist() == [
        [0, 0, 1, 0, 0],
        [0, 1, 1, 1, 0],
        [1, 1, 1, 1, 1],
        [0, 1, 1, 1, 0],
        [0, 0, 1, 0, 0],
    ]


@pytest.mark.parametrize("tolerance", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("share", [0.002, 0.02, 0.3])
def test_tolerance_against_the_distance_transform(tolerance: int, share: float) -> None:
    random = np.random.default_rng(tolerance)
    prediction, truth = random.random((2, 61, 83)) < share
    counts = count(prediction, truth, tolerance=tolerance)
    near_truth = distance_transform_edt(~truth) <= tolerance
    near_prediction = distance_transform_edt(~prediction) <= tolerance
    assert counts.true_positive == (prediction & near_truth).sum()
    assert counts.false_positive == (prediction & ~near_truth).sum()
    assert counts.found == (truth & near_prediction).sum()
    assert counts.false_negative == (truth & ~near_prediction).sum()
    assert (counts.predicted, counts.annotated, counts.pixels) == (prediction.sum(), truth.sum(), truth.size)


def test_nothing_is_near_an_empty_mask() -> None:
    assert not within(np.zeros((9, 9), bool), 2).any()


def test_pooling_against_torchmetrics() -> None:
    random = np.random.default_rng(0)
    metric = BinaryStatScores()
    pooled = ConfusionCounts()
    for _ in range(4):
        prediction, truth = random.random((2, 20, 30)) < random.uniform(0.1, 0.6)
        metric.update(from_numpy(prediction.astype(int)), from_numpy(truth.astype(int)))
        pooled += count(prediction, truth)
    true_positive, false_positive, true_negative, false_negative, _ = metric.compute().tolist()
    assert pooled == ConfusionCounts(
        true_positive, false_positive, false_negative, true_negative, true_positive
    )
