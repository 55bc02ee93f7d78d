import numpy as np
import pytest

from upcracknet.data.synthetic import BESTIARY

NAMES = (
    "manhole",
    "joint",
    "kerb",
    "cable",
    "leaf",
    "tyre mark",
    "sealed crack",
    "tile",
    "brick",
    "tree shadow",
    "branch",
)


def drawn(name, seed, height, width):
    scene = np.full((height, width, 3), 140, np.float32)
    BESTIARY[name](scene, np.zeros((height, width), np.float32), np.random.default_rng(seed))
    return scene


def test_every_thing_has_its_name():
    assert tuple(BESTIARY) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_seen_in_most_pictures_and_is_another_each_time(name):
    scenes = [drawn(name, seed, 200, 200) for seed in range(12)]
    seen = [(np.abs(scene - 140) > 8).any(axis=2).mean() > 0.001 for scene in scenes]
    assert sum(seen) >= 10
    assert len({scene.tobytes() for scene in scenes}) >= 11


@pytest.mark.parametrize("name", NAMES)
def test_the_same_generator_draws_the_same(name):
    assert np.array_equal(drawn(name, 3, 90, 120), drawn(name, 3, 90, 120))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(64, 64), (300, 80), (2000, 1500)])
def test_each_fits_small_and_large_scenes_and_stays_a_picture(name, shape):
    scene = drawn(name, 1, *shape)
    assert scene.shape == (*shape, 3)
    assert scene.dtype == np.float32
    assert np.isfinite(scene).all()
    assert scene.min() > -1
    assert scene.max() < 330


@pytest.mark.parametrize("name", NAMES)
def test_each_stays_within_the_part_of_an_array_that_it_is_given(name):
    whole = np.full((120, 140, 3), 140, np.float32)
    covered = np.zeros(whole[20:-20, 30:-30].shape[:2], np.float32)
    BESTIARY[name](whole[20:-20, 30:-30], covered, np.random.default_rng(5))
    inside = np.zeros(whole.shape[:2], bool)
    inside[20:-20, 30:-30] = True
    assert (whole[~inside] == 140).all()
