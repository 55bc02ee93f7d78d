from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upcracknet.data.undamaged import Window, find_undamaged_windows


def naive_windows(mask: np.ndarray, size: int, stride: int, margin: int) -> list[Window]:
    """Dilates the cracks with OpenCV and looks into every window."""
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    grown = cv2.dilate(mask.astype(np.uint8), kernel)
    height, width = mask.shape
    tops = sorted({*range(0, height - size + 1, stride), height - size})
    lefts = sorted({*range(0, width - size + 1, stride), width - size})
    return [
        Window(top, left, size, size)
        for top in tops
        for left in lefts
        if not grown[top : top + size, left : left + size].any()
    ]


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    size=st.integers(1, 8),
    stride=st.integers(1, 9),
    margin=st.integers(0, 6),
    seed=st.integers(0, 1000),
)
def test_windows_are_those_of_the_naive_search(
    height: int, width: int, size: int, stride: int, margin: int, seed: int
) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < 0.004
    found = find_undamaged_windows(mask, sizes=[size], stride=stride, margin=margin)
    assert found == naive_windows(mask, size, stride, margin)


def test_margin_by_hand() -> None:
    mask = np.zeros((10, 30), np.bool_)
    mask[:, 15] = True
    # Columns 0…9 end 5 before the crack, columns 20…29 begin 4 after it (16, 17, 18, 19 lie between).
    assert find_undamaged_windows(mask, sizes=[10], stride=10, margin=4) == [
        Window(0, 0, 10, 10),
        Window(0, 20, 10, 10),
    ]
    assert find_undamaged_windows(mask, sizes=[10], stride=10, margin=5) == [Window(0, 0, 10, 10)]
    assert find_undamaged_windows(mask, sizes=[10], stride=10, margin=6) == []


def test_without_mask_all_windows_count_and_the_far_edge_is_reached() -> None:
    windows = find_undamaged_windows(None, shape=(40, 50), sizes=[64, 40, 16], stride=16)
    assert windows[:2] == [Window(0, 0, 40, 40), Window(0, 10, 40, 40)]
    assert {window.top for window in windows if window.height == 16} == {0, 16, 24}
    assert {window.left for window in windows if window.height == 16} == {0, 16, 32, 34}


def test_cracks_everywhere_and_sizes_that_do_not_fit() -> None:
    assert find_undamaged_windows(np.ones((40, 40), np.bool_), sizes=[8]) == []
    assert find_undamaged_windows(np.zeros((40, 10), np.bool_), sizes=[11]) == []


@pytest.mark.parametrize(
    "call",
    [
        lambda: find_undamaged_windows(None, sizes=[8]),
        lambda: find_undamaged_windows(None, shape=(9, 9), sizes=[0]),
        lambda: find_undamaged_windows(None, shape=(9, 9), sizes=[8], stride=0),
        lambda: find_undamaged_windows(None, shape=(9, 9), sizes=[8], margin=-1),
    ],
)
def test_impossible_settings(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"expected|shape"):
        call()
