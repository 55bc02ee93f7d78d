"""Polygons, lines and runs are painted where people drew them."""

import cv2
import numpy as np
import pytest
from pycocotools import mask as pycocotools

from upcracknet.errors import DataError
from upcracknet.exchange.shapes import line, painted, polygon, runs_along, runs_down, unusable


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # pycocotools and NumPy 2
def test_a_polygon_is_filled_as_coco_fills_it():
    square = np.array([[10, 5], [30, 5], [30, 15], [10, 15]], float)
    found = painted([polygon(square)], (20, 40))
    (runs,) = pycocotools.frPyObjects([square.ravel().tolist()], 20, 40)
    assert np.array_equal(found, pycocotools.decode(runs) > 0)
    assert found[5:15, 10:30].all() and found.sum() == 200


def test_a_slanted_polygon_has_its_area():
    corners = np.array([[10.5, 10.2], [80.3, 60.7], [78, 66.1], [8.1, 15.4]])
    x, y = corners.T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert painted([polygon(corners)], (100, 100)).sum() == pytest.approx(area, rel=0.02)


def test_polygons_that_overlap_are_one_crack():
    square = np.array([[2, 2], [8, 2], [8, 8], [2, 8]], float)
    found = painted([polygon(square), polygon(square + 3)], (20, 20))
    assert found.sum() == 36 + 36 - 9


@pytest.mark.parametrize(("width", "rows"), [(1.0, 1), (3.0, 3), (5.0, 5)])
def test_a_line_is_as_wide_as_it_should_be(width, rows):
    found = painted([line(np.array([[5, 10.5], [25, 10.5]]), width)], (20, 40))
    assert (found[:, 15].sum(), found[10, 15]) == (rows, True)


def test_a_slanted_line_has_its_width_and_holds_together():
    found = painted([line(np.array([[10, 10], [85, 40.0]]), 4.0)], (100, 100))
    assert found.sum() == pytest.approx(np.hypot(75, 30) * 4 + np.pi * 4, rel=0.02)  # with round ends
    thin = painted([line(np.array([[10, 10], [85, 40], [60, 90.0]]), 1.0)], (100, 100))
    assert cv2.connectedComponents(thin.astype(np.uint8), connectivity=8)[0] == 2


def test_what_lies_outside_is_left_out():
    far = np.array([[-1e30, 5], [1e30, 5], [np.nan, 9]])
    for shape in (polygon(far), line(far, 3.0), polygon(far[:2]), line(far[:1], 3.0)):
        assert painted([shape], (20, 20)).shape == (20, 20)
    assert not painted([polygon(np.array([[50, 50], [60, 50], [60, 60.0]]))], (20, 20)).any()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (runs_down(np.array([10]), (5, 2)), "2x5 pixels, expected 10x10"),
        (runs_down("1", (10, 10)), "expected 100"),
        (runs_along(np.array([1, 3]), 8, 8, 4, 1), "beyond the photo"),
        (runs_along(np.array([1, 3]), -1, 8, 4, 1), "beyond the photo"),
        (runs_along(np.array([1, 4]), 2, 2, 4, 1), "expected 4"),
        (unusable("box"), "marked by a box"),
    ],
)
def test_damaged_shapes_are_refused(shape, message):
    with pytest.raises(DataError, match=message):
        painted([shape], (10, 10))
