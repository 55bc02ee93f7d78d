"""The grid of the road that is drawn back on a photo."""

import numpy as np
import pytest
from tests.measure.roads import SIZE, rectangle, road_to_photo, seen

from upcracknet.measure.grid import LINES_COLOUR, MARKS_COLOUR, draw_grid
from upcracknet.measure.scale import Scale


def is_colour(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (picture == colour).all(axis=2)


@pytest.mark.parametrize(
    ("number", "step"), [(0.2, 10), (1.0, 100), (5.0, 500), (20.0, 1000), (1e6, 100_000)]
)
def test_lines_lie_as_far_apart_as_is_said(number, step):
    photo = np.full((600, 700, 3), 90, np.uint8)
    picture, found = draw_grid(photo, Scale.uniform(number))
    assert found == step
    row = np.flatnonzero(is_colour(picture, LINES_COLOUR)[-3])
    if step / number < 700:
        assert len(row) >= min(700, 700 * number / step) - 2
        np.testing.assert_allclose(np.diff(row), step / number, atol=1)


def test_large_photos_are_shrunk_and_their_grid_with_them():
    picture, step = draw_grid(np.zeros((3000, 4000, 3), np.uint8), Scale.uniform(1.25))
    assert picture.shape == (1200, 1600, 3)
    row = np.flatnonzero(is_colour(picture, LINES_COLOUR)[-3])
    assert step == 500  # 100 mm would be 32 pixels: too near to each other
    assert len(row) == 9
    np.testing.assert_allclose(np.diff(row), 160, atol=1)


def test_the_grid_of_a_rectangle_follows_its_sides_and_ends_with_the_scale():
    corners = seen(road_to_photo(70), rectangle(70, 1000.0, 1000.0))
    marks = [(x, y) for x, y in corners]
    scale = Scale.from_rectangle(marks, 1000.0, 1000.0, SIZE)
    photo = np.full((*SIZE, 3), 90, np.uint8)
    picture, step = draw_grid(photo, scale, marks)
    lines = is_colour(draw_grid(photo, scale)[0], LINES_COLOUR)
    assert step == 1000 or 1000 % step == 0  # so that the rectangle's own sides are lines
    shares = np.linspace(0.05, 0.95, 30)[:, None]
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        for x, y in np.rint(start + shares * (end - start)).astype(int):
            assert lines[y - 2 : y + 3, x - 2 : x + 3].any()
    assert (picture[0, 600:] == 30).all()  # the sky is dark
    assert is_colour(picture, MARKS_COLOUR).any()
    assert not is_colour(draw_grid(photo, scale)[0], MARKS_COLOUR).any()
    assert (photo == 90).all()
