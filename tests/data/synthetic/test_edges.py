import numpy as np
import pytest

from upcracknet.data.synthetic.edges import NARROW, WIDE, crumble, half_widths, inner_distance, wideness


def band(width, side=200):
    coverage = np.zeros((side, side), np.float32)
    first = (side - width) // 2
    coverage[first : first + width] = 1
    return coverage


def inside_and_away_from_the_ends(values):
    return values[:, 60:-60]


@pytest.mark.parametrize("width", [4, 11, 30, 61, 120])
def test_half_a_width_is_measured_all_over_a_band(width):
    coverage = band(width)
    halves = half_widths(inner_distance(coverage))
    measured = inside_and_away_from_the_ends(halves)[inside_and_away_from_the_ends(coverage) > 0]
    assert measured.min() > 0.7 * width / 2
    assert np.median(measured) == pytest.approx(width / 2, rel=0.2, abs=0.6)


def test_distances_are_those_to_the_edge():
    distance = inner_distance(band(21))
    assert distance[99, 100] == pytest.approx(10.5)
    assert distance[89, 100] == pytest.approx(0.5)
    assert not distance[80].any()


def test_a_picture_that_is_all_crack_has_no_edge():
    distance = inner_distance(np.ones((5, 9), np.float32))
    assert distance.max() == 9
    assert np.isfinite(half_widths(distance)).all()
    assert crumble(np.ones((5, 9), np.float32), np.random.default_rng(0)).all()


def test_cracks_become_wide_by_and_by():
    assert wideness(np.full((1, 1), NARROW / 2, np.float32)) == 0
    assert 0 < wideness(np.full((1, 1), (NARROW + WIDE) / 4, np.float32)) < 1
    assert wideness(np.full((1, 1), WIDE / 2, np.float32)) == 1


def test_narrow_cracks_do_not_crumble():
    coverage = band(int(NARROW) - 1)
    assert np.array_equal(crumble(coverage, np.random.default_rng(0)), coverage)


@pytest.mark.parametrize("width", [40, 100])
def test_wide_cracks_have_ragged_edges_and_keep_their_width(width):
    ratios, ragged = [], []
    for seed in range(8):
        broken = crumble(band(width, 320), np.random.default_rng(seed))
        assert 0 <= broken.min() <= broken.max() <= 1
        across = broken.sum(axis=0)
        ratios.append(across.mean() / width)
        ragged.append(across.std() / width)
    assert np.mean(ratios) == pytest.approx(1, abs=0.12)
    assert min(ragged) > 0.02
    assert np.median(ragged) < 0.3
