import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from torch import from_numpy
from torchmetrics.classification import BinaryStatScores

from upcracknet.evaluation.confusion import ConfusionCounts, count, disk, within


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
