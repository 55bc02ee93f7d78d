import numpy as np
import pytest

from upcracknet.data.synthetic import marks

ALL = [
    marks.paint_marking,
    marks.roll_tyre_marks,
    marks.spill_stains,
    marks.drop_spots,
]
SHADOWS = [marks.cast_tree_shadow, marks.cast_hard_shadow]


def plain(height=200, width=260):
    return np.full((height, width, 3), 140, np.float32)


@pytest.mark.parametrize("lay", [*ALL, *SHADOWS])
@pytest.mark.parametrize("shape", [(1, 1), (2, 90), (61, 33)])
def test_marks_fit_any_size(lay, shape):
    for seed in range(8):
        scene = plain(*shape)
        lay(scene, np.random.default_rng(seed))
        assert np.isfinite(scene).all()
        assert scene.min() >= 0


@pytest.mark.parametrize("lay", ALL)
def test_marks_change_a_part_of_the_road_in_most_pictures(lay):
    shares = []
    for seed in range(15):
        scene = plain()
        lay(scene, np.random.default_rng(seed))
        shares.append(np.mean(np.abs(scene - 140).max(axis=2) > 5))
    assert np.median(shares) > 0.0005
    assert np.median(shares) < 0.95


def test_paint_is_brighter_than_the_road():
    for seed in range(10):
        scene = plain()
        scene += np.random.default_rng(0).normal(0, 5, scene.shape[:2]).astype(np.float32)[..., None]
        before = scene.copy()
        marks.paint_marking(scene, np.random.default_rng(seed))
        painted = scene[..., 0] - before[..., 0] > 20
        assert scene[..., 0].max() <= 300
        assert (scene[..., 0] >= before[..., 0] - 15).all()
        if painted.any():
            assert scene[painted][:, 0].mean() > 170


def test_tyre_marks_and_shadows_of_rubber_only_darken():
    for seed in range(10):
        scene = plain()
        marks.roll_tyre_marks(scene, np.random.default_rng(seed))
        assert scene.max() <= 140 + 1e-3


@pytest.mark.parametrize("cast", SHADOWS)
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
