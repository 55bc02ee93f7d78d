import importlib
from pathlib import Path

import numpy as np
import pytest

from upcracknet.measure import measure_cracks

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def matching():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        yield importlib.import_module("matching")


def axis(start, end, width):
    count = round(float(np.hypot(*np.subtract(end, start)))) + 1
    return np.column_stack([np.linspace(start, end, count), np.full(count, float(width))])


def lines(*boxes):
    mask = np.zeros((200, 300), bool)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = True
    return measure_cracks(mask)


def compared(matching, axes, cracks):
    return matching.compare(axes, [np.full(len(one), 3.0) for one in axes], cracks)


def test_a_crack_that_is_measured_rightly_has_no_error(matching):
    comparison = compared(matching, [axis((20, 52.5), (220, 52.5), 6)], lines((20, 50, 221, 56)))
    assert len(comparison.pieces) == 4
    assert comparison.beside == 0
    assert sum(piece.found_length for piece in comparison.pieces) == pytest.approx(201, abs=1)
    for piece in comparison.pieces:
        assert piece.is_found
        assert piece.found == 1
        assert piece.error == pytest.approx(0, abs=0.1)
        assert piece.turn == pytest.approx(0, abs=0.5)
        assert piece.contrast == 3


def test_what_is_not_measured_is_not_found_and_what_is_not_drawn_lies_beside(matching):
    drawn = [axis((20, 52.5), (220, 52.5), 6)]
    comparison = compared(matching, drawn, lines((20, 50, 121, 56), (20, 150, 121, 154)))
    assert [piece.is_found for piece in comparison.pieces] == [True, True, False, False]
    assert comparison.beside == pytest.approx(101, abs=1)
    assert np.isnan(comparison.pieces[-1].found_width)
    nothing = compared(matching, drawn, [])
    assert not any(piece.is_found for piece in nothing.pieces)
    assert compared(matching, [], lines((20, 50, 121, 56))).beside == pytest.approx(101, abs=1)


def test_a_mask_that_is_too_wide_shows_in_the_width(matching):
    (piece,) = compared(matching, [axis((20, 51.5), (70, 51.5), 4)], lines((20, 48, 71, 56))).pieces
    assert piece.error == pytest.approx(4, abs=0.2)


def test_places_farther_away_than_the_crack_is_wide_are_another_crack(matching):
    comparison = compared(matching, [axis((20, 52.5), (120, 52.5), 4)], lines((20, 57, 121, 61)))
    assert not any(piece.is_found for piece in comparison.pieces)
    assert comparison.beside == pytest.approx(101, abs=1)


def test_both_rims_of_one_crack_are_twice_its_length(matching):
    drawn = [axis((20, 100), (220, 100), 90)]
    comparison = compared(matching, drawn, lines((20, 55, 221, 59), (20, 141, 221, 145)))
    assert sum(piece.found_length for piece in comparison.pieces) == pytest.approx(402, abs=4)


def test_strands_side_by_side_are_left_out_and_one_that_leaves_is_not(matching):
    beside = [axis((20, 52), (220, 52), 6), axis((20, 56), (220, 56), 6)]
    comparison = compared(matching, beside, lines((20, 49, 221, 60)))
    assert comparison.pieces == []
    assert comparison.beside == 0
    branch = [axis((20, 52.5), (220, 52.5), 6), axis((120, 52.5), (120, 152.5), 6)]
    assert len(compared(matching, branch, []).pieces) == 6


def test_the_direction_of_a_line_and_of_its_reverse_are_the_same(matching):
    slanted = [axis((120, 120), (20, 20), 4)]
    mask = np.zeros((200, 300), bool)
    for place in range(20, 121):
        mask[place : place + 3, place - 1 : place + 2] = True
    for piece in compared(matching, slanted, measure_cracks(mask)).pieces:
        assert piece.turn == pytest.approx(0, abs=2)
