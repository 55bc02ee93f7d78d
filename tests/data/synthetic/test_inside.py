import numpy as np
import pytest

from upcracknet.data.synthetic.edges import NARROW
from upcracknet.data.synthetic.inside import fill_wide_crack, wide_shape


def band(width, side=240):
    coverage = np.zeros((side, side), np.float32)
    first = (side - width) // 2
    coverage[first : first + width] = 1
    return coverage


def looks(seed, width=60):
    shape = wide_shape(band(width))
    return shape, fill_wide_crack(shape, np.full((240, 240), 0.6, np.float32), np.random.default_rng(seed))


def test_narrow_cracks_have_no_inside():
    assert wide_shape(band(int(NARROW) - 1)) is None
    assert wide_shape(np.zeros((20, 20), np.float32)) is None


def test_the_width_is_that_of_the_widest():
    shape = wide_shape(np.concatenate([band(30), band(60)]))
    assert shape.width == pytest.approx(60, abs=1.5)
    assert shape.halves[120, 120] == pytest.approx(15, rel=0.2)
    assert shape.halves[360, 120] == pytest.approx(30, rel=0.2)
    assert shape.wideness[360, 120] == 1


@pytest.mark.parametrize("seed", range(12))
def test_it_is_darker_than_the_road_and_never_much_brighter(seed):
    shape, inside = looks(seed)
    within = shape.distance > 3
    assert inside.brightness.min() >= np.float32(0.03)
    assert inside.brightness.max() <= 1.15
    assert np.median(inside.brightness[within]) < 0.9
    assert inside.scale == pytest.approx(30, abs=1)


def test_most_are_darkest_in_the_middle():
    darker = 0
    for seed in range(20):
        shape, inside = looks(seed)
        rows = np.flatnonzero(shape.distance[:, 120] > 0)
        across = inside.brightness[rows].mean(axis=1)
        third = len(across) // 3
        darker += across[third:-third].mean() < across.mean()
    assert darker >= 14


def test_some_are_partly_filled_with_earth_as_bright_as_the_road():
    bright = [(inside.brightness[shape.distance > 8] > 0.7).mean() for shape, inside in map(looks, range(40))]
    assert 3 <= sum(share > 0.05 for share in bright) <= 25
    assert np.median(bright) < 0.05
