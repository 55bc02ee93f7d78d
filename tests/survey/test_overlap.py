"""Photos are 3 m wide and 4 m high; their tops point along the road."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from tests.survey.roads import HEIGHT, SIDE_MM, START, WIDTH, photo

from upcracknet.measure.drone import _onto_level_ground
from upcracknet.measure.scale import Scale, _as_matrix
from upcracknet.measure.scale_file import to_dict
from upcracknet.results.measuring import pixel_side
from upcracknet.survey.overlap import count_once


def shares(photos, roads=None):
    counted, notes = count_once(photos, roads or [0] * len(photos))
    return [one.counted for one in counted], notes


def test_photos_that_do_not_overlap_count_whole():
    found, (note,) = shares([photo(0), photo(4.01), photo(10)])
    assert found == [1, 1, 1]
    assert "of 3 photos 0 count in part and 0 not at all" in note


def test_a_third_of_forward_overlap_counts_once():
    """4 m high, 2.8 m on: 30 % were seen before."""
    found, (note,) = shares([photo(2.8 * number) for number in range(5)])
    assert found == pytest.approx([1, 0.7, 0.7, 0.7, 0.7], abs=0.002)
    assert "of 5 photos 4 count in part" in note


def test_a_dense_series_counts_each_piece_of_road_once():
    """A photo every metre: the last 3 m were seen by three photos before."""
    found, _ = shares([photo(number) for number in range(20)])
    assert sum(found) * 4 == pytest.approx(4 + 19, abs=0.05)


def test_a_car_that_stands_ten_times():
    found, (note,) = shares([photo(0), *[photo(7) for _ in range(10)], photo(14)])
    assert found == [1, 1, *[0] * 9, 1]
    assert "9 not at all" in note


def test_the_order_of_the_names_does_not_matter():
    """The first along the road counts whole."""
    found, _ = shares([photo(2), photo(0)])
    assert found == pytest.approx([0.5, 1], abs=0.002)


def test_beside_each_other():
    """1 m to the east of a photo that is 3 m wide: two thirds were seen."""
    found, _ = shares([photo(0), photo(0, longitude=7 + 1 / 78_847)])
    assert found == pytest.approx([1, 1 / 3], abs=0.002)


def test_photos_turn_with_their_heading():
    """Across the road, a photo that looks east is 4 m long: a metre of each side is new, 2 of 4 × 3 m²."""
    east = photo(0, heading_deg=90.0)
    found, _ = shares([photo(0), east])
    assert found[1] == pytest.approx(1 - 3 * 3 / 12, abs=0.002)
    turned, _ = shares([photo(0, heading_deg=30.0), photo(3, heading_deg=30.0, longitude=7 + 1.732 / 78_847)])
    # Along the heading it moves on by 3 cos 30° + 1.732 sin 30° = 3.464 m, and not aside.
    assert turned[1] == pytest.approx(3.464 / 4, abs=0.005)


def test_over_the_date_line_and_in_the_south():
    one, other = (photo(0, latitude=-17.0, longitude=longitude) for longitude in (-179.99999, 179.99999))
    found, _ = shares([one, other])
    moved_m = 0.00002 * 106_488
    assert found[1] == pytest.approx(moved_m / 3, abs=0.002)


def test_two_passes_are_not_compared():
    """A receiver errs by as much as such a photo shows: what seems the same lane may be the next one."""
    again = photo(0, course_deg=180.0)
    assert shares([photo(0), again])[0] == [1, 1]
    there, back = photo(100), photo(100)
    object.__setattr__(back, "chainage_m", 900.0)
    assert shares([there, back])[0] == [1, 1]


def test_large_photos_of_a_flight_are_compared_between_passes():
    """60 m × 80 m from a drone, on the way back."""
    record = replace(photo(0).record, millimetres_per_pixel=40.0)
    there, back = photo(100, record=record), photo(100, record=record, course_deg=180.0)
    object.__setattr__(back, "chainage_m", 900.0)
    assert shares([there, back])[0] == [1, 0]


def test_roads_are_counted_for_themselves():
    assert shares([photo(0), photo(0)], [0, 1])[0] == [1, 1]


def test_photos_on_no_road_are_left_alone():
    found, notes = shares([photo(0), photo(0)], [None, None])
    assert (found, notes) == ([1, 1], [])


def test_without_outline_a_standing_car_counts_once_and_the_rest_is_named():
    moments = [{"quality": "photo", "time": START + timedelta(seconds=number)} for number in range(4)]
    places = (0, 0.5, 0.9, 2)
    found, notes = shares([photo(metres, **moment) for metres, moment in zip(places, moments, strict=True)])
    assert found == [1, 0, 0, 1]
    assert "camera stood: 2" in notes[0]
    assert "not known of 2 photos" in notes[1]
    assert "counted twice" in notes[1]


def test_without_outline_photos_with_places_of_their_own_all_count():
    """Telephones note an old place again and again: photos of one place may show others."""
    found, _ = shares([photo(0, quality="photo", source="exif") for _ in range(3)])
    assert found == [1, 1, 1]


def test_without_a_scale_there_is_no_outline():
    record = replace(photo(0).record, millimetres_per_pixel=None, scale_source=None)
    found, (note,) = shares([photo(0, record=record), photo(2, record=record)])
    assert found == [1, 1]
    assert "scale" in note


def test_maps_are_counted_whole():
    found, (note,) = shares([photo(0, source="raster"), photo(0, source="raster")])
    assert found == [1, 1]
    assert "Maps are counted whole" in note


def test_thousands_of_photos_are_quick_and_right():
    found, _ = shares([photo(0.5 * number) for number in range(2000)])
    assert sum(found) * HEIGHT * SIDE_MM / 1000 == pytest.approx(4 + 0.5 * 1999, rel=0.002)


@pytest.mark.parametrize("tilt_deg", [0.1, -3.0])
def test_a_drone_that_looks_almost_straight_down_has_outlines(tilt_deg):
    """Its pixels differ by place; a photo that is 40 m high every 10 m: a quarter of it is new."""
    matrix = _onto_level_ground((WIDTH, HEIGHT), 1500.0, np.radians(tilt_deg), 30_000.0)
    scale = Scale(_as_matrix(matrix), "a drone", 0.02, "drone", (HEIGHT, WIDTH))
    assert pixel_side(scale, (HEIGHT, WIDTH)) is None
    record = replace(photo(0).record, millimetres_per_pixel=None, measures={"scale": to_dict(scale)})
    found, (note,) = shares([photo(10.0 * number, record=record) for number in range(4)])
    assert found == pytest.approx([1, 0.25, 0.25, 0.25], abs=0.01)
    assert "of 4 photos 3 count in part" in note


def test_a_scale_of_photos_of_another_form_gives_no_outline():
    scale = replace(Scale.uniform(2.0), size=(30, 30))
    record = replace(photo(0).record, millimetres_per_pixel=None, measures={"scale": to_dict(scale)})
    assert shares([photo(0, record=record), photo(2, record=record)])[0] == [1, 1]


@pytest.mark.parametrize("position", [{}, {"quality": "photo"}])
@pytest.mark.parametrize("changes", [{"status": "failed"}, {"cracks": None}])
def test_a_photo_without_measures_hides_none_that_has_some(position, changes):
    useless = replace(photo(0).record, **changes)
    found, _ = shares([photo(0, record=useless, **position), photo(0.1, **position)])
    assert found[1] == 1


def test_where_a_camera_stood_the_photo_that_has_metres_counts():
    bare = replace(photo(0).record, scale_source=None, millimetres_per_pixel=None)
    found, _ = shares([photo(0, record=bare), photo(0.1, quality="photo"), photo(0.2, quality="photo")])
    assert found == [0, 1, 0]
