"""From a memory card to the map and the report: a synthetic drive whose places and cracks are known."""

import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime

import numpy as np
import pyogrio
import pytest
import shapely
from tests.survey.drives import QUICK, detect, mapped, truth_of, with_true_masks

from upcracknet.cli.main import run
from upcracknet.data.synthetic.course import Course
from upcracknet.data.synthetic.drive import Drive
from upcracknet.results import read_results
from upcracknet.survey.space import in_space
from upcracknet.survey.survey_file import read_survey

pytestmark = pytest.mark.xdist_group("a drive")  # what all need is made once


@pytest.fixture(scope="module")
def surveyed(tmp_path_factory):
    """Forty photos by the shipped model, on the map, with a report."""
    folder = tmp_path_factory.mktemp("drive")
    options = ("--runtime", "torch", "--millimetres-per-pixel", "2")
    results = mapped(detect(folder, Drive(height=600, width=500), *options))
    assert run(["report", str(results), "-o", str(folder / "report.html")]) == 0
    return results


def test_each_photo_lies_where_it_was_taken(surveyed):
    survey = read_survey(read_results(surveyed))
    truth = truth_of(surveyed)["photos"]
    assert len(survey.photos) == 40
    for photo, true in zip(survey.photos, truth, strict=True):
        assert photo.record.photo.endswith(true["photo"])
        here = [photo.position.longitude, photo.position.latitude]
        away = np.diff(in_space(np.array([here, [true["longitude"], true["latitude"]]])), axis=0)
        assert np.linalg.norm(away) < 0.2  # a chord of a second on a bend, and milliseconds
        assert photo.position.course_deg == pytest.approx(true["course_deg"], abs=6)  # over 10 m of a bend
        assert abs(photo.position.time - datetime.fromisoformat(true["time"])).total_seconds() < 0.002
        assert photo.chainage_m == pytest.approx(true["chainage_m"], abs=1.2)
        assert photo.position.quality == "each crack"


def test_the_geopackage_opens_with_index_styles_and_relative_paths(surveyed):
    path = surveyed / "survey.gpkg"
    layers = dict(pyogrio.list_layers(path))
    assert {"photos", "cracks", "areas", "sections"} <= set(layers)
    assert pyogrio.read_info(path, layer="photos")["features"] == 40
    assert pyogrio.read_info(path, layer="sections")["features"] == 4
    with closing(sqlite3.connect(path)) as database:
        tables = {name for (name,) in database.execute("select name from sqlite_master")}
        styled = {name for (name,) in database.execute("select f_table_name from layer_styles")}
        photos = [photo for (photo,) in database.execute("select photo from photos")]
    assert {"rtree_photos_geom", "rtree_cracks_geom", "rtree_sections_geom"} <= tables
    assert {"photos", "cracks", "areas", "sections"} <= styled
    assert all((path.parent / photo).is_file() and not photo.startswith("/") for photo in photos)


def test_cracks_lie_beside_the_photos_that_show_them(surveyed):
    """A photo shows 0.5 m to each side and 0.6 m ahead and behind; its own place errs by up to 0.2 m."""
    information = pyogrio.read_info(surveyed / "survey.gpkg", layer="cracks")
    assert information["crs"] == "EPSG:4326"
    _, _, shapes, _ = pyogrio.raw.read(surveyed / "survey.gpkg", layer="cracks")
    cracks = in_space(shapely.get_coordinates(shapely.from_wkb(shapes)))
    photos = truth_of(surveyed)["photos"]
    places = in_space(np.array([[photo["longitude"], photo["latitude"]] for photo in photos]))
    nearest = np.linalg.norm(cracks[:, None] - places, axis=2).min(axis=1)
    assert len(nearest) > 100
    assert nearest.max() < np.hypot(0.5, 0.6) + 0.2


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="GDAL's programs are not installed")
def test_ogrinfo_reads_it(surveyed):
    words = ["ogrinfo", "-so", "-al", str(surveyed / "survey.gpkg")]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert "Feature Count: 40" in said


def test_the_report_is_there_and_names_the_sections(surveyed):
    page = (surveyed.parent / "report.html").read_text()
    text = re.sub(r"<[^>]*>|\s+", " ", page)
    assert "40 photos" in page
    assert re.search(r"4\s+sections", text)


def test_sections_of_true_masks_have_the_true_quantities(surveyed, tmp_path):
    """Metres by class and by severity and the area of networks, within 5 %."""
    for folder in ("drive", "out"):
        shutil.copytree(surveyed.parent / folder, tmp_path / folder)
    results = mapped(with_true_masks(tmp_path / "out"))
    survey = read_survey(read_results(results))
    truth = truth_of(results)["sections"]
    assert len(survey.sections) == len(truth) == 4
    for section, true in zip(survey.sections, truth, strict=True):
        assert section.photos == true["photos"]
        assert section.length_m == pytest.approx(true["length_m"], rel=0.05)
        assert section.network_area_m2 == pytest.approx(true["network_area_m2"], rel=0.05)
        assert section.class_length_m == pytest.approx(true["class_length_m"], rel=0.05)
        assert section.severity_length_m == pytest.approx(true["severity_length_m"], rel=0.05)


@pytest.mark.parametrize(
    "course",
    [
        Course(latitude=-41.29, longitude=174.78),
        Course(latitude=-33.45, longitude=-70.66, heading_deg=250.0),
        Course(latitude=-16.8, longitude=179.9998, heading_deg=90.0),
        Course(latitude=16.8, longitude=-179.9998, heading_deg=270.0),
    ],
    ids=["south-east", "south-west", "date line to the east", "date line to the west"],
)
def test_a_drive_anywhere_on_earth_lies_on_its_road(tmp_path, course):
    drive = Drive(count=2, height=600, width=500, spacing_m=80.0, course=course)
    results = mapped(detect(tmp_path, drive, *QUICK))
    survey = read_survey(read_results(results))
    for photo, true in zip(survey.photos, truth_of(results)["photos"], strict=True):
        places = [photo.position.longitude, photo.position.latitude], [true["longitude"], true["latitude"]]
        assert np.linalg.norm(np.diff(in_space(np.array(places)), axis=0)) < 0.2
        assert photo.chainage_m == pytest.approx(true["chainage_m"], abs=1.2)
    assert [photo.section for photo in survey.photos] == [1, 1]
