import cv2
import numpy as np

from upcracknet.exchange.parts import parts_of, without_short_parts


def drawn() -> np.ndarray:
    mask = np.zeros((60, 90), bool)
    mask[10:13, 5:50] = True
    mask[13, 50] = True  # touches at a corner
    mask[30:50, 70:72] = True
    mask[55:58, 10:13] = True
    return mask


def test_pixels_that_touch_at_a_corner_are_one_part():
    """As detection and measuring count them; OpenCV is the oracle."""
    mask = drawn()
    parts = parts_of(mask)
    number, _ = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    assert len(parts) == number - 1 == 3
    again = np.zeros_like(mask)
    for part in parts:
        height, width = part.mask.shape
        again[part.top : part.top + height, part.left : part.left + width] |= part.mask
    assert np.array_equal(again, mask)
    assert [(part.left, part.top, part.mask.shape) for part in parts] == [
        (5, 10, (4, 46)),
        (70, 30, (20, 2)),
        (10, 55, (3, 3)),
    ]


def test_parts_within_a_box_of_another_are_not_mixed():
    mask = np.zeros((20, 20), bool)
    mask[2:18, 2] = mask[17, 2:18] = mask[5, 10] = True
    assert sorted(int(part.mask.sum()) for part in parts_of(mask)) == [1, 31]


def test_short_parts_are_left_out():
    """CVAT becomes slow with many shapes."""
    mask = drawn()
    assert len(parts_of(mask, (), 4)) == len(parts_of(without_short_parts(mask, 4))) == 2
    assert not without_short_parts(mask, 4)[55:58, 10:13].any()
    assert without_short_parts(mask, 4)[30:50, 70:72].all()
    assert np.array_equal(without_short_parts(mask, 3), mask)
    assert parts_of(np.zeros((3, 3), bool)) == []


def test_parts_have_what_was_measured_of_them():
    along = {
        "number": 1,
        "kind": "transverse",
        "severity": None,
        "length_px": 45.5,
        "axis": [[[5, 11], [49, 11]]],
    }
    gap = {
        "number": 2,
        "kind": "crack",
        "length_px": 60.0,
        "axis": [[[70.4, 30], [71, 49]], [[11, 56], [11, 57]]],
    }
    first, second, third = parts_of(drawn(), [along, gap])
    assert first.attributes == {"number": 1, "class": "transverse", "length_px": 45.5}
    assert second.attributes == third.attributes == {"number": 2, "class": "crack", "length_px": 60.0}
    assert parts_of(drawn())[0].attributes == {}
