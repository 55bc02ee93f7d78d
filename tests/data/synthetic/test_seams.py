import cv2
import numpy as np
import pytest

from upcracknet.data.synthetic import seams


def plain(height=200, width=260):
    return np.full((height, width, 3), 140, np.float32)


def sealed(seed, height=300, width=300):
    scene, covered = plain(height, width), np.zeros((height, width), np.float32)
    scene += np.random.default_rng(0).normal(0, 15, scene.shape[:2]).astype(np.float32)[..., None]
    seams.seal_crack(scene, covered, np.random.default_rng(seed))
    return scene, covered


@pytest.mark.parametrize("lay", [seams.lay_joint, seams.lay_patch, seams.lay_kerb])
@pytest.mark.parametrize("shape", [(1, 1), (2, 90), (61, 33)])
def test_seams_fit_any_size(lay, shape):
    for seed in range(8):
        scene = plain(*shape)
        lay(scene, np.random.default_rng(seed))
        assert np.isfinite(scene).all()
        assert scene.min() >= 0


def test_a_joint_is_dark_and_straight():
    """Straightness by total least squares over the dark pixels of joints that are not crossed by another."""
    residuals = []
    for seed in range(20):
        scene = plain()
        seams.lay_joint(scene, np.random.default_rng(seed))
        dark = np.argwhere(scene[..., 1] < 120).astype(float)
        if len(dark) < 150:  # a pale sealant
            continue
        across = np.linalg.svd(dark - dark.mean(axis=0), full_matrices=False)[1][-1] / np.sqrt(len(dark))
        residuals.append(across)
    assert len(residuals) > 12
    assert np.mean(np.array(residuals) < 7.5) > 0.5  # the standard deviation of a band of 24 pixels is 6.9


def width_of_joint(seed, side):
    """What a joint changes on the lines that cross it, in pixels."""
    scene = plain(side, side)
    seams.lay_joint(scene, np.random.default_rng(seed))
    changed = np.abs(scene[..., 1] - 140) > 0.12 * 140
    crossing = changed.sum(axis=0), changed.sum(axis=1)
    return min(float(np.median(line[line > 0])) for line in crossing if (line > 0).any())


def test_joints_are_hairlines_to_thirty_pixels_on_large_photos_and_narrow_on_small_ones():
    large = [width_of_joint(seed, 600) for seed in range(40)]
    assert np.percentile(large, 15) < 5
    assert 20 < max(large) < 40
    assert max(width_of_joint(seed, 64) for seed in range(40)) < 14


def test_a_sealed_crack_is_a_smooth_dark_band_of_about_constant_width():
    widths = []
    for seed in range(20):
        scene, covered = sealed(seed)
        band = covered > 0.95
        assert scene[band].mean() < 0.85 * 140
        grey = scene.mean(axis=2)
        grain = grey - cv2.GaussianBlur(grey, (0, 0), 1.5)
        inside = cv2.erode(band.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        if inside.sum() > 200:
            assert grain[inside].std() < 0.6 * grain[covered == 0].std()
        depth = cv2.distanceTransform((covered > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        ridge = depth[(depth >= cv2.dilate(depth, np.ones((3, 3)))) & (depth > 0)]
        widths.append(2 * np.median(ridge))
    assert min(widths) < 8
    assert 25 < max(widths) < 75


def test_beyond_the_band_of_a_sealed_crack_the_road_is_as_it_was():
    before = (
        plain(300, 300) + np.random.default_rng(0).normal(0, 15, (300, 300)).astype(np.float32)[..., None]
    )
    scene, covered = sealed(3)
    assert np.array_equal(scene[covered == 0], before[covered == 0])


def test_a_kerb_parts_the_road_from_what_lies_behind():
    """On the side of the road there is at most a shadow, on the other nothing of the road is left."""
    for seed in range(10):
        road, striped = plain(), plain()
        striped[:, ::2] += 20
        striped[:, 1::2] -= 20
        seams.lay_kerb(road, np.random.default_rng(seed))
        seams.lay_kerb(striped, np.random.default_rng(seed))
        shown = np.abs(road - striped).max(axis=2) > 2
        assert shown.any()
        assert (road[shown] <= 140 * 1.21).all()
        assert (~shown).any()
