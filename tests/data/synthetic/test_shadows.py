import numpy as np
import pytest

from upcracknet.data.synthetic import shadows


@pytest.mark.parametrize("cast", [shadows.cast_tree_shadow, shadows.cast_hard_shadow])
def test_a_shadow_darkens_and_turns_the_light_bluer(cast):
    darkened = 0
    for seed in range(12):
        scene = np.full((150, 210, 3), 140, np.float32)
        cast(scene, np.random.default_rng(seed))
        assert scene.max() <= 140 + 1e-3
        assert scene.min() > 140 * (1 - 0.6 * 1.05) - 1
        shaded = scene[..., 1] < 125
        darkened += shaded.any()
        assert (scene[shaded][:, 2] > scene[shaded][:, 0]).all()
    assert darkened >= 9


@pytest.mark.parametrize("cast", [shadows.cast_tree_shadow, shadows.cast_hard_shadow])
@pytest.mark.parametrize("shape", [(1, 1), (2, 90), (61, 33)])
def test_shadows_fit_any_size(cast, shape):
    for seed in range(6):
        scene = np.full((*shape, 3), 140, np.float32)
        cast(scene, np.random.default_rng(seed))
        assert np.isfinite(scene).all()


def test_line_coordinates_are_a_turned_system_of_unit_length():
    across, along = shadows.line_coordinates(40, 60, np.random.default_rng(3))
    for field in (across, along):
        slopes = np.hypot(*np.gradient(field))
        assert slopes == pytest.approx(np.ones((40, 60)), abs=1e-3)
    product = sum(a * b for a, b in zip(np.gradient(across), np.gradient(along), strict=True))
    assert product == pytest.approx(np.zeros((40, 60)), abs=1e-3)


def test_a_small_turn_keeps_the_line_near_an_axis():
    for seed in range(10):
        across, _ = shadows.line_coordinates(40, 60, np.random.default_rng(seed), turn=0.1)
        down, right = (np.abs(part).mean() for part in np.gradient(across))
        assert min(down, right) <= np.sin(0.1) + 1e-3
