import cv2
import numpy as np
import pytest
from skimage.filters import apply_hysteresis_threshold, threshold_otsu
from skimage.measure import label, regionprops

from upcracknet.detection.threshold import (
    Threshold,
    apply_threshold,
    otsu_level,
    undamaged_level,
)
from upcracknet.errors import DataError


def two_classes(seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    score = generator.normal(0.02, 0.005, (60, 80))
    score[20:30] = generator.normal(0.09, 0.01, (10, 80))
    return score.clip(0, 1).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_otsu_agrees_with_scikit_image(seed):
    score = two_classes(seed)
    assert otsu_level(score) == pytest.approx(float(threshold_otsu(score, nbins=256)), abs=1e-4)


def test_otsu_of_an_8_bit_map_agrees_with_opencv():
    grey = (two_classes(0) * 2550).clip(0, 255).astype(np.uint8)
    level, expected = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    found = apply_threshold(grey.astype(np.float32) / 255, otsu_level(grey.astype(np.float32) / 255))
    assert np.count_nonzero(found != (expected > 0)) <= 0.001 * found.size, level


def test_otsu_sees_small_scores():
    # In 8 bits these scores would all be 0 or 1.
    score = np.full((10, 10), 0.001, np.float32)
    score[5] = 0.003
    assert apply_threshold(score, otsu_level(score)).sum() == 10


def test_a_flat_map_has_no_crack():
    flat = np.full((8, 8), 0.3, np.float32)
    assert not apply_threshold(flat, Threshold().level(flat)).any()


def test_the_floor_keeps_a_clean_road_clean():
    generator = np.random.default_rng(1)
    undamaged = [generator.gamma(2, 0.005, (64, 64)).astype(np.float32) for _ in range(4)]
    plain, fitted = Threshold(), Threshold().fit(undamaged)
    fresh = generator.gamma(2, 0.005, (64, 64)).astype(np.float32)
    assert apply_threshold(fresh, plain.level(fresh)).mean() > 0.1
    assert apply_threshold(fresh, fitted.level(fresh)).mean() < 0.006


def test_a_crack_above_the_floor_is_split_off_by_otsu():
    score = two_classes(0)
    assert Threshold(floor=0.03).level(score) == otsu_level(score)


def test_a_fitted_level_leaves_the_stated_share_of_false_alarms():
    scores = [np.linspace(0, 1, 1000, dtype=np.float32).reshape(10, 100)] * 2
    fitted = Threshold(false_alarm_share=0.01).fit(scores)
    assert apply_threshold(scores[0], fitted.level(scores[0])).mean() == pytest.approx(0.01, abs=0.001)


def test_calibrating_on_nothing_is_refused():
    with pytest.raises(DataError, match="at least one photo"):
        undamaged_level([], 0.01)


def test_specks_are_dropped_and_thin_lines_kept():
    score = np.zeros((40, 40), np.float32)
    score[5:9, 5:9] = 1
    score[np.arange(12, 32), np.arange(12, 32)] = 1
    score[36, 2:12] = 1
    found = apply_threshold(score, 0.5, minimum_extent=10)
    assert not found[5:9, 5:9].any()
    assert found[np.arange(12, 32), np.arange(12, 32)].all()
    assert found[36, 2:12].all()
    assert apply_threshold(score, 0.5, minimum_extent=11)[36].sum() == 0
    assert apply_threshold(np.zeros((4, 4), np.float32), 0.5, minimum_extent=3).sum() == 0


def test_extents_agree_with_scikit_image():
    score = np.random.default_rng(0).random((60, 80)).astype(np.float32)
    mask = score > 0.7
    expected = np.zeros_like(mask)
    for region in regionprops(label(mask, connectivity=2)):
        top, left, bottom, right = region.bbox
        if max(bottom - top, right - left) >= 6:
            expected[tuple(region.coords.T)] = True
    np.testing.assert_array_equal(apply_threshold(score, 0.7, minimum_extent=6), expected)


def test_hysteresis_keeps_only_what_is_somewhere_certain():
    score = np.zeros((8, 20), np.float32)
    score[2, 2:8] = 0.6
    score[2, 5] = 0.95
    score[6, 10:18] = 0.6
    kept = apply_threshold(score, 0.5, hysteresis=0.9)
    assert kept[2, 2:8].all()
    assert not kept[6].any()
    np.testing.assert_array_equal(kept, apply_hysteresis_threshold(score, 0.5, 0.9))
    assert apply_threshold(score, 0.5, hysteresis=0.4)[6].any()  # below the level it asks for nothing
    assert not apply_threshold(score, 0.5, minimum_extent=8, hysteresis=0.9).any()  # both must hold
