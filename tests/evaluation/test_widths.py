import math

import numpy as np
import pytest

from upcracknet.detection import CrackMap
from upcracknet.evaluation.protocol import EvaluationItem
from upcracknet.evaluation.widths import WidthRecall, WidthTally, crack_widths, no_recall, recall_by_width


def bar(thickness: int, size: tuple[int, int] = (40, 60)) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[12 : 12 + thickness] = True
    return mask


@pytest.mark.parametrize("thickness", [1, 2, 3, 4, 5, 8, 9, 14])
@pytest.mark.parametrize("upright", [False, True])
def test_a_bar_through_the_photo_is_as_wide_as_it_was_drawn(thickness: int, upright: bool) -> None:
    mask = bar(thickness).T if upright else bar(thickness)
    widths = crack_widths(mask)
    assert widths.size == mask.sum()
    assert (widths == thickness).all()


def test_two_bars_keep_their_widths_in_the_order_of_the_annotated_pixels() -> None:
    mask = bar(3)
    mask[25:34] = True
    widths = np.zeros(mask.shape)
    widths[mask] = crack_widths(mask)
    assert (widths[12:15] == 3).all()
    assert (widths[25:34] == 9).all()


def test_a_bar_that_ends_in_the_photo() -> None:
    mask = np.zeros((40, 60), bool)
    mask[12:21, 10:50] = True
    assert (crack_widths(mask) == 9).mean() > 0.95


def test_bumps_of_a_wide_crack_are_not_thin_cracks() -> None:
    mask = bar(11)
    mask[11, 7:55:9] = mask[23, 3:55:7] = True
    assert crack_widths(mask).min() > 8


def test_a_thin_crack_that_leaves_a_wide_one() -> None:
    mask = bar(11)
    mask[23:, 30] = True
    widths = np.zeros(mask.shape)
    widths[mask] = crack_widths(mask)
    assert (widths[27:, 30] == 1).all()
    assert (widths[12:21] >= 11).all()


@pytest.mark.parametrize("thickness", [3, 5, 9, 15])
@pytest.mark.parametrize("angle", [0.3, 0.7, 2.0])
def test_slanted_bars(thickness: int, angle: float) -> None:
    rows, columns = np.mgrid[:120, :160]
    distance = np.abs((rows - 60) * np.cos(angle) + (columns - 80) * np.sin(angle))
    widths = crack_widths(distance < thickness / 2)
    # A pixel is on the bar or not, so a slanted edge is uncertain by half a pixel.
    assert np.median(widths) == pytest.approx(thickness, abs=0.5)
    assert np.quantile(widths, 0.05) > thickness - 1


def test_a_diagonal_of_single_pixels() -> None:
    assert (crack_widths(np.eye(30, dtype=bool)) == 1).all()


def test_nothing_annotated_and_everything() -> None:
    assert crack_widths(np.zeros((20, 30), bool)).size == 0
    assert (crack_widths(np.ones((4, 5), bool)) == math.inf).all()
    assert [one.annotated for one in recall_by_width(np.ones((4, 5), bool), np.ones((4, 5), bool))] == [
        *(0, 0, 0, 20)
    ]


def test_recall_by_hand() -> None:
    truth = bar(3)
    truth[25:34] = True
    prediction = np.zeros_like(truth)
    prediction[14] = True  # one of the thin bar's three rows; all are within 2 pixels
    prediction[25:31, :30] = True  # six of the wide bar's nine rows, on half of its length
    thin, medium, wide, widest = recall_by_width(prediction, truth)
    assert thin == WidthRecall(0.0, 3.0, annotated=180, found=60, found_nearby=180)
    assert medium == WidthRecall(3.0, 6.0)
    # Nearby: eight rows of the first 30 columns, seven of the next column, six of the one after it.
    assert wide == WidthRecall(6.0, 12.0, annotated=540, found=180, found_nearby=8 * 30 + 7 + 6)
    assert widest == WidthRecall(12.0, None)
    assert (thin.recall, thin.recall_nearby) == (pytest.approx(1 / 3), 1)
    assert medium.recall is None
    assert medium.recall_nearby is None


def test_a_width_on_a_limit_is_in_the_lower_range() -> None:
    for thickness, place in ((3, 0), (4, 1), (6, 1), (7, 2), (12, 2), (13, 3)):
        mask = bar(thickness)
        assert [one.annotated for one in recall_by_width(mask, mask)] == [
            mask.sum() * (place == index) for index in range(4)
        ]


def test_a_tally_pools_its_items_and_measures_each_annotation_once() -> None:
    truth = bar(3)
    item = EvaluationItem("road", np.zeros((*truth.shape, 3), np.uint8), truth)
    full, empty = (
        CrackMap(item.photo, np.zeros(truth.shape, np.float32), mask, 0.5)
        for mask in (truth, np.zeros_like(truth))
    )
    known: dict[str, np.ndarray] = {}
    tally = WidthTally(known)
    assert tally.ranges == no_recall()
    tally.add(item, full)
    tally.add(item, empty)
    assert tally.ranges[0] == WidthRecall(0.0, 3.0, annotated=360, found=180, found_nearby=180)
    assert list(known) == ["road"]
    given = WidthTally({"road": np.full(truth.sum(), 20, np.float32)})
    given.add(item, full)
    assert given.ranges[3].annotated == 180
