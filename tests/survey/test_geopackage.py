"""The GeoPackage, read back by pyogrio and SQLite; names of tests say which users' complaint they answer."""

import os
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyogrio
import pytest
import shapely
from tests.survey.drawn_surveys import HERE, SCALE, layer, measured_photo, network, wave, writable

from upcracknet.errors import OutputError
from upcracknet.results.records import Record
from upcracknet.survey import geopackage
from upcracknet.survey.geopackage import write_geopackage
from upcracknet.survey.placing import FromAbove
from upcracknet.survey.records import Position, Section, SectionQuantity, Survey, SurveyPhoto

UNITS = ("_m", "_m2", "_mm", "_mm2", "_px", "_deg", "_percent", "pci", "pci_lowest", "pci_highest")
BARE = {"scale_uncertainty", "millimetres_per_pixel"}
"""Numbers without a unit, and one that its name spells out."""

AT_PHOTO = Position(48.001, 9.0, "gpx", "photo")


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


@pytest.fixture(scope="module")
def survey(tmp_path_factory) -> Survey:
    """Two photos from above, one of another kind, one that failed; in a folder beside their photos."""
    out = tmp_path_factory.getbasetemp() / "survey" / "out"
    failed = Record("z.jpg", "/nowhere/z.jpg", "../photos/z.jpg", "1 1", "failed", error="is truncated")
    section = Section(
        1, 0.0, 100.0, ((9.0, 48.0), (9.0, 48.0009)), 3, length_m=3.2, pci=72.0, road="Main Street",
        severity_length_m={"medium": 3.0, "cannot be graded": 0.2}, class_length_m={"longitudinal": 3.2},
        quantities=(SectionQuantity("longitudinal and transverse", "medium", 3.0, "m", "10"),
                    SectionQuantity("alligator", "medium", 1.5, "m²", "1")),
    )  # fmt: skip
    photos = (
        measured_photo(out, "a.jpg"),
        measured_photo(out, "b.jpg", drawn=network()),
        measured_photo(out, "day 2/c.jpg", AT_PHOTO, scale=None),
        SurveyPhoto(failed, None, "the track does not reach it"),
    )
    return Survey(photos, (section,))


@pytest.fixture(scope="module")
def written(survey, tmp_path_factory) -> Path:
    """Its folder, for reading."""
    out = tmp_path_factory.getbasetemp() / "survey" / "out"
    write_geopackage(writable(out), survey)
    return out


@pytest.fixture
def out_with_survey(written, tmp_path) -> Path:
    """A copy, for writing."""
    return shutil.copytree(written.parent, tmp_path / "copy") / "out"


def test_layers_and_counts(out_with_survey, survey):
    out = out_with_survey
    result = write_geopackage(writable(out), survey)
    assert result.damaged == []
    assert {name: kind for name, kind in pyogrio.list_layers(out / "survey.gpkg") if kind} == {
        "photos": "Point",
        "cracks": "LineString",
        "areas": "MultiPolygon",
        "cracks_at_photos": "Point",
        "sections": "LineString",
    }
    for name, count in result.features.items():
        assert pyogrio.read_info(out / "survey.gpkg", layer=name)["features"] == count
    assert result.features["areas"] == 1


def test_complaint_1_every_number_has_its_unit(written):
    for name in ("photos", "cracks", "cracks_at_photos", "areas", "sections"):
        about = pyogrio.read_info(written / "survey.gpkg", layer=name)
        numbers = {
            column for column, kind in zip(about["fields"], about["dtypes"], strict=True) if kind == "float64"
        }
        assert numbers
        assert {column for column in numbers - BARE if not column.endswith(UNITS)} == set()


def test_complaint_8_each_crack_says_its_scale_and_where_that_is_from(written):
    cracks, _, _ = layer(written, "cracks")
    assert set(cracks["scale_source"]) == {SCALE.source}
    assert set(cracks["scale_uncertainty"]) == {SCALE.uncertainty}
    assert set(cracks["position_quality"]) == {"each crack"}
    points, _, _ = layer(written, "cracks_at_photos")
    assert set(points["scale_source"]) == {None}
    assert np.isnan(points["length_m"]).all()
    assert np.isfinite(points["length_px"]).all()


def test_complaint_16_cracks_are_written_while_they_are_read(out, monkeypatch):
    held = list[int]()
    take = geopackage.Layer.take
    monkeypatch.setattr(geopackage, "AT_ONCE", 3)
    monkeypatch.setattr(geopackage.Layer, "take", lambda layer: held.append(len(layer.shapes)) or take(layer))
    photos = [measured_photo(out, f"{number}.jpg") for number in range(6)]
    features = write_geopackage(writable(out), Survey(tuple(photos))).features
    branches = features["cracks"] // 6
    assert features["cracks"] == 6 * branches == len(layer(out, "cracks")[1])
    assert max(held[1:]) <= 3 + branches


def test_complaint_18_no_staircase(out):
    write_geopackage(writable(out), Survey((measured_photo(out, "a.jpg", drawn=wave()),)))
    columns, (line,), _ = layer(out, "cracks")
    places = shapely.get_coordinates(line)
    steps = np.diff(places, axis=0) * [np.cos(np.radians(48)), 1]
    angles = np.abs(np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))))
    assert np.degrees(angles).max() < 25, "a staircase turns by 45° or 90°"
    assert len(places) < columns["length_px"][0] / 8
    middle = np.array([(x, 152 + 20 * np.sin(x / 40)) for x in range(18, 382)])
    drawn = shapely.linestrings(FromAbove(SCALE, (199.5, 149.5), HERE).on_map(middle))
    pixel_deg = 0.002 / 111_200
    assert shapely.distance(shapely.points(places), drawn).max() < 1.5 * pixel_deg


def test_complaint_18_one_feature_a_branch(written):
    columns, _, _ = layer(written, "cracks")
    branches = [
        branch for branch, name in zip(columns["branch"], columns["name"], strict=True) if name == "a.jpg"
    ]
    assert branches == [1, 2, 3]
    assert columns["branches"][:3] == [3, 3, 3]
    assert columns["crack"][:3] == ["a.jpg#1"] * 3


def test_lengths_of_branches_add_up_to_that_of_the_crack(written, survey):
    columns, _, _ = layer(written, "cracks")
    of_photo = np.array(columns["name"]) == "a.jpg"
    for unit in ("m", "px"):
        total = np.array(columns[f"length_{unit}"])[of_photo].sum()
        assert total == pytest.approx(np.array(columns[f"crack_length_{unit}"])[of_photo][0], rel=1e-4)
    assert np.array(columns["length_m"])[of_photo].sum() == pytest.approx(
        survey.photos[0].record.crack_length_m, abs=1e-3
    )


def test_a_branch_has_the_bearing_that_it_has_on_the_ground(written):
    columns, _, _ = layer(written, "cracks")
    of_photo = np.flatnonzero(np.array(columns["name"]) == "a.jpg")
    shortest = min(of_photo, key=lambda index: columns["length_px"][index])
    assert columns["bearing_deg"][shortest] == pytest.approx(HERE.heading_deg, abs=5)  # it leads up


def test_complaint_19_paths_are_relative_and_stay_right_when_all_is_moved(out_with_survey, tmp_path):
    moved = shutil.move(out_with_survey.parent, tmp_path / "elsewhere")
    columns, points, _ = layer(moved / "out", "photos")
    done = [index for index, status in enumerate(columns["status"]) if status == "done"]
    for index in done:
        photo = moved / "out" / columns["photo"][index]
        assert not Path(columns["photo"][index]).is_absolute()
        assert photo.read_bytes() == b"photo"
        assert columns["overlay"][index] == f"overlays/{columns['name'][index]}.jpg"
    assert columns["photo"][-1] == "../photos/z.jpg"
    assert points[-1] is None
    assert columns["position_problem"][-1] == "the track does not reach it"
    assert columns["error"][-1] == "is truncated"


def test_complaint_19_a_style_with_arrow_and_picture_goes_along(written):
    with sqlite3.connect(written / "survey.gpkg") as database:
        rows = database.execute(
            "SELECT f_table_name, f_table_schema, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
        ).fetchall()
        kinds = dict(database.execute("SELECT table_name, data_type FROM gpkg_contents").fetchall())
    assert kinds["layer_styles"] == "attributes"
    assert {row[0] for row in rows} == {name for name, kind in kinds.items() if kind == "features"}
    assert {row[1:4] for row in rows} == {("", "geom", 1)}
    styles = {row[0]: ElementTree.fromstring(row[4]) for row in rows}
    angle = styles["photos"].find(
        ".//data_defined_properties//Option[@name='angle']/Option[@name='expression']"
    )
    assert '"heading_deg"' in angle.get("value")
    tip = styles["photos"].findtext("mapTip")
    # What QGIS makes of the expression: the folder of the layer's file, and the overlay's path below it.
    pattern = re.search(r"'source'\), '(.+?)', ''\) \|\| \"overlay\"", tip)[1].replace("\\\\", "\\")
    source = "/data/road 1/survey.gpkg|layername=photos"
    assert re.sub(pattern, "", source) + "overlays/a.jpg.jpg" == "data/road 1/overlays/a.jpg.jpg"
    assert re.sub(pattern, "", "C:\\road\\survey.gpkg|layername=photos") == "C:\\road\\"


@pytest.mark.parametrize("name", ["photos", "cracks", "cracks_at_photos", "areas", "sections"])
def test_each_layer_has_an_r_tree(written, name):
    _, shapes, _ = layer(written, name)
    with sqlite3.connect(written / "survey.gpkg") as database:
        extensions = database.execute("SELECT table_name, extension_name FROM gpkg_extensions").fetchall()
        assert (name, "gpkg_rtree_index") in extensions
        boxes = database.execute(f"SELECT minx, maxx, miny, maxy FROM rtree_{name}_geom").fetchall()
    there = [shape for shape in shapes if shape is not None]
    assert len(boxes) == len(there) > 0
    west, south, east, north = shapely.total_bounds(there)
    found = np.array(boxes)
    assert (found[:, 0].min(), found[:, 1].max()) == pytest.approx((west, east), abs=1e-5)
    assert (found[:, 2].min(), found[:, 3].max()) == pytest.approx((south, north), abs=1e-5)


def test_times_are_utc(written):
    with sqlite3.connect(written / "survey.gpkg") as database:
        times = [row[0] for row in database.execute("SELECT time FROM photos ORDER BY fid")]
    assert times == ["2024-05-01T10:00:00.500Z", "2024-05-01T10:00:00.500Z", None, None]


def test_sections_have_all_quantities(written):
    columns, lines, _ = layer(written, "sections")
    values = {column: held[0] for column, held in columns.items()}
    assert (values["section"], values["start_m"], values["end_m"], values["pci"]) == (1, 0, 100, 72)
    assert (values["length_medium_m"], values["length_not_graded_m"]) == (3.0, 0.2)
    assert values["length_low_m"] == 0  # measured, and none there: a sum in QGIS goes on
    assert values["road"] == "Main Street"  # complaint 21
    assert values["length_longitudinal_m"] == 3.2
    assert values["longitudinal_and_transverse_medium_m"] == 3.0
    assert values["alligator_medium_m2"] == 1.5
    assert lines[0].length == pytest.approx(0.0009)


def test_an_area_lies_where_its_cracks_lie(written, survey):
    columns, areas, _ = layer(written, "areas")
    assert columns["class"] == ["alligator"]
    assert columns["area_m2"][0] == pytest.approx(survey.photos[1].record.network_area_m2, abs=1e-3)
    metres = np.array([111_320 * np.cos(np.radians(48)), 111_190])
    on_ground = shapely.transform(areas[0], lambda places: places * metres)
    assert areas[0].is_valid
    assert on_ground.area == pytest.approx(columns["area_m2"][0], rel=0.01)


def test_a_damaged_file_of_cracks_costs_no_other(out_with_survey, survey):
    out = out_with_survey
    (out / "cracks" / "a.jpg.json").write_text("{")
    result = write_geopackage(writable(out), survey)
    assert len(result.damaged) == 1
    assert "a.jpg.json" in result.damaged[0]
    assert set(layer(out, "cracks")[0]["name"]) == {"b.jpg"}
    assert len(layer(out, "photos")[1]) == 4


def test_a_name_that_is_not_utf_8(out):
    name = os.fsdecode(b"stra\xdfe.jpg")
    photo = SurveyPhoto(Record("x.jpg", f"/photos/{name}", f"../{name}", "1 1", "done"), HERE)
    write_geopackage(writable(out), Survey((measured_photo(out, "a.jpg"), photo)))
    assert layer(out, "photos")[0]["photo"][1] == "../stra\\xdfe.jpg"


def test_a_file_that_is_open_in_another_program_stays(out_with_survey, survey):
    written = out_with_survey
    before = (written / "survey.gpkg").read_bytes()
    (written / "survey.gpkg-wal").write_bytes(b"")
    with pytest.raises(OutputError, match="is open in another program; close it there"):
        write_geopackage(writable(written), survey)
    assert (written / "survey.gpkg").read_bytes() == before


def test_an_interruption_leaves_the_former_file(out_with_survey, survey):
    written = out_with_survey
    before = (written / "survey.gpkg").read_bytes()

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_geopackage(writable(written), survey, stop)
    assert (written / "survey.gpkg").read_bytes() == before
    assert not list((written / ".upcracknet").glob("*.gpkg*"))


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo is not installed")
def test_gdals_own_program_reads_it(written):
    for name in ("photos", "cracks", "areas", "sections"):
        words = ["ogrinfo", "-ro", "-so", str(written / "survey.gpkg"), name]
        answer = subprocess.run(words, capture_output=True, text=True, check=True)
        assert f"Layer name: {name}" in answer.stdout
        assert "WGS 84" in answer.stdout
        assert "ERROR" not in answer.stderr
