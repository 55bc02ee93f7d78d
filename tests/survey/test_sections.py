import numpy as np
import pytest
from tests.survey.roads import line_north

from upcracknet.errors import ConfigurationError
from upcracknet.survey.line import OnRoad, Road
from upcracknet.survey.sections import cut_sections, parse_length, section_at


@pytest.mark.parametrize(
    ("text", "metres"),
    [("100m", 100), ("100 m", 100), ("0.1mi", 160.9344), (".5km", 500), ("500ft", 152.4), ("1km", 1000)],
)
def test_lengths(text, metres):
    assert parse_length(text) == pytest.approx(metres)


@pytest.mark.parametrize("text", ["", "100", "m", "-5m", "0m", "4.9m", "1e9m", "100 yards", "nan m", "1,5km"])
def test_what_is_no_length(text):
    with pytest.raises(ConfigurationError, match=r"--section-length .*expected"):
        parse_length(text)


def test_the_last_section_is_shorter():
    ((first, second, third),) = cut_sections([Road(None, line_north(250.0))], 100.0)
    assert [(one.number, one.start_m) for one in (first, second, third)] == [(1, 0), (2, 100), (3, 200)]
    assert third.end_m == pytest.approx(250, abs=0.01)
    for section in (first, second, third):
        length_m = section.end_m - section.start_m
        assert Road(None, np.array(section.line)).length_m == pytest.approx(length_m, abs=1e-3)
    assert (first.photos, first.length_m, first.pci) == (0, None, None)


@pytest.mark.parametrize(("length_m", "count"), [(40.0, 1), (100.0, 1), (200.9, 2), (202.0, 3)])
def test_a_rest_below_a_metre_is_no_section(length_m, count):
    (sections,) = cut_sections([Road(None, line_north(length_m))], 100.0)
    assert len(sections) == count
    assert sections[-1].end_m == pytest.approx(length_m, abs=0.01)


def test_numbers_go_on_from_road_to_road_and_chainage_begins_again():
    roads = [Road("Main Street", line_north(150.0)), Road("Mill Lane", line_north(150.0))]
    first, second = cut_sections(roads, 100.0)
    assert [one.number for one in (*first, *second)] == [1, 2, 3, 4]
    assert [one.start_m for one in second] == [0, 100]
    assert {one.road for one in second} == {"Mill Lane"}


def test_a_photo_on_a_boundary_lies_in_the_section_that_begins_there():
    sections = cut_sections([Road(None, line_north(300.0))], 100.0)
    chainages = (0.0, 99.999, 100.0, 199.9, 200.0, 300.0, 300.001)
    found = [section_at(OnRoad(0, metres), sections).number for metres in chainages]
    assert found == [1, 1, 2, 2, 3, 3, 3]
