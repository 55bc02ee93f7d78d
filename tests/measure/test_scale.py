"""Millimetres of road a pixel covers, where that comes from, and what is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.measure.roads import SIZE, centre, rectangle, road_to_photo, seen

from upcracknet.errors import ConfigurationError
from upcracknet.measure.homography import CONTINUATION
from upcracknet.measure.scale import Scale

TILTS = [0, 30, 40, 50, 60]
LANE = 1200.0, 800.0
SQUARE = [(100.0, 100.0), (500.0, 100.0), (500.0, 500.0), (100.0, 500.0)]


def marked(tilt_deg: float, **options) -> Scale:
    corners = seen(road_to_photo(tilt_deg), rectangle(tilt_deg, *LANE, **options))
    return Scale.from_rectangle([(x, y) for x, y in corners], *LANE, SIZE, "a.jpg")


def length(path: np.ndarray) -> float:
    return float(np.hypot(*np.diff(path, axis=0).T).sum())


def test_a_number_counts_everywhere_and_for_every_size():
    scale = Scale.uniform(1.5)
    places = np.array([[0, 0], [10, 0], [10, 20]])
    np.testing.assert_allclose(scale.to_road(places), places * 1.5)
    np.testing.assert_allclose(scale.millimetres_per_pixel_at(places), 1.5)
    assert scale.millimetres_per_pixel == pytest.approx(1.5)
    assert scale.for_photo(7, 9) is scale
    assert (scale.source, scale.uncertainty, scale.method) == ("given: 1.5 mm per pixel", 0.05, "number")


@pytest.mark.parametrize("number", [0.0, -1.5, math.nan, math.inf])
def test_a_number_is_above_zero(number):
    with pytest.raises(ConfigurationError, match="expected a number above 0"):
        Scale.uniform(number)


@pytest.mark.parametrize("uncertainty", [-0.1, 1.0, math.nan])
def test_an_uncertainty_is_a_share(uncertainty):
    with pytest.raises(ConfigurationError, match=r"0\.02 is 2 %"):
        Scale.uniform(1.0, uncertainty=uncertainty)


def test_two_points_give_one_number_and_how_sure_it_is():
    scale = Scale.from_points([(100.0, 100.0), (400.0, 500.0)], 1000.0, SIZE, "ruler.jpg")
    assert scale.millimetres_per_pixel == pytest.approx(2)
    assert scale.source == "two points 1000 mm apart in ruler.jpg"
    moved = np.random.default_rng(0).normal((100, 100, 400, 500), 1, (20_000, 4))
    spread = np.std(np.hypot(moved[:, 2] - moved[:, 0], moved[:, 3] - moved[:, 1])) / 500
    assert scale.uncertainty == pytest.approx(spread, rel=0.03)


@pytest.mark.parametrize(
    ("points", "millimetres", "message"),
    [
        ([(1.0, 1.0), (2.0, 2.0), (300.0, 300.0)], 1000.0, "3 given, expected two points"),
        ([(1.0, 1.0)], 1000.0, "1 given, expected two points"),
        ([(1.0, 1.0), (1200.0, 5.0)], 1000.0, "1200,5 lies outside; expected x up to 1199 and y up to 899"),
        ([(1.0, 1.0), (math.nan, 5.0)], 1000.0, "nan,5 lies outside"),
        ([(1.0, 1.0), (1.0, 1.0)], 1000.0, "0 pixels apart, too close"),
        ([(1.0, 1.0), (4.0, 5.0)], 1000.0, "5 pixels apart, too close"),
        ([(1.0, 1.0), (400.0, 5.0)], 0.0, "distance between the points is 0 mm, expected a length above 0"),
        ([(1.0, 1.0), (400.0, 5.0)], -3.0, "above 0"),
    ],
)
def test_points_that_give_no_scale(points, millimetres, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        Scale.from_points(points, millimetres, SIZE, "a.jpg")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("tilt", TILTS)
@pytest.mark.parametrize("turned", [0, 25, 90])
def test_a_rectangle_makes_the_road_flat(tilt, turned):
    """Curves in all places of the photo have their true length, within the numbers' own rounding."""
    scale = marked(tilt, turned_deg=turned)
    angles = np.linspace(0, 4, 200)
    curve = centre(tilt) + np.column_stack([400 * angles - 800, 300 * np.sin(2 * angles)])
    photographed = seen(road_to_photo(tilt), curve)
    assert length(scale.to_road(photographed)) == pytest.approx(length(curve), rel=1e-4)
    # Areas: the root of the pixel's area, against the true change of area by finite steps.
    steps = np.array([(0, 0), (0.01, 0), (0, 0.01)])
    corners = [scale.to_road(photographed + step) for step in steps]
    across, down = corners[1] - corners[0], corners[2] - corners[0]
    area = np.abs(across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]) / 1e-4
    np.testing.assert_allclose(scale.millimetres_per_pixel_at(photographed) ** 2, area, rtol=1e-3)


@pytest.mark.parametrize("tilt", TILTS[1:])
@pytest.mark.parametrize("width_mm", [12, 40])
def test_drawn_bars_seen_from_the_side_keep_length_and_width(tilt, width_mm):
    """Corners are marked to whole pixels; bars are drawn in the photo as masks, in all directions."""
    to_photo = road_to_photo(tilt)
    corners = np.rint(seen(to_photo, rectangle(tilt, *LANE)))
    scale = Scale.from_rectangle([(x, y) for x, y in corners], *LANE, SIZE, "a.jpg")
    for direction in np.radians(np.array([7, 52, 97, 142])):
        along = np.array([np.cos(direction), np.sin(direction)])
        across = np.array([-along[1], along[0]])
        middle = centre(tilt)
        ends = [(-450, -0.5), (450, -0.5), (450, 0.5), (-450, 0.5)]
        outline = seen(to_photo, np.array([middle + u * along + v * width_mm * across for u, v in ends]))
        # The photo's mask, four times as fine, and no bar along its rows: its own steps do not count.
        left_top, right_bottom = np.floor(outline.min(axis=0)), np.ceil(outline.max(axis=0))
        columns, rows = (np.arange(*ends, 1 / 4) for ends in zip(left_top, right_bottom, strict=True))
        pixels = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        sides = np.roll(outline, -1, axis=0) - outline
        turns = [(side[0] * (pixels - start)[:, 1] - side[1] * (pixels - start)[:, 0])
                 for start, side in zip(outline, sides, strict=True)]  # fmt: skip
        pixels = pixels[(np.array(turns) <= 0).all(axis=0)]
        places = scale.to_road(pixels)
        area = float(np.square(scale.millimetres_per_pixel_at(pixels)).sum()) / 16
        axis = np.linalg.eigh(np.cov(places.T))[1][:, 1]
        found = float(np.ptp(places @ axis))
        assert found == pytest.approx(900, rel=0.03)
        assert area / found == pytest.approx(width_mm, rel=0.03)


@pytest.mark.parametrize("tilt", [0, 45, 60])
def test_the_uncertainty_of_a_rectangle_is_what_errors_of_its_corners_do(tilt):
    to_photo, random, true = road_to_photo(tilt), np.random.default_rng(0), marked(tilt)
    x, y = np.meshgrid(np.arange(5, SIZE[1], 80.0), np.arange(5, SIZE[0], 80.0))
    places = np.column_stack([x.ravel(), y.ravel()])
    places = places[np.isfinite(true.to_road(places + 1)).all(axis=1)]
    steps = ((1, 0), (0, 1))

    def sides(scale: Scale) -> np.ndarray:
        everywhere = replace(scale, coarsest=None)
        start = everywhere.to_road(places)
        return np.stack([np.linalg.norm(everywhere.to_road(places + step) - start, axis=1) for step in steps])

    errors = []
    for _ in range(60):
        corners = seen(to_photo, rectangle(tilt, *LANE)) + random.normal(0, 1, (4, 2))
        errors.append(
            sides(Scale.from_rectangle([(x, y) for x, y in corners], *LANE, SIZE)) / sides(true) - 1
        )
    assert true.uncertainty == pytest.approx(np.sqrt(np.square(errors).mean()), rel=0.2)


def test_the_road_is_not_mirrored_however_the_corners_run():
    corners = [(x, y) for x, y in seen(road_to_photo(30), rectangle(30, *LANE))]
    for scale in (
        Scale.from_rectangle(corners, *LANE, SIZE),
        Scale.from_rectangle([corners[0], *corners[:0:-1]], *LANE[::-1], SIZE),
    ):
        first, right, below = scale.to_road(np.array([(600.0, 500), (601, 500), (600, 501)]))
        along, down = right - first, below - first
        assert along[0] * down[1] - along[1] * down[0] > 0


def test_beyond_the_horizon_and_far_beyond_the_rectangle_nothing_is_measured():
    corners = seen(road_to_photo(70), rectangle(70, 3000, 3000))
    scale = Scale.from_rectangle([(x, y) for x, y in corners], 3000.0, 3000.0, SIZE)
    column = np.column_stack([np.full(SIZE[0], 600), np.arange(SIZE[0])])
    covered = scale.millimetres_per_pixel_at(column)
    known = np.isfinite(covered)
    assert np.array_equal(known, np.isfinite(scale.to_road(column)).all(axis=1))
    first = np.argmax(known)
    assert known[first:].all() and 0 < first < corners[:, 1].min()
    farthest = scale.millimetres_per_pixel_at(corners).max()
    assert covered[first] == pytest.approx(CONTINUATION * farthest, rel=0.03)
    everywhere = replace(scale, coarsest=None).to_road(column)
    horizon = (SIZE[0] - 1) / 2 - 1000 / np.tan(np.radians(70))
    np.testing.assert_array_equal(np.isfinite(everywhere[:, 0]), column[:, 1] > horizon)


@pytest.mark.parametrize(
    ("corners", "size", "message"),
    [
        (SQUARE[:3], LANE, "3 given, expected four corners"),
        ([*SQUARE, (3.0, 3.0)], LANE, "5 given, expected four corners"),
        ([SQUARE[0], SQUARE[1], (900.0, 100.0), SQUARE[3]], LANE, "three of the corners lie on a line"),
        ([SQUARE[0], SQUARE[0], *SQUARE[2:]], LANE, "three of the corners lie on a line"),
        ([(50.0, 50.0), (60.0, 60.0), (70.0, 70.0), (80.0, 80.0)], LANE, "lie on a line"),
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], LANE, "crosses itself or is dented"),
        ([*SQUARE[:2], (250.0, 200.0), SQUARE[3]], LANE, "crosses itself or is dented"),
        ([(-5.0, 100.0), *SQUARE[1:]], LANE, "-5,100 lies outside"),
        (SQUARE, (0.0, 5.0), "the rectangle's width is 0 mm"),
        (SQUARE, (5.0, -1.0), "the rectangle's height is -1 mm"),
        ([(10.0, 10.0), (16.0, 10.0), (17.0, 14.0), (9.0, 14.0)], LANE, "mark a rectangle that is larger"),
    ],
)
def test_corners_that_give_no_scale(corners, size, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        Scale.from_rectangle(corners, *size, SIZE, "a.jpg")
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("factor", [0.5, 1 / 3, 2])
def test_a_photo_of_another_size_gets_the_scale_that_goes_with_it(factor):
    scale, height, width = marked(40), round(SIZE[0] * factor), round(SIZE[1] * factor)
    other = scale.for_photo(height, width)
    assert other.size == (height, width)
    places = np.array([(200.0, 400), (700, 500)])
    there = (places + 0.5) * factor - 0.5
    np.testing.assert_allclose(other.to_road(there), scale.to_road(places), rtol=1e-9, atol=1e-6)
    covered = scale.millimetres_per_pixel_at(places) / factor
    np.testing.assert_allclose(other.millimetres_per_pixel_at(there), covered, rtol=1e-9)
    assert other.coarsest == pytest.approx(scale.coarsest / factor)


def test_the_number_of_a_smaller_photo_is_larger():
    scale = Scale.from_points([(100.0, 100.0), (400.0, 500.0)], 1000.0, SIZE)
    assert scale.for_photo(301, 401).millimetres_per_pixel == pytest.approx(6, rel=0.01)


@pytest.mark.parametrize("size", [(1200, 900), (900, 1600), (900, 1100)])
def test_photos_of_another_shape_need_a_scale_of_their_own(size):
    with pytest.raises(ConfigurationError, match=r"made on one of 1200×900; .* --for FOLDER"):
        marked(40).for_photo(*size)


@pytest.mark.parametrize("tilt", [-45, 11])
def test_oblique_photos_get_millimetres_by_a_rectangle_alone(tilt):
    assert marked(40).for_photo(*SIZE, float(tilt)).method == "rectangle"
    for scale in (Scale.uniform(1.2), Scale.from_points([(0.0, 0.0), (400.0, 0.0)], 900.0, SIZE)):
        assert scale.for_photo(*SIZE, 9.0).uncertainty == scale.uncertainty
        with pytest.raises(ConfigurationError, match=f"tilted by {abs(tilt)}° .*mark a rectangle"):
            scale.for_photo(*SIZE, float(tilt))


def test_a_matrix_that_maps_to_no_area_is_refused():
    with pytest.raises(ConfigurationError, match="maps the photo to no area"):
        replace(Scale.uniform(1.0), matrix=((1.0, 0.0, 0.0), (2.0, 0.0, 0.0), (0.0, 0.0, 1.0)))
