"""The file that keeps the scales of a survey."""

import json
import math
from dataclasses import replace

import pytest

from upcracknet.errors import ConfigurationError
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales, from_dict, to_dict

CORNERS = [(300.0, 200.0), (900.0, 210.0), (1100.0, 700.0), (100.0, 690.0)]
NUMBER = Scale.uniform(1.2)
POINTS = Scale.from_points([(100.0, 100.0), (400.0, 500.0)], 1000.0, (900, 1200), "ruler.jpg")
RECTANGLE = Scale.from_rectangle(CORNERS, 3500.0, 5000.0, (900, 1200), "lane.jpg")


@pytest.fixture
def survey(tmp_path):
    for name in ("day1/north", "day1-b", "day2"):
        (tmp_path / "photos" / name).mkdir(parents=True)
    (tmp_path / "photos/day2/a.jpg").touch()
    return tmp_path / "photos"


@pytest.mark.parametrize("scale", [NUMBER, POINTS, RECTANGLE], ids=lambda scale: scale.method)
def test_a_scale_comes_back_as_it_was(scale):
    assert from_dict(json.loads(json.dumps(to_dict(scale)))) == scale


def test_a_number_alone_can_be_written_by_hand():
    assert from_dict({"millimetres_per_pixel": 1.2}) == NUMBER
    assert "matrix" not in to_dict(POINTS)


def test_the_nearest_folder_counts_and_the_photo_itself_first(survey):
    scales = SurveyScales(NUMBER).including(POINTS, str(survey / "day1"))
    scales = scales.including(RECTANGLE, str(survey / "day1" / "north"))
    own = Scale.uniform(9.0)
    scales = scales.including(own, str(survey / "day2" / "a.jpg")).including(own, "s3://roads/2026/")
    assert scales.of(str(survey / "day1" / "a.jpg")) == POINTS
    assert scales.of(str(survey / "day1" / "south" / "a.jpg")) == POINTS
    assert scales.of(str(survey / "day1" / "north" / "a.jpg")) == RECTANGLE
    assert scales.of(str(survey / "day1-b" / "a.jpg")) == NUMBER
    assert scales.of(str(survey / "day2" / "a.jpg")) == own
    assert scales.of(str(survey / "day2" / "b.jpg")) == NUMBER
    assert scales.of("s3://roads/2026/a.jpg") == own
    assert scales.of("s3://roads/2025/a.jpg") == NUMBER
    assert SurveyScales(places=scales.places).of("s3://roads/2025/a.jpg") is None


def test_file_and_folders_can_be_moved_together(survey, tmp_path):
    scales = SurveyScales(NUMBER).including(POINTS, str(survey / "day1")).including(RECTANGLE, "gs://a/b")
    scales.write(tmp_path / "out" / "scale.json")
    content = json.loads((tmp_path / "out/scale.json").read_text())
    assert sorted(content["places"]) == ["../photos/day1", "gs://a/b"]
    assert SurveyScales.read(tmp_path / "out/scale.json") == scales
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    for name in ("photos", "out"):
        (tmp_path / name).rename(moved / name)
    found = SurveyScales.read(moved / "out/scale.json")
    assert found.of(str(moved / "photos/day1/a.jpg")) == POINTS
    assert found.of(str(survey / "day1" / "a.jpg")) == NUMBER


def test_a_place_that_is_not_there_is_a_mistake(survey):
    with pytest.raises(ConfigurationError, match="day3: no such folder or photo"):
        SurveyScales().including(NUMBER, str(survey / "day3"))


def test_another_scale_takes_the_place_of_the_first(survey):
    scales = SurveyScales().including(NUMBER).including(POINTS)
    assert scales.default == POINTS
    scales = scales.including(NUMBER, str(survey / "day1")).including(RECTANGLE, f"{survey}/day1/")
    assert list(scales.places.values()) == [RECTANGLE]


GOOD = {"format": "upcracknet scale", "version": 1, "default": {"millimetres_per_pixel": 1.2}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[1, 2]", "is no scale file"),
        ('{"version": 1}', "is no scale file"),
        (GOOD | {"version": 2}, "version 2, expected 1; update"),
        (GOOD | {"plaecs": {}}, "unknown 'plaecs'; expected default, format, places, version"),
        (GOOD | {"places": [1]}, r"places are \[1\], expected scales by folder"),
        (
            GOOD | {"places": {"a": {"millimetres_per_pixel": 1}, "./a/": {"millimetres_per_pixel": 2}}},
            "twice",
        ),
        (GOOD | {"default": 1.2}, "default: 1.2, expected an object such as"),
        (GOOD | {"default": {}}, "default: expected either millimetres_per_pixel or matrix"),
        (GOOD | {"default": {"mm": 1}}, "default: unknown 'mm'"),
        (
            GOOD | {"places": {"day1": {"millimetres_per_pixel": 0}}},
            "day1: scale: 0 mm per pixel, expected a number",
        ),
        (GOOD | {"default": {"millimetres_per_pixel": "wide"}}, "could not convert string to float"),
        (GOOD | {"default": {"millimetres_per_pixel": "[" * 3000}}, "could not convert string to float"),
        (GOOD | {"[" * 3000: 1}, "unknown '"),
        (GOOD | {"places": {"x" * 3000: 1}}, "x: 1, expected an object"),
        (GOOD | {"default": {"millimetres_per_pixel": [1]}}, "expected numbers"),
        (GOOD | {"default": {"matrix": [[1, 0], [0, 1]]}}, "a matrix of 3×3"),
        (
            GOOD | {"default": {"matrix": [[math.nan, 0, 0], [0, 1, 0], [0, 0, 1]]}},
            "expected a number that is finite",
        ),
        (GOOD | {"default": {"millimetres_per_pixel": 1, "uncertainty": 2}}, "uncertainty 2"),
        (
            GOOD | {"default": {"millimetres_per_pixel": 1, "method": "guess"}},
            "method 'guess', expected one of",
        ),
        (GOOD | {"default": {"millimetres_per_pixel": 1, "photo_width": 4000}}, "a photo of 4000×0 pixels"),
        (
            GOOD | {"default": {"millimetres_per_pixel": 1, "photo_width": math.inf}},
            "expected a number that is finite",
        ),
        (
            GOOD | {"default": {"millimetres_per_pixel": 1, "coarsest_millimetres_per_pixel": 0}},
            "0 mm per pixel",
        ),
    ],
)
def test_files_that_are_wrong(tmp_path, content, message, unchecked):
    path = tmp_path / "scale.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ConfigurationError, match=message) as caught:
        SurveyScales.read(path)
    assert len(str(caught.value)) < 1000
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match=r"No such file.*make one with `upcracknet scale`"):
        SurveyScales.read(tmp_path / "scale.json")


def test_a_name_that_is_not_utf_8_does_not_cost_the_others(tmp_path):
    scale = replace(Scale.uniform(2.0), source="two points in a\udcff.png")
    SurveyScales(Scale.uniform(1.2)).including(scale, str(tmp_path)).write(tmp_path / "scale.json")
    read = SurveyScales.read(tmp_path / "scale.json")
    assert read.default == Scale.uniform(1.2)
    assert read.of(str(tmp_path / "b.png")) == scale


def test_a_matrix_written_by_hand_counts_for_oblique_photos():
    scale = from_dict({"matrix": [[1.5, 0, 0], [0, 1.5, 0], [0, 0.0005, 1]]})
    assert scale.for_photo(400, 500, 45.0) is scale
