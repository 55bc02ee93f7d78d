import numpy as np
import pytest

from upcracknet.survey.changes import crack_change
from upcracknet.survey.registering import Registration


def crack(start, end, width, kind="transverse"):
    """A straight crack with a place each pixel, as a file of cracks has it."""
    count = int(np.hypot(*np.subtract(end, start))) + 1
    axis = np.linspace(start, end, count).tolist()
    return {"kind": kind, "axis": [axis], "width_along_px": [[width] * count]}


def photo(*cracks, width=400, height=300):
    return {"width": width, "height": height, "cracks": list(cracks)}


def laid(shift=(0.0, 0.0), zoom=1.0):
    matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]], [0, 0, 1]])
    return Registration(matrix, points=100, overlap=1.0, pixel=1.0)


def test_a_crack_that_grew_is_kept_in_part_and_new_in_part():
    old = photo(crack((20, 100), (120, 100), 3.0))
    new = photo(crack((30, 140), (230, 140), 5.0))
    change = crack_change(old, new, laid(shift=(10, 40)))
    assert change.kept_px == pytest.approx(100, abs=6)
    assert change.new_px == pytest.approx(100, abs=6)
    assert change.kept_px + change.new_px == pytest.approx(200)
    assert change.gone_px == 0
    assert (change.old_width_px, change.new_width_px) == pytest.approx((3.0, 5.0))


def test_old_lengths_and_widths_are_given_in_pixels_of_the_new_photo():
    old = photo(crack((20, 50), (120, 50), 3.0), crack((20, 120), (70, 120), 3.0))
    new = photo(crack((40, 100), (240, 100), 6.0), width=800, height=600)
    change = crack_change(old, new, laid(zoom=2.0))
    assert change.kept_px == pytest.approx(200)
    assert change.gone_px == pytest.approx(100)
    assert change.old_width_px == pytest.approx(6.0)


def test_only_road_that_both_photos_show_counts():
    """The old photo shows the columns up to 150 of the new one, the new one those from 250 of the old one."""
    old = photo(crack((0, 100), (399, 100), 3.0))
    new = photo(crack((0, 100), (399, 100), 3.0), crack((200, 10), (200, 290), 3.0))
    change = crack_change(old, new, laid(shift=(-249, 0)))
    assert change.kept_px == pytest.approx(150, abs=1)
    assert (change.new_px, change.gone_px) == (0, 0)


def test_a_wide_crack_may_have_grown_to_one_side():
    old = photo(crack((20, 100), (220, 100), 10.0))
    new = photo(crack((20, 112), (220, 112), 34.0))
    assert crack_change(old, new, laid()).new_px == 0
    moved = photo(crack((20, 130), (220, 130), 34.0))
    assert crack_change(old, moved, laid()).kept_px == 0


def test_joints_are_no_cracks_and_unknown_widths_do_not_count():
    known = crack((20, 100), (120, 100), 4.0)
    known["width_along_px"][0][:50] = [None] * 50
    old = photo(crack((20, 100), (120, 100), 2.0), crack((0, 200), (399, 200), 8.0, kind="joint"))
    change = crack_change(old, photo(known), laid())
    assert (change.kept_px, change.gone_px) == pytest.approx((100, 0))
    assert (change.old_width_px, change.new_width_px) == pytest.approx((2.0, 4.0))


def test_without_cracks_there_are_no_widths():
    change = crack_change(photo(), photo(), laid())
    assert (change.kept_px, change.new_px, change.gone_px) == (0, 0, 0)
    assert change.old_width_px is change.new_width_px is None
