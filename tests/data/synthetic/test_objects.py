import numpy as np
import pytest

from upcracknet.data.synthetic import objects

ALL = [objects.scatter_pebbles, objects.drop_leaves, objects.drop_twigs, objects.set_manhole]


def dropped(drop, seed, height=200, width=260):
    scene = np.full((height, width, 3), 140, np.float32)
    covered = np.zeros((height, width), np.float32)
    drop(scene, covered, np.random.default_rng(seed))
    return scene, covered


@pytest.mark.parametrize("drop", ALL)
@pytest.mark.parametrize("shape", [(1, 1), (2, 90), (61, 33)])
def test_objects_fit_any_size(drop, shape):
    for seed in range(8):
        scene, covered = dropped(drop, seed, *shape)
        assert np.isfinite(scene).all()
        assert 0 <= covered.min() <= covered.max() <= 1


@pytest.mark.parametrize("drop", ALL)
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

    assert widest(objects.set_manhole) > 60

    areas = [(dropped(objects.drop_twigs, seed)[1] > 0.5).sum() for seed in range(6)]
    assert max(areas) < 3 * 4 * 0.35 * 200 * 1.5


def test_the_shadow_of_a_pebble_is_beside_it():
    darker = 0
    for seed in range(6):
        scene, covered = dropped(objects.scatter_pebbles, seed)
        darker += int(((scene[..., 1] < 110) & (covered < 0.05)).sum())
    assert darker > 10
