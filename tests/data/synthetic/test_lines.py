import numpy as np
import pytest

from upcracknet.data.synthetic.lines import line_coordinates, wave


def test_line_coordinates_are_a_turned_system_of_unit_length():
    across, along = line_coordinates(40, 60, np.random.default_rng(3))
    for field in (across, along):
        slopes = np.hypot(*np.gradient(field))
        assert slopes == pytest.approx(np.ones((40, 60)), abs=1e-3)
    product = sum(a * b for a, b in zip(np.gradient(across), np.gradient(along), strict=True))
    assert product == pytest.approx(np.zeros((40, 60)), abs=1e-3)


def test_a_small_turn_keeps_the_line_near_an_axis():
    for seed in range(10):
        across, _ = line_coordinates(40, 60, np.random.default_rng(seed), turn=0.1)
        down, right = (np.abs(part).mean() for part in np.gradient(across))
        assert min(down, right) <= np.sin(0.1) + 1e-3


def test_a_wave_bends_as_much_as_asked_for_and_smoothly():
    along = np.arange(4000, dtype=np.float32)[None, :] - np.float32(1234.5)
    bends = [wave(along, np.random.default_rng(seed), bend=5.0, period=400.0) for seed in range(60)]
    assert np.sqrt(np.mean(np.square(bends))) == pytest.approx(5 / np.sqrt(2), rel=0.25)
    assert np.abs(np.diff(np.stack(bends), axis=-1)).max() < 1  # below a slope of 45 degrees
