import json

import numpy as np
import pytest
import shapely
from tests.survey.drawn_surveys import measured_photo, wave, writable

from upcracknet.survey.geojson import write_geojson
from upcracknet.survey.geopackage import write_geopackage
from upcracknet.survey.records import Position, Survey


@pytest.fixture
def features(tmp_path):
    """Writes a survey and gives the whole text and its features."""
    out = tmp_path / "out"

    def run(*positions, drawn=None):
        photos = [measured_photo(out, f"{number}.jpg", at, drawn) for number, at in enumerate(positions)]
        write_geopackage(writable(out), Survey(tuple(photos)))
        write_geojson(writable(out))
        text = (out / "cracks.geojson").read_text(encoding="utf-8")
        return text, json.loads(text)["features"]

    return run


def test_lines_and_points_in_one_file(features):
    text, found = features(
        Position(48.0, 9.0, "exif", "each crack", heading_deg=30.0), Position(48.0, 9.0, "gpx", "photo")
    )
    content = json.loads(text)
    assert content["type"] == "FeatureCollection"
    assert "crs" not in content  # RFC 7946, section 4
    kinds = [feature["geometry"]["type"] for feature in found]
    assert kinds == ["LineString"] * 3 + ["Point"]
    line, point = found[0]["properties"], found[-1]["properties"]
    assert (line["severity"], line["position_quality"]) == ("low", "each crack")
    assert (point["branch"], point["position_quality"]) == (None, "photo")
    assert found[-1]["geometry"]["coordinates"] == [9.0, 48.0]


def test_complaint_18_places_are_finer_than_cracks_are_wide(features):
    """With seven decimals a place is off by half a centimetre."""
    text, found = features(Position(48.0, 9.0, "exif", "each crack", heading_deg=30.0), drawn=wave())
    as_written = json.loads(text, parse_float=str)["features"][0]["geometry"]["coordinates"]
    assert max(len(number.partition(".")[2]) for place in as_written for number in place) == 9
    places = np.array(found[0]["geometry"]["coordinates"])
    steps = np.diff(places, axis=0) * [np.cos(np.radians(48)), 1]
    angles = np.abs(np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))))
    assert np.degrees(angles).max() < 25


@pytest.mark.parametrize("longitude", [179.999999, -179.999999])
def test_lines_are_cut_at_the_date_line(features, longitude):
    _, found = features(Position(-16.8, longitude, "exif", "each crack", heading_deg=0.0))
    kinds = [feature["geometry"]["type"] for feature in found]
    assert "MultiLineString" in kinds  # RFC 7946, section 3.1.9
    for feature in found:
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        for part in shapely.get_parts(shape):
            longitudes = shapely.get_coordinates(part)[:, 0]
            assert np.abs(longitudes).max() <= 180
            assert np.ptp(longitudes) < 1
