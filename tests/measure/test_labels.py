"""Labels stay within the picture, apart from each other, and off the cracks where they can."""

from itertools import combinations

import cv2
import numpy as np
from tests.measure.drawn import wavy

from upcracknet.measure.labels import place_labels

SIZE = 120, 36


def drawn(lines: list[np.ndarray], height: int, width: int) -> np.ndarray:
    picture = np.zeros((height, width), np.uint8)
    cv2.polylines(picture, [np.rint(points).astype(np.int32) for points in lines], False, 1, 5)
    return picture


def test_labels_are_within_the_picture_and_do_not_touch():
    generator = np.random.default_rng(0)
    ends = generator.uniform((0, 0, 0, 0), (800, 600, 800, 600), (40, 4))
    lines = [wavy((a, b), (c, d), seed) for seed, (a, b, c, d) in enumerate(ends)]
    boxes = [box for box in place_labels(lines, [3.0] * 40, [SIZE] * 40, drawn(lines, 600, 800)) if box]
    assert len(boxes) >= 5
    for left, top, right, bottom in boxes:
        assert (right - left, bottom - top) == SIZE
        assert left >= 0 and top >= 0 and right <= 800 and bottom <= 600
    for one, other in combinations(boxes, 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


def test_a_label_lies_beside_its_crack_and_on_none():
    lines = [wavy((100, 100 + 120 * row), (700, 100 + 120 * row), row, 2) for row in range(4)]
    picture = drawn(lines, 600, 800)
    for points, box in zip(lines, place_labels(lines, [3.0] * 4, [SIZE] * 4, picture), strict=True):
        assert box is not None
        left, top, right, bottom = box
        assert not picture[top:bottom, left:right].any()
        away = np.maximum(0, np.maximum((left, top) - points, points - (right, bottom)))
        assert np.hypot(*away.T).min() <= 25


def test_a_crack_at_the_edge_has_its_label_inside():
    (box,) = place_labels(
        [np.array([[0.0, 0.0], [0.0, 99.0]])], [2.0], [SIZE], np.zeros((100, 200), np.uint8)
    )
    assert box is not None and box[0] >= 0 and box[1] >= 0 and box[3] <= 100


def test_where_there_is_no_room_there_is_no_label():
    line = np.array([[5.0, 5.0], [20.0, 5.0]])
    assert place_labels([line], [2.0], [SIZE], np.zeros((30, 100), np.uint8)) == [None]


def test_only_the_first_may_hide_cracks():
    lines = [np.array([[100.0, 100.0], [700.0, 500.0]]), np.array([[700.0, 100.0], [100.0, 500.0]])]
    first, second = place_labels(lines, [2.0] * 2, [SIZE] * 2, np.ones((600, 800), np.uint8))
    assert first is not None
    assert second is None
