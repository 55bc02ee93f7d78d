import cv2
import numpy as np
import pytest
from benchmarks.drawn_cracks import OFF, SIZE, bar, covered, sine

from upcracknet.measure import close_rims, measure_cracks

ANGLES = range(0, 180, 10)


def off(direction: float | None, truth: float) -> float:
    assert direction is not None
    return abs((direction - truth + 90) % 180 - 90)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 13, 30, 60])
def test_length_and_direction_of_bars(width):
    for angle in ANGLES:
        (crack,) = measure_cracks(bar(width, angle))
        assert crack.length_px == pytest.approx(300, rel=0.01), angle
        assert off(crack.orientation_deg, angle) < 0.5, angle
        assert len(crack.axis) == 1


@pytest.mark.parametrize("width", [1, 2, 3, 6, 20])
def test_length_and_direction_of_short_bars(width):
    for angle in ANGLES:
        (crack,) = measure_cracks(bar(width, angle, length=100, size=160))
        assert crack.length_px == pytest.approx(100, rel=0.01), angle
        assert off(crack.orientation_deg, angle) < 1, angle


@pytest.mark.parametrize(
    ("width", "amplitude", "wave", "step"),
    [(1, 20, 150, 30), (4, 20, 150, 10), (20, 20, 150, 30), (8, 40, 160, 30), (20, 40, 160, 30)],
)
def test_length_and_direction_of_winding_cracks(width, amplitude, wave, step):
    for angle in range(0, 180, step):
        mask, length = sine(width, angle, amplitude, wave)
        (crack,) = measure_cracks(mask)
        assert crack.length_px == pytest.approx(length, rel=0.01), angle
        assert off(crack.orientation_deg, angle) < 1, angle


def test_the_axis_lies_in_the_middle():
    (crack,) = measure_cracks(bar(7, 30))
    (line,) = crack.axis
    normal = np.array([np.sin(np.deg2rad(30)), np.cos(np.deg2rad(30))])
    middle = SIZE / 2 + OFF
    assert np.abs((line - middle) @ normal).max() < 0.8
    assert 0.8 < np.median(np.hypot(*np.diff(line, axis=0).T)) < 1.2


@pytest.mark.parametrize(("width", "rim"), [(16, 3), (24, 3), (40, 5), (60, 6)])
@pytest.mark.parametrize("ends", ["open", "closed"])
def test_both_rims_of_a_wide_crack_are_one(width, rim, ends):
    for angle in ANGLES:
        inside = bar(width - 2 * rim, angle, length=400 if ends == "open" else 300 - 2 * rim)
        (crack,) = measure_cracks(bar(width, angle) & ~inside)
        assert crack.length_px == pytest.approx(300, rel=0.02), angle
        assert crack.width_mean_px == pytest.approx(width, abs=1), angle
        assert off(crack.orientation_deg, angle) < 1, angle


def test_both_rims_of_a_winding_crack_are_one():
    mask, length = sine(24, 20, 20, 150)
    (crack,) = measure_cracks(mask & ~sine(17, 20, 20, 150)[0])
    assert crack.length_px == pytest.approx(length, rel=0.02)
    assert crack.width_mean_px == pytest.approx(24, abs=1)


def test_two_cracks_with_a_block_between_them_stay_two():
    mask = np.zeros((300, 400), bool)
    mask[100:104, 20:380] = mask[160:164, 20:380] = True
    first, second = measure_cracks(mask)
    assert first.length_px == second.length_px == pytest.approx(360, rel=0.01)
    mask[100:164, 20:24] = mask[100:164, 376:380] = True  # closed by cracks across
    (block,) = measure_cracks(mask)
    assert block.width_max_px < 8
    assert block.length_px == pytest.approx(2 * 356 + 2 * 60, rel=0.02)


@pytest.mark.parametrize("angle", [0, 20, 45])
def test_two_cracks_that_run_apart_stay_two(angle):
    def two(x, y):
        gap = 12 + (x + 150) / 37.5  # from 12 pixels to 20
        return (np.abs(x) <= 150) & (np.abs(y) >= gap / 2) & (np.abs(y) <= gap / 2 + 4)

    assert len(measure_cracks(covered(two, angle) >= 0.5)) == 2


@pytest.mark.parametrize("angle", [0, 20, 45])
def test_holes_in_a_wide_crack_are_filled(angle):
    whole = mask = bar(40, angle, length=380)
    for x, y, radius in ((-140, 0, 5), (-90, 3, 10), (-20, 0, 15), (60, 2, 12), (120, 8, 5), (120, -8, 5)):
        mask = mask & (
            covered(lambda u, v, x=x, y=y, radius=radius: np.hypot(u - x, v - y) > radius, angle) > 0.5
        )
    (crack,) = measure_cracks(mask)
    assert crack.length_px == pytest.approx(380, rel=0.01)
    assert (close_rims(mask) == whole).all()


def test_pieces_of_a_network_of_thin_cracks_stay():
    mask = np.zeros((300, 300), bool)
    for place in range(10, 290, 34):
        mask[place : place + 4, 10:286] = mask[10:286, place : place + 4] = True
    assert (close_rims(mask) == mask).all()


@pytest.mark.parametrize(("inside", "width"), [(30, 8), (10, 6)])
def test_holes_wider_than_the_crack_around_them_stay(inside, width):
    y, x = np.mgrid[:200, :200] - 100
    ring = (np.hypot(x, y) > inside) & (np.hypot(x, y) <= inside + width)
    assert (close_rims(ring) == ring).all()


def test_two_cracks_joined_at_both_ends_stay_two():
    mask = np.zeros((100, 150), bool)
    mask[20:52, 20:120] = True
    mask[26:46, 26:114] = False  # 6 pixels wide, 20 apart
    assert (close_rims(mask) == mask).all()


def test_the_angle_of_a_fork_is_not_filled():
    mask = bar(4, 10) | bar(4, 20)
    (crack,) = measure_cracks(mask)
    assert crack.width_max_px < 12
    assert crack.length_px == pytest.approx(
        600 - 4 / np.tan(np.deg2rad(5)), rel=0.03
    )  # one where they overlap


def test_a_ring():
    ring = cv2.circle(np.zeros((300, 300), np.uint8), (150, 150), 100, 1, 5)
    (crack,) = measure_cracks(ring)
    assert crack.length_px == pytest.approx(2 * np.pi * 100, rel=0.01)
    assert crack.orientation_deg is None
    assert len(crack.axis) == 1


@pytest.mark.parametrize("width", [3, 6, 20])
def test_a_cross_has_four_branches(width):
    (crack,) = measure_cracks(bar(width, 20) | bar(width, 110))
    assert len(crack.axis) == 4
    assert crack.length_px == pytest.approx(600, rel=0.01)
    assert crack.width_mean_px == pytest.approx(width, abs=0.3)
    assert crack.orientation_deg is None


def test_a_tee_has_three_branches_from_axis_to_axis():
    mask = np.zeros((300, 400), bool)
    mask[100:106, 50:350] = True
    mask[106:253, 197:203] = True
    (crack,) = measure_cracks(mask)
    assert len(crack.axis) == 3
    assert crack.length_px == pytest.approx(300 + 150, rel=0.01)
    assert off(crack.orientation_deg, 0) < 0.1


def test_a_comb():
    mask = np.zeros((300, 400), bool)
    mask[100:104, 20:380] = True
    for x in range(40, 380, 40):
        mask[104:162, x : x + 4] = True
    (crack,) = measure_cracks(mask)
    assert len(crack.axis) == 9 + 10
    assert crack.length_px == pytest.approx(360 + 9 * 60, rel=0.01)
    assert crack.width_mean_px == pytest.approx(4, abs=0.1)


def test_bumps_of_a_rim_are_no_branches():
    mask = bar(12, 0, size=400)
    for x in range(80, 320, 20):
        mask[191:200, x : x + 3] = True
    (crack,) = measure_cracks(mask)
    assert len(crack.axis) == 1
    assert crack.length_px == pytest.approx(300, rel=0.01)


def test_cracks_up_to_and_along_the_border():
    mask = np.zeros((200, 300), bool)
    mask[:, 100:108] = True
    (crack,) = measure_cracks(mask)
    assert (crack.length_px, crack.width_mean_px) == pytest.approx((200, 8), abs=0.05)
    assert crack.orientation_deg == pytest.approx(90, abs=0.1)
    assert crack.axis[0][[0, -1], 1] == pytest.approx([-0.5, 199.5], abs=0.05)
    along = np.zeros((200, 300), bool)
    along[:6] = True
    (crack,) = measure_cracks(along)
    assert (crack.length_px, crack.width_mean_px) == pytest.approx((300, 6), abs=0.05)


def test_a_wide_crack_with_slanted_ends_has_the_length_of_its_middle():
    y, x = np.mgrid[:120, :400]
    mask = (abs(y - 60) <= 20) & (x >= 50 + y / 2) & (x < 350 + y / 2)
    (crack,) = measure_cracks(mask)
    assert crack.length_px == pytest.approx(300, rel=0.02)
