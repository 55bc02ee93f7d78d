import math
from dataclasses import replace

import pytest
from tests.report.conftest import place, write_places

from upcracknet.report.content import gather
from upcracknet.report.figures import Dot, Label, Line
from upcracknet.report.language import Language
from upcracknet.report.plan import map_data, plan
from upcracknet.survey.records import Survey

ENGLISH = Language.of("en")


def drawn(results, **where):
    return plan(gather(results, write_places(results, **where)), ENGLISH)


def test_north_is_up_and_east_is_right(results):
    figure = drawn(results)
    worst = [shape for shape in figure.shapes if isinstance(shape, Line) and shape.width == 4.6]
    (x, y), *_, (right, top) = worst[0].places
    assert right > x and top < y
    dots = [shape for shape in figure.shapes if isinstance(shape, Dot)]
    assert all(0 < dot.x < figure.width and 0 < dot.y < figure.height for dot in dots)


def test_the_scale_bar_is_right(results):
    figure = drawn(results)
    label = next(shape for shape in figure.shapes if isinstance(shape, Label) and shape.text.endswith(" m"))
    bar = next(shape for shape in figure.shapes if isinstance(shape, Line) and len(shape.places) == 4)
    length = bar.places[2][0] - bar.places[1][0]
    line = next(shape for shape in figure.shapes if isinstance(shape, Line) and len(shape.places) == 11)
    # The first section on a sphere, by the haversine formula.
    (x0, y0), (x1, y1) = ([math.radians(v) for v in place(metres)] for metres in (0, 100))
    half = math.sin((y1 - y0) / 2) ** 2 + math.cos(y0) * math.cos(y1) * math.sin((x1 - x0) / 2) ** 2
    metres = 2 * 6_371_008.8 * math.asin(math.sqrt(half))
    shown = math.dist(line.places[0], line.places[-1])
    assert length / float(label.text.split()[0]) == pytest.approx(shown / metres, rel=1e-3)


def test_no_line_jumps_around_the_earth_at_the_date_line(results):
    survey = write_places(results, east=179.9998)
    longitudes = [x for section in survey.sections for x, _ in section.line]
    assert min(longitudes) < -179 and max(longitudes) > 179
    content = gather(results, survey)
    names = {photo.record.name: "" for photo in content.photos}
    data = map_data(content, names, {1: "", 2: "", 3: ""})
    shown = [x for places, *_ in data["sections"] for _, x in places] + [
        east for _, east, *_ in data["photos"]
    ]
    assert max(shown) - min(shown) < 0.01
    near = drawn(results, east=7.44)
    assert plan(content, ENGLISH).height == pytest.approx(near.height, rel=1e-3)


def test_the_worst_sections_have_their_number(results):
    labels = {shape.text for shape in drawn(results).shapes if isinstance(shape, Label)}
    assert {"1", "2", "3", "N"} <= labels


def test_nothing_with_a_place_gives_no_plan(results):
    assert plan(gather(results, None), ENGLISH) is None
    assert plan(gather(results, Survey(())), ENGLISH) is None


def test_photos_without_sections_are_drawn(results):
    survey = replace(write_places(results), sections=())
    figure = plan(gather(results, survey), ENGLISH)
    assert len([shape for shape in figure.shapes if isinstance(shape, Dot)]) == 11
