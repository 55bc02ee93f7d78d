import cv2
import numpy as np
import pytest
from skimage.filters import apply_hysteresis_threshold, threshold_otsu
from skimage.measure import label, regionprops

from upcracknet.detection.threshold import Components, Threshold, otsu_level
from upcracknet.errors import ConfigurationError


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
    found = Threshold().mask(grey.astype(np.float32) / 255)
    assert np.count_nonzero(found != (expected > 0)) <= 0.001 * found.size, level


def test_otsu_sees_small_scores():
    # In 8 bits these scores would all be 0 or 1.
    score = np.full((10, 10), 0.001, np.float32)
    score[5] = 0.003
    assert Threshold().mask(score).sum() == 10


def test_a_flat_map_has_no_crack():
    flat = np.full((8, 8), 0.3, np.float32)
    assert not Threshold().mask(flat).any()


def test_the_floor_keeps_a_clean_road_clean():
    fresh = np.random.default_rng(1).gamma(2, 0.005, (64, 64)).astype(np.float32)
    assert Threshold().mask(fresh).mean() > 0.1
    assert Threshold(floor=float(np.quantile(fresh, 0.998))).mask(fresh).mean() < 0.006


def test_a_crack_above_the_floor_is_split_off_by_otsu():
    score = two_classes(0)
    assert Threshold(floor=0.03).level_of(score) == otsu_level(score)


def test_specks_are_dropped_and_thin_lines_kept():
    score = np.zeros((40, 40), np.float32)
    score[5:9, 5:9] = 1
    score[np.arange(12, 32), np.arange(12, 32)] = 1
    score[36, 2:12] = 1
    found = Threshold(0.5, minimum_extent=10).mask(score)
    assert not found[5:9, 5:9].any()
    assert found[np.arange(12, 32), np.arange(12, 32)].all()
    assert found[36, 2:12].all()
    assert Threshold(0.5, minimum_extent=11).mask(score)[36].sum() == 0
    assert Threshold(0.5, minimum_extent=3).mask(np.zeros((4, 4), np.float32)).sum() == 0


def test_extents_agree_with_scikit_image():
    score = np.random.default_rng(0).random((60, 80)).astype(np.float32)
    mask = score > 0.7
    expected = np.zeros_like(mask)
    for region in regionprops(label(mask, connectivity=2)):
        top, left, bottom, right = region.bbox
        if max(bottom - top, right - left) >= 6:
            expected[tuple(region.coords.T)] = True
    np.testing.assert_array_equal(Threshold(0.7, minimum_extent=6).mask(score), expected)


def test_hysteresis_keeps_only_what_is_somewhere_certain():
    score = np.zeros((8, 20), np.float32)
    score[2, 2:8] = 0.6
    score[2, 5] = 0.95
    score[6, 10:18] = 0.6
    kept = Threshold(0.5, hysteresis=0.9).mask(score)
    assert kept[2, 2:8].all()
    assert not kept[6].any()
    np.testing.assert_array_equal(kept, apply_hysteresis_threshold(score, 0.5, 0.9))
    assert Threshold(0.5, hysteresis=0.4).mask(score)[6].any()  # below the level it asks for nothing
    assert not Threshold(0.5, minimum_extent=8, hysteresis=0.9).mask(score).any()  # both must hold


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (Threshold(), "Otsu on each photo"),
        (Threshold(floor=0.0123), "Otsu on each photo, at least 0.0123"),
        (Threshold(0.25, hysteresis=0.9), "fixed at 0.25, with hysteresis at 0.9"),
        (Threshold(minimum_extent=16), "Otsu on each photo, without specks that reach less than 16 pixels"),
    ],
)
def test_a_threshold_in_words(threshold, words):
    assert str(threshold) == words


@pytest.mark.parametrize(
    "wrong", [{"level": 5.0}, {"hysteresis": -1.0}, {"minimum_extent": -1}, {"floor": 2.0}]
)
def test_thresholds_that_no_score_can_meet_are_refused(wrong):
    with pytest.raises(ConfigurationError, match="threshold: "):
        Threshold(**wrong)


def test_components_agree_with_scikit_image():
    score = np.random.default_rng(2).random((40, 50)).astype(np.float32)
    found = Components.of(score, 0.6)
    regions = regionprops(label(score > 0.6, connectivity=2), intensity_image=score)
    expected = sorted((*r.bbox, r.num_pixels, r.intensity_max) for r in regions)
    boxes = found.boxes[:, [1, 0, 3, 2]].tolist()
    given = sorted(
        (*box, size, peak) for box, size, peak in zip(boxes, found.sizes, found.peaks, strict=True)
    )
    assert np.allclose(given, expected)
