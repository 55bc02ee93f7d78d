import cv2
import numpy as np
import pytest

from upcracknet.data.camera import GRAINS, change_light, photograph


def road_of(grain, seed=0, side=96):
    grey = np.random.default_rng(seed).normal(0, 1, (side, side)).astype(np.float32)
    grey = cv2.GaussianBlur(grey, (0, 0), 0.8)
    return np.repeat((0.5 + grey / grey.std() * grain / 255)[..., None], 3, axis=2).clip(0, 1)


def grain_of(photo):
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    return 255 * float((grey - cv2.GaussianBlur(grey, (0, 0), 6.0)).std())


def pair():
    road = road_of(12)
    photo = road.copy()
    photo[:40] -= np.float32(0.2)
    return photo.clip(0, 1), road


@pytest.mark.parametrize("change", [change_light, photograph])
def test_photo_and_road_change_alike(change):
    photo, road = pair()
    changed = 0
    for seed in range(30):
        one, two = change((photo, road), np.random.default_rng(seed))
        assert one.dtype == two.dtype == np.float32
        assert one.shape == two.shape == photo.shape
        assert 0 <= min(one.min(), two.min()) <= max(one.max(), two.max()) <= 1
        # Below what blur, sharpening and the blocks of a JPEG carry over.
        np.testing.assert_allclose(one[64:], two[64:], atol=1e-5)
        assert one[:32].mean() < two[:32].mean()
        changed += not np.array_equal(two, road)
    assert changed >= 25


def test_contrast_changes_between_its_bounds():
    grains = [
        grain_of(change_light((road_of(16, seed),) * 2, np.random.default_rng(seed))[0]) for seed in range(80)
    ]
    assert min(grains) < 8
    assert max(grains) > 28
    assert np.median(grains) == pytest.approx(16, abs=5)


@pytest.mark.parametrize("grain", [6.0, 30.0])
def test_no_road_is_flattened_or_made_coarse_beyond_the_bounds(grain):
    for seed in range(40):
        changed = grain_of(change_light((road_of(grain, seed),) * 2, np.random.default_rng(seed))[0])
        assert changed < 1.2 * GRAINS[1]
        assert changed > 0.4 * GRAINS[0]  # haze and uneven light take something more


def test_a_camera_blurs_sharpens_adds_noise_and_compresses():
    road = road_of(8)
    ratios = [
        grain_of(photograph((road, road), np.random.default_rng(seed))[0]) / grain_of(road)
        for seed in range(60)
    ]
    assert min(ratios) < 0.7
    assert max(ratios) > 1.5


def test_the_same_generator_state_gives_the_same():
    photo, road = pair()
    for change in (change_light, photograph):
        one, two = (change((photo, road), np.random.default_rng(4)) for _ in range(2))
        assert np.array_equal(one[0], two[0])
        assert np.array_equal(one[1], two[1])
