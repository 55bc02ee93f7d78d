"""Things that hide the road, loose or built in."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import convolve
from skimage.morphology import skeletonize

from upcracknet.data.synthetic import fixtures, loose

LOOSE = [
    loose.scatter_pebbles,
    loose.drop_leaves,
    loose.drop_twigs,
    loose.drop_branch,
    loose.run_cable,
    fixtures.set_manhole,
]
ON_WALLS = [fixtures.mount_pipe, fixtures.set_window]


def dropped(drop, seed, height=200, width=260):
    scene = np.full((height, width, 3), 140, np.float32)
    covered = np.zeros((height, width), np.float32)
    drop(scene, covered, np.random.default_rng(seed))
    return scene, covered


@pytest.mark.parametrize("drop", [*LOOSE, *ON_WALLS])
@pytest.mark.parametrize("shape", [(1, 1), (2, 90), (61, 33)])
def test_objects_fit_any_size(drop, shape):
    for seed in range(8):
        scene, covered = dropped(drop, seed, *shape)
        assert np.isfinite(scene).all()
        assert 0 <= covered.min() <= covered.max() <= 1


@pytest.mark.parametrize("drop", LOOSE)
def test_objects_cover_the_road_where_they_lie(drop):
    """Some road is covered, not all; what is far from covered is as it was."""
    shares = []
    for seed in range(12):
        scene, covered = dropped(drop, seed)
        shares.append((covered > 0.5).mean())
        untouched = np.abs(scene - 140).max(axis=2) == 0
        assert untouched.any()
        assert not (untouched & (covered > 0.9)).sum() > 0.1 * (covered > 0.9).sum() + 3
    assert 0 < np.median(shares) < 0.6


def test_a_twig_is_thin_and_a_manhole_is_not():
    def widest(drop):
        return max(int((dropped(drop, seed)[1] > 0.5).sum(axis=0).max()) for seed in range(6))

    assert widest(fixtures.set_manhole) > 60

    areas = [(dropped(loose.drop_twigs, seed)[1] > 0.5).sum() for seed in range(6)]
    assert max(areas) < 3 * 8 * 0.35 * 200


def test_the_shadow_of_a_pebble_is_beside_it():
    darker = 0
    for seed in range(6):
        scene, covered = dropped(loose.scatter_pebbles, seed)
        darker += int(((scene[..., 1] < 110) & (covered < 0.05)).sum())
    assert darker > 10


def test_a_branch_forks():
    """Its skeleton has places where three pieces meet."""
    forks = 0
    for seed in range(8):
        _, covered = dropped(loose.drop_branch, seed, 300, 300)
        skeleton = skeletonize(covered > 0.5)
        around = convolve(skeleton.astype(int), np.ones((3, 3), int), mode="constant")
        forks += (around[skeleton] > 3).any()
    assert forks >= 6


def test_a_cable_is_of_constant_width_and_has_a_shadow_or_is_one():
    shadows = 0
    for seed in range(20):
        scene, covered = dropped(loose.run_cable, seed)
        shadows += ((scene[..., 1] < 130) & (covered == 0)).any()
        depth = cv2.distanceTransform((covered > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        if depth.max() > 2:
            ridge = depth[5:-5, 5:-5][(depth == cv2.dilate(depth, np.ones((3, 3))))[5:-5, 5:-5]]
            inner = ridge[ridge > 0]
            if len(inner) > 20:
                assert np.percentile(inner, 90) < 1.6 * np.median(inner) + 1
    assert shadows >= 17


def test_a_pipe_is_straight_and_darker_on_one_side():
    differences = []
    for seed in range(10):
        scene, covered = dropped(fixtures.mount_pipe, seed)
        pipe = covered > 0.5
        rows, columns = np.nonzero(pipe)
        if len(rows) < 500:
            continue
        points = np.stack([rows, columns], 1) - (rows.mean(), columns.mean())
        across = points @ np.linalg.svd(points, full_matrices=False)[2][1]
        grey = scene[rows, columns, 1]
        differences.append(abs(grey[across > 0].mean() - grey[across < 0].mean()))
    assert len(differences) >= 5
    assert np.median(differences) > 15
