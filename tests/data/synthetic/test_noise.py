import numpy as np
import pytest

from upcracknet.data.synthetic.noise import fractal_noise, log_uniform, slope, smooth_noise, smoothstep


def test_smoothstep_is_the_cubic_of_its_definition():
    values = np.array([-1.0, 0.0, 0.25, 0.5, 1.0, 3.0], np.float32)
    assert smoothstep(values, 0.0, 1.0) == pytest.approx([0, 0, 0.15625, 0.5, 1, 1])  # 3 t^2 - 2 t^3


def test_smoothstep_of_other_bounds():
    assert smoothstep(np.array([4.0, 5.0, 6.0], np.float32), 4.0, 6.0) == pytest.approx([0, 0.5, 1])


def test_slope_is_numpys_gradient():
    heights = np.random.default_rng(0).random((9, 12), dtype=np.float32)
    inside = slice(1, -1), slice(1, -1)
    assert slope(heights, 0.0)[inside] == pytest.approx(2 * np.gradient(heights, axis=1)[inside], abs=1e-5)
    down = slope(heights, np.pi / 2)
    assert down[inside] == pytest.approx(2 * np.gradient(heights, axis=0)[inside], abs=1e-5)


@pytest.mark.parametrize("noise", [smooth_noise, fractal_noise])
@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (131, 97)])
def test_noise_has_its_shape_and_is_seeded(noise, shape):
    first = noise(*shape, np.random.default_rng(4), 10.0)
    second = noise(*shape, np.random.default_rng(4), 10.0)
    other = noise(*shape, np.random.default_rng(5), 10.0)
    assert first.shape == shape
    assert first.dtype == np.float32
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_noise_is_centred_and_of_about_unit_scale():
    for noise in (smooth_noise, fractal_noise):
        field = noise(512, 512, np.random.default_rng(0), 8.0)
        assert abs(field.mean()) < 0.1
        assert 0.6 < field.std() < 1.1


def test_the_cell_is_the_distance_over_which_values_are_alike():
    for cell in (6.0, 40.0):
        field = smooth_noise(512, 512, np.random.default_rng(1), cell)
        near, far = round(cell / 6), round(2 * cell)
        assert np.corrcoef(field[near:].ravel(), field[:-near].ravel())[0, 1] > 0.9
        assert abs(np.corrcoef(field[far:].ravel(), field[:-far].ravel())[0, 1]) < 0.25


def test_a_wider_cell_across_makes_streaks():
    field = smooth_noise(256, 256, np.random.default_rng(2), 3.0, cell_across=60.0)
    assert np.abs(np.diff(field, axis=1)).mean() < 0.2 * np.abs(np.diff(field, axis=0)).mean()


def test_log_uniform_has_as_many_values_below_as_above_the_geometric_mean():
    generator = np.random.default_rng(0)
    values = np.array([log_uniform(generator, 1.0, 100.0) for _ in range(2000)])
    assert values.min() >= 1
    assert values.max() <= 100
    assert np.mean(values < 10) == pytest.approx(0.5, abs=0.05)
