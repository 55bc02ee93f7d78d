"""Run lengths of COCO and CVAT; pycocotools is the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as pycocotools

from upcracknet.errors import DataError
from upcracknet.exchange.run_lengths import (
    coco_run_lengths,
    compressed,
    crack_places,
    pixels_of,
    run_lengths,
    uncompressed,
)

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40))

SPECIAL = {
    "empty": np.zeros((7, 5), bool),
    "full": np.ones((7, 5), bool),
    "one pixel": np.ones((1, 1), bool),
    "level line": np.eye(1, 9, 4, dtype=bool) | np.zeros((9, 9), bool),
    "upright line": np.arange(9)[None] == np.full((9, 1), 4),
    "diagonal": np.eye(50, dtype=bool),
    "ends at the corner": np.arange(12).reshape(3, 4) > 9,
}


def counts_of(mask: np.ndarray) -> np.ndarray:
    return coco_run_lengths(mask, 0, 0, mask.shape)


@given(masks)
def test_the_text_is_that_of_pycocotools(mask):
    text = compressed(counts_of(mask))
    assert text == pycocotools.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    back = pixels_of(uncompressed(text), mask.size)
    assert np.array_equal(back.reshape(mask.shape[::-1]).T, mask)


@pytest.mark.parametrize("mask", SPECIAL.values(), ids=SPECIAL)
def test_special_masks(mask):
    text = compressed(counts_of(mask))
    assert text == pycocotools.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(pixels_of(uncompressed(text), mask.size).reshape(mask.shape[::-1]).T, mask)


@given(st.lists(st.integers(0, 2**29), min_size=1, max_size=30))
def test_texts_of_any_lengths(lengths):
    found = uncompressed(compressed(np.array(lengths)))
    assert found.tolist() == lengths


def test_the_examples_of_the_format():
    """From the head of pycocotools/mask.py; their texts by hand, as -2 is the letter 30 + 48."""
    first, second = np.array([0, 0, 1, 1, 1, 0, 1], bool), np.array([1, 1, 1, 1, 1, 1, 0], bool)
    assert run_lengths(first).tolist() == [2, 3, 1, 1]
    assert run_lengths(second).tolist() == [0, 6, 1]
    assert compressed(run_lengths(first)) == "231N"
    assert compressed(run_lengths(second)) == "061"


@given(masks, st.integers(0, 9), st.integers(0, 9))
def test_a_part_is_written_as_if_it_were_painted(part, left, top):
    height, width = part.shape[0] + top + 3, part.shape[1] + left + 2
    whole = np.zeros((height, width), bool)
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    found = coco_run_lengths(part, left, top, whole.shape)
    expected = pycocotools.encode(np.asfortranarray(whole.astype(np.uint8)))["counts"].decode()
    assert compressed(found) == expected


@given(arrays(bool, st.integers(0, 60)))
def test_pixels_come_back(pixels):
    lengths = run_lengths(pixels)
    assert lengths.sum() == pixels.size
    assert np.array_equal(pixels_of(lengths, pixels.size), pixels)
    assert np.array_equal(crack_places(lengths, pixels.size), np.flatnonzero(pixels))


@pytest.mark.parametrize("lengths", [[5], [3, 4], [9, -2]])
def test_lengths_of_another_photo_are_refused(lengths):
    with pytest.raises(DataError, match=r"expected 6|below 0"):
        pixels_of(np.array(lengths), 6)


@pytest.mark.parametrize("text", ["", "a\n", "~", "PPPPPPPPPP", "11111111111P", "é", "o" * 20 + "1"])
def test_texts_that_are_none(text):
    with pytest.raises(DataError, match="run lengths"):
        pixels_of(uncompressed(text), 10)


def test_lengths_whose_sum_starts_again_from_below_are_refused():
    lengths = np.array([2**62, 2**62, 2**62, 2**62, 20], np.int64)
    assert lengths.sum() == 20
    for read in (pixels_of, crack_places):
        with pytest.raises(DataError, match="more pixels"):
            read(lengths, 20)
