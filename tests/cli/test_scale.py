import json

import numpy as np
import pytest
from PIL import Image

from upcracknet.cli import scale
from upcracknet.cli.console import EXIT_FAILED
from upcracknet.cli.main import run
from upcracknet.measure.scale_file import SurveyScales
from upcracknet.results.scaling import ScaleOptions


@pytest.fixture
def survey(tmp_path, monkeypatch):
    """A folder of photos, in which the commands are run."""
    (tmp_path / "photos/day1").mkdir(parents=True)
    for name in ("ruler", "lane"):
        Image.new("RGB", (1200, 900), (90, 90, 90)).save(tmp_path / f"{name}.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_scales_are_gathered_in_one_file(survey, capsys):
    assert run(["scale", "1.2"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == {
        "scale_file": "scale.json", "source": "given: 1.2 mm per pixel", "uncertainty": 0.05,
        "millimetres_per_pixel": 1.2, "grid": None, "grid_mm": None,
    }  # fmt: skip
    words = "scale lane.jpg --rectangle 410,300 900,310 1180,690 120,680 --size 3500x5000 --for photos/day1"
    assert run(words.split()) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["millimetres_per_pixel"] is None and 0 < printed["uncertainty"] < 0.05
    assert (printed["grid"], printed["grid_mm"]) == ("scale-lane-grid.jpg", 500)
    with Image.open(survey / printed["grid"]) as grid:
        assert grid.size == (1200, 900)
        assert np.ptp(np.asarray(grid)) > 100
    scales = SurveyScales.read(survey / "scale.json")
    assert scales.of(str(survey / "photos/a.jpg")).method == "number"
    assert scales.of(str(survey / "photos/day1/a.jpg")).source == "rectangle of 3500×5000 mm in lane.jpg"


def test_a_scale_that_is_added_meanwhile_is_kept(survey, monkeypatch, capsys):
    make = scale.make_scale
    (survey / "photos/day2").mkdir()

    def make_slowly(*given):
        SurveyScales().including(make("3", ScaleOptions()).scale, "photos/day2").write(survey / "scale.json")
        return make(*given)

    monkeypatch.setattr(scale, "make_scale", make_slowly)
    assert run(["scale", "1.2", "--for", "photos/day1"]) == 0
    scales = SurveyScales.read(survey / "scale.json")
    found = [scales.of(str(survey / f"photos/{day}/a.jpg")).millimetres_per_pixel for day in ("day1", "day2")]
    assert found == [1.2, 3]


def test_points(survey, capsys):
    words = "scale ruler.jpg --points 100,100 400,500 --millimetres 1000 -o out/scale.json"
    assert run(words.split()) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["millimetres_per_pixel"] == pytest.approx(2)
    assert (survey / "out/scale-ruler-grid.jpg").exists() and printed["grid_mm"] == 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("scale 0", "expected a number above 0"),
        ("scale -o scale.json", "expected one source"),
        ("scale ruler.jpg --points 1,1 2,2 9,9 --millimetres 5", "3 given, expected two points"),
        ("scale ruler.jpg --rectangle 1,1 900,1 1,800 900,800 --size 9x9", "crosses itself"),
        (
            "scale ruler.jpg --rectangle 1,1 300,1 900,1 900,800 --size 9x9",
            "three of the corners lie on a line",
        ),
        ("scale ruler.jpg --points 1,1 2000,2 --millimetres 5", "2000,2 lies outside"),
        ("scale missing.jpg --points 1,1 200,2 --millimetres 5", "missing.jpg: no such file"),
        ("scale --drone ruler.jpg", "does not say where the camera looked"),
        ("scale 1.2 --for nowhere", "nowhere: no such folder or photo"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(survey, capsys, words, message):
    assert run(words.split()) == EXIT_FAILED
    printed = capsys.readouterr()
    assert message in printed.err and printed.err.count("\n") == 1 and printed.out == ""
    assert not (survey / "scale.json").exists()


def test_a_file_of_another_kind_is_not_written_over(survey, capsys):
    (survey / "scale.json").write_text('{"roads": []}')
    assert run(["scale", "1.2"]) == EXIT_FAILED
    assert "is no scale file" in capsys.readouterr().err
    assert (survey / "scale.json").read_text() == '{"roads": []}'
