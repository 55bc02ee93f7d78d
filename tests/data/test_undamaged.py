from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upcracknet.data.undamaged import undamaged_corners


def naive_windows(mask: np.ndarray, size: int, stride: int, margin: int) -> list[list[int]]:
    """Dilate the cracks with OpenCV and look into every window."""
    kernel = np.ones((2 * margin + 1, 2 * margin + 1), np.uint8)
    grown = cv2.dilate(mask.astype(np.uint8), kernel)
    height, width = mask.shape
    tops = sorted({*range(0, height - size + 1, stride), height - size})
    lefts = sorted({*range(0, width - size + 1, stride), width - size})
    return [
        [top, left] for top in tops for left in lefts if not grown[top : top + size, left : left + size].any()
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
    found = undamaged_corners(mask, size=size, stride=stride, margin=margin)
    assert found.tolist() == naive_windows(mask, size, stride, margin)


def test_margin_by_hand() -> None:
    mask = np.zeros((10, 30), np.bool_)
    mask[:, 15] = True
    # Columns 0…9 end 5 before the crack, columns 20…29 begin 4 after it (16, 17, 18, 19 lie between).
    for margin, corners in ((4, [[0, 0], [0, 20]]), (5, [[0, 0]]), (6, [])):
        assert undamaged_corners(mask, size=10, stride=10, margin=margin).tolist() == corners


def test_without_mask_all_windows_count_and_the_far_edge_is_reached() -> None:
    assert undamaged_corners(None, shape=(40, 50), size=40, stride=16).tolist() == [[0, 0], [0, 10]]
    corners = undamaged_corners(None, shape=(40, 50), size=16, stride=16)
    assert set(corners[:, 0].tolist()) == {0, 16, 24}
    assert set(corners[:, 1].tolist()) == {0, 16, 32, 34}


def test_cracks_everywhere_and_sizes_that_do_not_fit() -> None:
    assert len(undamaged_corners(np.ones((40, 40), np.bool_), size=8)) == 0
    assert len(undamaged_corners(np.zeros((40, 10), np.bool_), size=11)) == 0
    assert len(undamaged_corners(None, shape=(40, 50), size=64)) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: undamaged_corners(None, size=8),
        lambda: undamaged_corners(None, shape=(9, 9), size=0),
        lambda: undamaged_corners(None, shape=(9, 9), size=8, stride=0),
        lambda: undamaged_corners(None, shape=(9, 9), size=8, margin=-1),
    ],
)
def test_impossible_settings(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"expected|shape"):
        call()
