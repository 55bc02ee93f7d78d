from itertools import pairwise

import numpy as np
import pytest

from upcracknet.results.records import Record
from upcracknet.survey.records import Position, Section, SurveyPhoto
from upcracknet.survey.space import in_space, sampled
from upcracknet.survey.stretches import on_sections, shares_covered

METRE_NORTH = 1 / 111_131.75  # degrees at 45° (WGS 84)
METRE_EAST = 1 / 78_846.81


def place(east_m, north_m, longitude=10.0):
    return (longitude + east_m * METRE_EAST + 180) % 360 - 180, 45.0 + north_m * METRE_NORTH


def road(*bounds_m, north_m=0.0, longitude=10.0):
    """Sections along a road to the east."""
    return [
        Section(number, start, end, tuple(place(metres, north_m, longitude) for metres in (start, end)), 1)
        for number, (start, end) in enumerate(pairwise(map(float, bounds_m)), 1)
    ]


def photo(east_m, north_m, section, longitude=10.0):
    x, y = place(east_m, north_m, longitude)
    record = Record(f"{east_m:g}.jpg", "/p", None, "s", "done")
    return SurveyPhoto(record, Position(y, x, "gpx", "photo"), section=section)


def numbers(photos):
    return {float(photo.record.name.removesuffix(".jpg")): photo.section for photo in photos}


def test_distances_in_space_are_those_on_the_ellipsoid():
    """1° at 45° is 111,131.75 m to the north and 78,846.81 m to the east."""
    here, north, east = in_space(np.array([[10.0, 45.0], place(0, 1000), place(1000, 0)]))
    assert np.linalg.norm(north - here) == pytest.approx(1000, rel=1e-4)
    assert np.linalg.norm(east - here) == pytest.approx(1000, rel=1e-4)
    points, directions = sampled(np.array([place(0, 0), place(300, 400)]), 2.0)
    assert len(points) == 250
    assert np.linalg.norm(directions, axis=1) == pytest.approx(1)
    assert sampled(np.array([place(0, 0), place(0, 0)]), 2.0)[0].shape == (0, 3)


@pytest.mark.parametrize("longitude", [10.0, 179.999])
def test_photos_get_the_sections_of_a_survey_that_began_elsewhere(longitude):
    """The new survey began 40 m later and drove in the other lane; the road may cross the date line."""
    old = road(0, 100, 200, longitude=longitude)
    new = road(40, 140, 240, north_m=6.0, longitude=longitude)
    photos = [photo(x, 0, int(x // 100) + 1, longitude) for x in (10, 60, 110, 150, 190)]
    assert numbers(on_sections(photos, old, new)) == {60: 1, 110: 1, 150: 2, 190: 2}
    assert shares_covered(old, new) == pytest.approx([0.85, 1.0], abs=0.02)  # 25 m are near its beginning
    assert shares_covered(new, old) == pytest.approx([1.0, 0.85], abs=0.02)


def test_the_other_direction_is_the_same_road():
    old = road(0, 100)
    back = [Section(1, 0.0, 100.0, (place(100, 3), place(0, 3)), 1)]
    assert numbers(on_sections([photo(50, 0, 1)], old, back)) == {50: 1}


def test_a_parallel_road_is_another_road():
    assert on_sections([photo(50, 0, 1)], road(0, 100), road(0, 100, north_m=40)) == []
    assert shares_covered(road(0, 100), road(0, 100, north_m=40)) == pytest.approx([0])


def test_a_crossing_road_is_another_road():
    crossing = [Section(7, 0.0, 100.0, (place(50, -50), place(50, 50)), 1)]
    assert on_sections([photo(50, 0, 1)], road(0, 100), crossing) == []
    both = [*crossing, *road(0, 100, north_m=5)]
    assert numbers(on_sections([photo(50, 0, 1)], road(0, 100), both)) == {50: 1}


def test_photos_without_a_place_and_surveys_without_sections_match_nothing():
    lost = SurveyPhoto(Record("lost.jpg", "/p", None, "s", "done"), problem="no GPS")
    assert on_sections([lost], road(0, 100), road(0, 100)) == []
    assert on_sections([photo(50, 0, None)], [], road(0, 100)) == []
    assert on_sections([photo(50, 0, 1)], road(0, 100), []) == []
    assert shares_covered([], road(0, 100)).shape == (0,)
    assert shares_covered(road(0, 100), []) == pytest.approx([0])
