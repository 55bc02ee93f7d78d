import numpy as np
import pytest

from upcracknet.data.synthetic import add_distractors, distractors
from upcracknet.data.synthetic.distractors import lay_distractors
from upcracknet.data.synthetic.surfaces import SURFACES

LOOSE = [
    distractors.scatter_pebbles,
    distractors.drop_leaves,
    distractors.drop_twigs,
    distractors.set_manhole,
]


def test_the_photo_itself_is_not_changed_and_the_same_generator_adds_the_same():
    photo = np.full((120, 90, 3), 140, np.uint8)
    first, second = (add_distractors(photo, np.random.default_rng(2)) for _ in range(2))
    assert (photo == 140).all()
    assert np.array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.shape == photo.shape


def test_most_photos_get_something_and_each_something_else():
    photo = np.full((120, 90, 3), 140, np.uint8)
    results = [add_distractors(photo, np.random.default_rng(seed)) for seed in range(30)]
    changed = [result for result in results if not np.array_equal(result, photo)]
    assert 20 < len(changed) <= 30
    assert len({result.tobytes() for result in changed}) == len(changed)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("shape", [(1, 1), (3, 120), (90, 41)])
def test_any_surface_and_size(surface, shape):
    for seed in range(12):
        scene = np.full((*shape, 3), 140, np.float32)
        covered = lay_distractors(scene, np.random.default_rng(seed), surface)
        assert np.isfinite(scene).all()
        assert covered.shape == shape
        assert covered.min() >= 0
        assert covered.max() <= 1


def test_covered_is_what_hides_the_road():
    """Whatever is fully covered looks the same on every road of one tone: no road shows through."""
    seen = 0
    for seed in range(25):
        plain = np.full((160, 160, 3), 140, np.float32)
        striped = plain.copy()
        striped[:, ::2] += 6
        striped[:, 1::2] -= 6
        covered = lay_distractors(plain, np.random.default_rng(seed), "gravel")
        assert np.array_equal(covered, lay_distractors(striped, np.random.default_rng(seed), "gravel"))
        hidden = covered >= 1
        seen += int(hidden.sum())
        assert np.abs(plain - striped)[hidden].max(initial=0) < 2
    assert seen > 500


def test_a_crowded_road_has_more_and_an_empty_one_nothing():
    photo = np.full((64, 64, 3), 140, np.uint8)

    def changed(crowding: float) -> float:
        results = [add_distractors(photo, np.random.default_rng(seed), crowding) for seed in range(30)]
        return float(np.mean([(result != photo).mean() for result in results]))

    assert changed(0.0) == 0
    assert changed(1.0) < changed(3.0)


def dropped(drop, seed, height=200, width=260):
    scene = np.full((height, width, 3), 140, np.float32)
    covered = np.zeros((height, width), np.float32)
    drop(scene, covered, np.random.default_rng(seed))
    return scene, covered


@pytest.mark.parametrize("drop", LOOSE)
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

    assert widest(distractors.set_manhole) > 60

    areas = [(dropped(distractors.drop_twigs, seed)[1] > 0.5).sum() for seed in range(6)]
    assert max(areas) < 3 * 4 * 0.35 * 200 * 1.5


def test_the_shadow_of_a_pebble_is_beside_it():
    darker = 0
    for seed in range(6):
        scene, covered = dropped(distractors.scatter_pebbles, seed)
        darker += int(((scene[..., 1] < 110) & (covered < 0.05)).sum())
    assert darker > 10
