"""Label Studio's brush masks (complaint 17: label-studio#7998, #4084: accepted, but invisible)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from upcracknet.errors import DataError
from upcracknet.exchange.brush import from_brush, to_brush

HEADER = [57, 27]
"""Words of 8 bits, counts of 3, 4, 8 and 16: 00111 0010 0011 0111 1111; its last 5 bits go with the block."""

# By hand, from the packing's description: 8 words, 4 of them 0 and 4 of them 255, each a repeated word
# (1), whose count has 3 bits (00) and is one more than 011: 10001100000000 10001111111111.
GOLDEN = [0, 0, 0, 8, *HEADER, 0b11111_100, 0b01100000, 0b00010001, 0b11111111, 0b1_0000000]


def by_the_description(values: list[int]) -> list[int]:
    """A slow reader that follows the packing's description word for word."""
    bits = "".join(f"{value:08b}" for value in values)
    place = 0

    def take(size: int) -> int:
        nonlocal place
        place += size
        return int(bits[place - size : place], 2)

    number, word = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    words: list[int] = []
    while len(words) < number:
        repeated = take(1)
        count = take(sizes[take(2)]) + 1
        words += [take(word)] * count if repeated else [take(word) for _ in range(count)]
    return words


def test_golden_bytes():
    mask = np.array([[False, True]])
    assert to_brush(mask) == GOLDEN
    assert np.array_equal(from_brush(GOLDEN, (1, 2)), mask)


def test_words_that_are_not_repeated():
    """As Label Studio packs strokes with soft rims; by hand: 0 00 011, then 1, 2, 3 and 255."""
    values = [
        0,
        0,
        0,
        4,
        *HEADER,
        0b11111_000,
        0b011_00000,
        0b001_00000,
        0b010_00000,
        0b011_11111,
        0b111_00000,
    ]
    assert by_the_description(values) == [1, 2, 3, 255]
    assert from_brush(values, (1, 1)).tolist() == [[True]]


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_masks_come_back(mask):
    packed = to_brush(mask)
    assert all(0 <= value <= 255 for value in packed)
    assert by_the_description(packed) == np.repeat(mask.ravel() * 255, 4).tolist()
    assert np.array_equal(from_brush(packed, mask.shape), mask)


@pytest.mark.parametrize("fill", [False, True])
def test_runs_longer_than_a_count_can_say(fill):
    mask = np.full((200, 300), fill)  # 240,000 words
    mask[150, 7] = not fill
    assert np.array_equal(from_brush(to_brush(mask), mask.shape), mask)


@pytest.mark.parametrize(
    "values",
    [[], [1, 2, 3], GOLDEN[:-2], [0, 0, 0, 9, *GOLDEN[4:]], [255] * 40, [0, 0, 0, 300], [-1] * 12],
)
def test_damaged_ones_are_refused(values):
    with pytest.raises(DataError, match="not of 2x1 pixels"):
        from_brush(values, (1, 2))


def test_one_of_another_photo_is_refused():
    with pytest.raises(DataError, match="not of 3x1 pixels"):
        from_brush(GOLDEN, (1, 3))


@pytest.mark.parametrize("values", [10**12, -1, None, "text", {"a": 1}, [300], [1.5]])
@pytest.mark.usefixtures("unchecked")
def test_what_is_no_list_of_bytes_is_refused(values):
    with pytest.raises(DataError, match="damaged"):
        from_brush(values, (4, 5))
