from pathlib import Path

import numpy as np
import pytest

from upcracknet.data.dataset import Sample
from upcracknet.evaluation.metrics import count
from upcracknet.evaluation.results import ItemResult, Tally, measure_mask, measure_score

SAMPLE = Sample("road", Path("road.png"), Path("mask.png"))


def line(row: int) -> np.ndarray:
    mask = np.zeros((20, 20), bool)
    mask[row] = True
    return mask


def tally_of(*pairs: tuple[np.ndarray, np.ndarray]) -> Tally:
    tally = Tally("all")
    for mask, truth in pairs:
        item = ItemResult("road", SAMPLE, 0.5, measure_mask(mask, truth))
        tally.add(item, measure_score(mask.astype(np.float32), truth))
    return tally


def test_pools_counts_and_averages_images_at_each_tolerance() -> None:
    # The first line is met, the second missed by two pixels.
    result = tally_of((line(5), line(5)), (line(9), line(11))).result()
    exact, nearby, tolerant = result.tolerances
    assert (exact.tolerance, nearby.tolerance, tolerant.tolerance) == (0, 1, 2)
    assert nearby.counts == exact.counts
    assert exact.counts == count(line(5), line(5)) + count(line(9), line(11))
    assert exact.scores.iou == pytest.approx(20 / 60)
    assert exact.mean_over_images.iou == pytest.approx(0.5)
    assert tolerant.scores.iou == 1
    assert tolerant.mean_over_images.iou == 1
    assert result.exact is exact


def test_summary_figures_of_a_group() -> None:
    result = tally_of((line(5) | line(6), line(5)), (line(9), line(11))).result()
    assert result.images == 2
    assert result.prevalence == pytest.approx(1 / 20)
    assert result.mean_iou == pytest.approx((20 / 80 + 720 / 780) / 2)
    # Half of the crack pixels score 1 with precision ⅓, the other half 0 with the prevalence as precision.
    assert result.average_precision == pytest.approx(1 / 2 * 1 / 3 + 1 / 2 * 1 / 20)


def test_best_thresholds_are_those_of_the_scores_not_of_the_mask() -> None:
    truth = line(3)
    score = np.where(truth, 0.6, 0.1).astype(np.float32)
    tally = Tally("all")
    tally.add(ItemResult("road", SAMPLE, 0.9, measure_mask(score > 0.9, truth)), measure_score(score, truth))
    exact = tally.result().exact
    assert exact.scores.f1 == 0
    assert exact.ods.scores.f1 == 1
    assert exact.ods.threshold == pytest.approx(0.6, abs=1e-4)
    assert exact.ois.scores.f1 == 1


def test_an_empty_group_has_no_figures() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        Tally("all").result()
