import cv2
import numpy as np
import pytest
from benchmarks.drawn_cracks import SIZE, bar, coverage, covered, sine, turned
from scipy.ndimage import distance_transform_edt

from upcracknet.measure import measure_cracks

ANGLES = range(0, 180, 10)


@pytest.mark.parametrize(
    ("width", "tolerance"), [(1, 0.6), (2, 0.6), (3, 0.3), (4, 0.3), (8, 0.3), (20, 0.3), (60, 0.3)]
)
def test_mean_width_of_bars(width, tolerance):
    for angle in ANGLES:
        (crack,) = measure_cracks(bar(width, angle))
        # Along rows and columns a bar is some whole pixels wide, and no measure of a mask can tell more.
        truth = bar(width, angle)[:, SIZE // 2].sum() if angle == 0 else width
        truth = bar(width, angle)[SIZE // 2].sum() if angle == 90 else truth
        assert crack.width_mean_px == pytest.approx(truth, abs=tolerance), angle
        assert crack.width_median_px == pytest.approx(truth, abs=tolerance + 0.2), angle
        assert crack.width_p95_px <= crack.width_max_px < truth + 1, angle


@pytest.mark.parametrize("width", [3, 8, 20])
def test_mean_width_of_winding_cracks(width):
    for angle in range(0, 180, 30):
        (crack,) = measure_cracks(sine(width, angle, 20, 150)[0])
        assert crack.width_mean_px == pytest.approx(width, abs=0.3), angle


def test_widths_of_a_crack_that_widens():
    mask = covered(lambda x, y: (np.abs(x) <= 150) & (np.abs(y) <= 5 + x / 50), 25) >= 0.5
    (crack,) = measure_cracks(mask)
    assert crack.width_mean_px == pytest.approx(10, abs=0.3)
    assert crack.width_median_px == pytest.approx(10, abs=0.3)
    assert crack.width_p95_px == pytest.approx(15.4, abs=0.5)
    assert crack.width_max_px == pytest.approx(16, abs=0.5)
    end = turned(np.array([150.0]), np.zeros(1), 25)[0]
    assert np.hypot(*(end - crack.width_max_place)) < 20


def test_widths_agree_with_the_exact_distance_transform():
    mask, _ = sine(15, 35, 20, 150)
    (crack,) = measure_cracks(mask)
    x, y = np.rint(crack.axis[0][10:-10]).astype(int).T
    diameter = 2 * distance_transform_edt(mask)[y, x]
    assert crack.width_along_px[0][10:-10] == pytest.approx(diameter, abs=2)
    assert crack.width_mean_px == pytest.approx(diameter.mean(), abs=0.5)


def test_a_junction_does_not_widen_a_crack():
    (crack,) = measure_cracks(bar(8, 20) | bar(8, 110))
    assert crack.width_max_px < 9


def test_narrow_cracks_cannot_be_graded():
    assert not measure_cracks(bar(2, 20))[0].gradable
    assert measure_cracks(bar(3.5, 20))[0].gradable


def photo_of(width: float, angle: float, contrast: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """A grey road with a dark crack, slightly blurred, and a mask that is two pixels too wide all around."""
    crack = coverage(width, angle)
    grain = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 1, crack.shape), (0, 0), 1.2)
    grey = 140 - contrast * cv2.GaussianBlur(crack, (0, 0), 0.8) + noise * grain / grain.std()
    mask = cv2.dilate((crack >= 0.5).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.clip(grey, 0, 255).astype(np.uint8), mask


@pytest.mark.parametrize("width", [3.4, 6.7, 14.5])
@pytest.mark.parametrize("noise", [0, 8])
def test_the_photo_refines_the_width(width, noise):
    for angle in (0, 17, 45):
        photo, mask = photo_of(width, angle, contrast=60, noise=noise)
        (refined,) = measure_cracks(mask, photo=photo)
        assert refined.width_mean_px == pytest.approx(width, abs=0.5), angle
        (coarse,) = measure_cracks(mask)
        assert coarse.width_mean_px > width + 3


@pytest.mark.parametrize("angle", [0, 17, 45])
def test_the_lit_wall_of_a_wide_crack_is_crack(angle):
    width = 44
    inner, outer = coverage(width - 16, angle), coverage(width, angle)  # a wall of 8 pixels at each side
    grey = 140 - 25 * cv2.GaussianBlur(outer, (0, 0), 0.8) - 75 * cv2.GaussianBlur(inner, (0, 0), 0.8)
    mask = cv2.dilate((outer >= 0.5).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    (crack,) = measure_cracks(mask, photo=grey.astype(np.uint8))
    assert crack.width_mean_px == pytest.approx(width, abs=3.5)


def test_a_stone_in_a_wide_crack_does_not_move_its_rims():
    photo, mask = photo_of(30, 17, contrast=60, noise=0)
    photo[covered(lambda x, y: (np.abs(x) <= 40) & (np.abs(y - 8) <= 3), 17) > 0] = 150
    (crack,) = measure_cracks(mask, photo=photo)
    assert np.abs(crack.width_along_px[0] - 30).max() < 2


def test_a_colour_photo_is_as_good():
    photo, mask = photo_of(6.7, 17, contrast=60, noise=0)
    grey = measure_cracks(mask, photo=photo)[0].width_mean_px
    colour = measure_cracks(mask, photo=np.repeat(photo[..., None], 3, axis=2))[0].width_mean_px
    assert colour == pytest.approx(grey, abs=0.01)


def test_a_photo_without_a_visible_crack_changes_nothing():
    photo, mask = photo_of(6.7, 17, contrast=0, noise=8)
    coarse = measure_cracks(mask)[0].width_mean_px
    assert measure_cracks(mask, photo=photo)[0].width_mean_px == pytest.approx(coarse, abs=0.3)


@pytest.mark.parametrize(("inside", "count"), [(60, 1), (140, 2)])
def test_the_photo_tells_a_wide_crack_from_two(inside, count):
    mask = np.zeros((200, 400), bool)
    mask[90:94, 20:380] = mask[114:118, 20:380] = True
    photo = np.full(mask.shape, 140, np.uint8)
    photo[90:118, 20:380] = inside
    photo[mask] = 60
    assert len(measure_cracks(mask, photo=photo)) == count
