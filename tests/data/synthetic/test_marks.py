import numpy as np
import pytest

from upcracknet.data.synthetic import marks

ALL = [
    marks.lay_joint,
    marks.lay_patch,
    marks.paint_marking,
    marks.roll_tyre_marks,
    marks.spill_stains,
    marks.drop_spots,
]


def plain(height=200, width=260):
    return np.full((height, width, 3), 140, np.float32)


@pytest.mark.parametrize("lay", ALL)
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


def test_a_joint_is_dark_and_straight():
    """Straightness by total least squares over the dark pixels of joints that are not crossed by another."""
    residuals = []
    for seed in range(20):
        scene = plain()
        marks.lay_joint(scene, np.random.default_rng(seed))
        dark = np.argwhere(scene[..., 1] < 120).astype(float)
        assert len(dark) > 150
        across = np.linalg.svd(dark - dark.mean(axis=0), full_matrices=False)[1][-1] / np.sqrt(len(dark))
        residuals.append(across)
    assert np.median(residuals) < 3.5  # the standard deviation of a band of 10 pixels is 2.9
    assert np.mean(np.array(residuals) < 3.5) > 0.5


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
