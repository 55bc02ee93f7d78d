import cv2
import numpy as np
import pytest
from benchmarks.drawn_cracks import bar, sine

from upcracknet.data.synthetic import draw_crack_mask
from upcracknet.errors import PhotoError
from upcracknet.measure import Crack, measure_cracks, measure_in_windows


class Uniform:
    """So many millimetres a pixel, each way."""

    source = "a ruler"
    uncertainty = 0.02

    def __init__(self, across: float, down: float) -> None:
        self.step = np.array([across, down])

    def to_road(self, points: np.ndarray) -> np.ndarray:
        return points * self.step


class Oblique:
    """A road seen at an angle: rows that are farther away show more of it."""

    source = "four points"
    uncertainty = 0.01
    matrix = np.array([[0.5, 0.05, -60.0], [0.0, 1.0, -50.0], [0.0, -0.0008, 1.0]])

    def to_road(self, points: np.ndarray) -> np.ndarray:
        places = np.c_[points, np.ones(len(points))] @ self.matrix.T
        return places[:, :2] / places[:, 2:]

    def to_picture(self, places: np.ndarray) -> np.ndarray:
        points = np.c_[places, np.ones(len(places))] @ np.linalg.inv(self.matrix).T
        return points[:, :2] / points[:, 2:]


def test_an_empty_mask_has_no_cracks():
    assert measure_cracks(np.zeros((30, 40), bool)) == []


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 2), (1, 30), (60, 90), (90, 60)])
def test_a_full_mask_is_one_crack_as_long_as_its_longer_side(height, width):
    (crack,) = measure_cracks(np.ones((height, width), bool))
    assert crack.length_px == pytest.approx(max(height, width), abs=0.01)
    assert crack.width_mean_px == crack.width_max_px == pytest.approx(min(height, width), abs=0.01)
    assert crack.area_px == height * width
    if height == width:
        assert crack.orientation_deg is None
    else:
        assert crack.orientation_deg == pytest.approx(0 if width > height else 90, abs=0.01)


def test_a_speck_of_one_pixel():
    mask = np.zeros((30, 40), bool)
    mask[10, 20] = True
    (crack,) = measure_cracks(mask)
    assert (crack.length_px, crack.width_mean_px, crack.area_px) == pytest.approx((1, 1, 1))
    assert crack.orientation_deg is None
    assert crack.width_max_place == pytest.approx((20, 10))
    assert not crack.gradable


def test_the_longest_crack_is_the_first():
    mask = np.zeros((100, 200), bool)
    mask[10:14, 10:60] = mask[50:54, 10:190] = True
    mask[80, 80] = True
    cracks = measure_cracks(mask)
    assert [round(crack.length_px) for crack in cracks] == [180, 50, 1]
    assert [crack.number for crack in cracks] == [1, 2, 3]
    assert [crack.kind for crack in cracks] == ["joint", "transverse", "crack"]
    assert {crack.length_mm for crack in cracks} == {None}


def test_pixels_that_touch_at_a_corner_are_one_crack():
    (crack,) = measure_cracks(np.eye(50, dtype=bool))
    assert crack.length_px == pytest.approx(50 * np.sqrt(2), abs=1)
    assert crack.orientation_deg == pytest.approx(135, abs=0.1)


@pytest.mark.parametrize("value", [1, 255])
def test_masks_of_numbers(value):
    mask = bar(5, 20)
    (crack,) = measure_cracks(mask.astype(np.uint8) * value)
    assert crack.length_px == measure_cracks(mask)[0].length_px


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((4, 5, 3), np.uint8), r"the mask is of shape \(4, 5, 3\); expected height × width"),
        (np.zeros((0, 5), bool), r"the mask is of shape \(0, 5\); expected height × width"),
        (np.linspace(0, 1, 20).reshape(4, 5), "the mask has values from 0.0 to 1.0; expected 0 for road"),
        (np.full((4, 5), np.nan), "the mask has values from nan to nan; expected 0 for road"),
    ],
)
def test_what_is_no_mask_is_refused(mask, message):
    with pytest.raises(PhotoError, match=message):
        measure_cracks(mask)


@pytest.mark.parametrize("photo", [np.zeros((4, 6, 3), np.uint8), np.zeros((4, 5), np.float32)])
def test_another_photo_is_refused(photo):
    with pytest.raises(PhotoError, match="give the photo that the mask was made of"):
        measure_cracks(np.ones((4, 5), bool), photo=photo)


def test_millimetres_of_a_uniform_scale():
    (crack,) = measure_cracks(bar(8, 20), Uniform(1.5, 1.5))
    assert crack.length_mm == pytest.approx(1.5 * crack.length_px)
    assert crack.width_mean_mm == pytest.approx(1.5 * crack.width_mean_px)
    assert crack.width_median_mm == pytest.approx(1.5 * crack.width_median_px)
    assert crack.width_p95_mm == pytest.approx(1.5 * crack.width_p95_px)
    assert crack.width_max_mm == pytest.approx(1.5 * crack.width_max_px)
    assert crack.area_mm2 == pytest.approx(1.5**2 * crack.area_px)
    assert (crack.scale_source, crack.scale_uncertainty) == ("a ruler", 0.02)


def test_millimetres_where_pixels_are_not_square():
    # 45° in the picture; on the road a line of slope 2, whose width is measured at right angles to that.
    (crack,) = measure_cracks(bar(12, 45), Uniform(1, 2))
    assert crack.length_mm == pytest.approx(crack.length_px * np.sqrt(2.5), rel=5e-3)
    assert crack.area_mm2 == pytest.approx(2 * crack.area_px)
    assert crack.width_mean_mm == pytest.approx(12 * 2 / np.sqrt(2.5), rel=0.02)


@pytest.mark.parametrize("angle", [0, 35, 90, 140])
def test_lengths_and_widths_are_those_on_the_road(angle):
    scale = Oblique()
    # A straight crack of 12 mm by 250 mm on the road.
    along = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    across = np.array([-along[1], along[0]])
    y, x = np.mgrid[:500, :600]
    road = scale.to_road(np.c_[x.ravel(), y.ravel()].astype(float)) - [150, 250]
    mask = ((np.abs(road @ along) <= 125) & (np.abs(road @ across) <= 6)).reshape(x.shape)
    assert not mask[[0, -1]].any()
    assert not mask[:, [0, -1]].any()
    (crack,) = measure_cracks(mask, scale)
    assert crack.length_mm == pytest.approx(250, rel=0.02)
    assert crack.width_mean_mm == pytest.approx(12, rel=0.03)
    assert crack.area_mm2 == pytest.approx(250 * 12, rel=0.03)


def same(first: list[Crack], second: list[Crack]) -> None:
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert one.area_px == other.area_px
        assert len(one.axis) == len(other.axis)
        for name in ("length_px", "width_mean_px", "width_median_px", "width_p95_px", "width_max_px"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-6), name


@pytest.mark.parametrize("seed", range(3))
def test_windows_give_the_cracks_of_the_whole_mask(seed):
    generator = np.random.default_rng(seed)
    mask = draw_crack_mask(900, 1100, generator, widths=(2.0, 9.0), pattern="network") >= 0.5
    mask |= draw_crack_mask(900, 1100, generator, widths=(2.0, 20.0), pattern="branching") >= 0.5
    read = []

    def window(rows: slice, columns: slice) -> np.ndarray:
        read.append((rows.stop - rows.start) * (columns.stop - columns.start))
        return mask[rows, columns]

    found = measure_in_windows(window, mask.shape, window=150)
    same(found, measure_cracks(mask))
    assert max(read) <= (150 + 2 * 256) ** 2


def test_a_hollow_crack_through_windows_is_one():
    mask, length = sine(24, 20, 20, 150)
    mask &= ~sine(17, 20, 20, 150)[0]
    (crack,) = measure_in_windows(lambda rows, columns: mask[rows, columns], mask.shape, window=100)
    assert crack.length_px == pytest.approx(length, rel=0.02)
    assert crack.width_mean_px == pytest.approx(24, abs=1)


def test_holes_through_windows_are_filled():
    mask = bar(40, 20)
    for x in range(110, 330, 40):
        cv2.circle(mask.view(np.uint8), (x, round(210 - (x - 210) * 0.364)), 11, 0, -1)
    found = measure_in_windows(lambda rows, columns: mask[rows, columns], mask.shape, window=100)
    same(found, measure_cracks(mask))
    assert found[0].length_px == pytest.approx(300, rel=0.01)


def test_windows_of_a_photo():
    mask = bar(6, 20)
    photo = np.where(mask, 60, 140).astype(np.uint8)
    found = measure_in_windows(
        lambda rows, columns: mask[rows, columns], mask.shape,
        read_photo=lambda rows, columns: photo[rows, columns], window=128,
    )  # fmt: skip
    (whole,) = measure_cracks(mask, photo=photo)
    assert found[0].width_mean_px == pytest.approx(whole.width_mean_px, abs=0.05)


def test_lengths_add_up_in_a_network():
    # 5 lines each way, 60 pixels apart.
    mask = np.zeros((300, 300), bool)
    for at in range(30, 300, 60):
        mask[at : at + 4, 30:274] = mask[30:274, at : at + 4] = True
    (crack,) = measure_cracks(mask)
    assert crack.length_px == pytest.approx(10 * 240, rel=0.01)
    assert len(crack.axis) == 40 - 4  # the four corners are no junctions
    assert crack.orientation_deg is None


def test_cracks_that_nothing_but_junctions_make():
    mask = np.zeros((40, 40), bool)
    mask[10:30, 18:22] = mask[18:22, 10:30] = True
    (crack,) = measure_cracks(mask)
    assert np.isfinite(crack.width_mean_px)
    assert crack.length_px == pytest.approx(40, rel=0.1)
