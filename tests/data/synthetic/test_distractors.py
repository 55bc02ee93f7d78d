import numpy as np
import pytest

from upcracknet.data.synthetic import add_distractors, distractors
from upcracknet.data.synthetic.distractors import lay_distractors
from upcracknet.data.synthetic.surfaces import SURFACES


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


def test_a_wall_gets_what_belongs_to_walls(monkeypatch):
    """Pipes, windows and tie holes are never laid on roads, tyre marks and kerbs never on walls."""
    photo = np.full((40, 40, 3), 140, np.uint8)
    seen = {surface: set() for surface in SURFACES}

    def spied(things, surface):
        def spy(lay):
            return lambda *arguments: seen[surface].add(lay.__name__)

        return tuple((spy(lay), frequencies) for lay, frequencies in things)

    flat, covering = distractors._FLAT, distractors._COVERING
    for surface in SURFACES:
        monkeypatch.setattr(distractors, "_FLAT", spied(flat, surface))
        monkeypatch.setattr(distractors, "_COVERING", spied(covering, surface))
        for seed in range(20):
            add_distractors(photo, np.random.default_rng(seed), 3.0, surface=surface)
    only_walls = {"mount_pipe", "set_window"}
    assert only_walls | {"drill_tie_holes"} <= seen["wall"]
    assert not seen["wall"] & {"roll_tyre_marks", "lay_kerb", "scatter_pebbles"}
    for surface in ("asphalt", "concrete", "gravel"):
        assert not seen[surface] & only_walls
