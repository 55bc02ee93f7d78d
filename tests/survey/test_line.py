import numpy as np
import pytest
from tests.survey.roads import line_north, north

from upcracknet.survey.line import Road, Segments


def places(*metres: float, aside_deg: float = 0.0) -> np.ndarray:
    return np.array([(north(value)[1] + aside_deg, north(value)[0]) for value in metres])


def test_chainage_grows_by_the_metres_of_the_road():
    road = Road(None, line_north(1000.0))
    assert road.length_m == pytest.approx(1000, abs=0.02)
    assert road.chainage_m[0] == 0
    assert np.diff(road.chainage_m) == pytest.approx(50, abs=0.001)


def test_a_piece_of_a_road_begins_and_ends_between_its_places():
    road = Road(None, line_north(1000.0))
    piece = road.between(120.0, 260.0)
    assert len(piece) == 5  # 120, 150, 200, 250, 260
    assert Road(None, np.array(piece)).length_m == pytest.approx(140, abs=0.001)
    assert len(road.between(101.0, 149.0)) == 2


def test_a_piece_of_a_road_over_the_date_line():
    road = Road(None, np.array([[179.999, -17.0], [-179.999, -17.0]]))
    middle = road.length_m / 2
    (west, _), (east, _) = road.between(middle - 10, middle + 10)
    assert west == pytest.approx(180, abs=1e-3)
    assert east == pytest.approx(-180, abs=1e-3)
    assert road.length_m == pytest.approx(0.002 * 106_488, rel=0.001)  # a degree of longitude at 17°


def test_photos_lie_where_a_road_is_nearest():
    east = np.array([0.01, 0])
    segments = Segments([Road("a", line_north(1000.0)), Road("b", line_north(1000.0) + east)])
    beside = places(333.0, 500.0, aside_deg=0.0003)  # 24 m
    found = segments.find(np.concatenate([beside, beside + 0.96 * east]), [None] * 4)
    assert [place.road for place in found] == [0, 0, 1, 1]
    assert [place.chainage_m for place in found] == pytest.approx([333, 500, 333, 500], abs=0.02)


def test_photos_farther_than_50_m_from_all_roads_are_on_none():
    """A degree of longitude is 78,847 m at 45°."""
    segments = Segments([Road(None, line_north(1000.0))])
    aside = np.concatenate([places(300.0, aside_deg=metres / 78_847) for metres in (-51, -49, 49, 51)])
    found = segments.find(aside, [None] * 4)
    assert [place is None for place in found] == [True, False, False, True]


def test_before_and_behind_a_road():
    segments = Segments([Road(None, line_north(1000.0))])
    found = segments.find(places(-20.0, 1020.0), [None] * 2)
    assert [place.chainage_m for place in found] == pytest.approx([0, 1000], abs=0.02)


def test_on_a_road_driven_back_the_moment_tells_where():
    there_and_back = np.concatenate([line_north(500.0), line_north(500.0)[-2::-1]])
    moments = np.arange(len(there_and_back)) * 5.0  # 50 m in 5 s
    segments = Segments([Road(None, there_and_back, moments)])
    found = segments.find(places(200.0, 200.0), [20.0, 80.0])
    assert [place.chainage_m for place in found] == pytest.approx([200, 800], abs=0.02)


def test_a_moment_outside_the_drive_tells_nothing():
    segments = Segments([Road(None, line_north(500.0), np.arange(11.0))])
    (found,) = segments.find(places(222.0), [1e6])
    assert found.chainage_m == pytest.approx(222, abs=0.02)


@pytest.mark.parametrize(("longitude", "latitude"), [(-179.9999, -16.5), (-70.0, -54.8), (18.0, 69.0)])
def test_roads_of_all_hemispheres(longitude, latitude):
    """100 m of a road to the east, half of it beyond the date line."""
    degree_m = np.cos(np.radians(latitude)) * 111_320
    middle, step = np.array([longitude, latitude]), np.array([50 / degree_m, 0])
    road = Road(None, np.stack([middle - step, middle + step]))
    assert road.length_m == pytest.approx(100, rel=0.004)
    (found,) = Segments([road]).find((middle + step / 2)[None], [None])
    assert found.chainage_m == pytest.approx(0.75 * road.length_m, abs=0.01)


def test_a_photo_whose_clock_is_wrong_lies_where_its_place_is():
    segments = Segments([Road(None, line_north(1000.0), np.arange(21.0))])
    (found,) = segments.find(places(222.0), [18.0])  # the camera was 900 m along the road by then
    assert found.chainage_m == pytest.approx(222, abs=0.02)
