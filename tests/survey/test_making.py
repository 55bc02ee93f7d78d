"""From a result folder to a survey: photos 10 m apart on a road that leads north, as if driven at 10 m/s."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from tests.survey.roads import START, add_photo, crack, cracks_file, north, quantity, result_folder

from upcracknet.errors import ConfigurationError, DataError
from upcracknet.results.corrections import CORRECTION, Correction, correction_checksum
from upcracknet.survey.making import SurveyOptions, make_survey
from upcracknet.survey.survey_file import read_survey, write_survey


@pytest.fixture
def folder(tmp_path):
    """41 photos, from 0 to 400 m; a crack of 2 m in every fourth one."""
    results = result_folder(tmp_path / "out")
    for number in range(41):
        cracks = [crack(2.0)] if number % 4 == 0 else []
        rows = [quantity("longitudinal and transverse", "low", 2.0, "m", "10")] if cracks else []
        add_photo(results, f"{number:02}.jpg", cracks_file(cracks, rows))
    return results


def table(path: Path, *metres: float, **place: float) -> Path:
    """A table of positions; the camera looks straight down and its photos point north."""
    rows = ["photo,latitude,longitude,heading,course,time"]
    for number, value in enumerate(metres):
        latitude, longitude = north(value, **place)
        time = START + timedelta(seconds=value / 10)
        rows.append(f"{number:02}.jpg,{latitude:.9f},{longitude:.9f},0,0,{time:%Y-%m-%dT%H:%M:%SZ}")
    path.write_text("\n".join(rows))
    return path


def gpx(path: Path, *pieces: range) -> Path:
    """A track along the road, a point each 10 m and second."""
    segments = []
    for piece in pieces:
        points = [
            '<trkpt lat="{:.9f}" lon="{:.9f}"><time>{:%Y-%m-%dT%H:%M:%SZ}</time></trkpt>'.format(
                *north(metres), START + timedelta(seconds=metres / 10)
            )
            for metres in piece
        ]
        segments.append(f"<trkseg>{''.join(points)}</trkseg>")
    path.write_text(f"<gpx><trk>{''.join(segments)}</trk></gpx>")
    return path


def test_from_photo_to_photo(folder, tmp_path):
    positions = table(tmp_path / "places.csv", *range(0, 401, 10))
    options = SurveyOptions(positions=positions, straight_down=True, section_length="106m")
    seen = []
    survey = make_survey(folder, options, lambda done, total: seen.append((done, total)))
    assert seen == [(done, 41) for done in range(41)]
    assert [section.photos for section in survey.sections] == [11, 11, 10, 9]
    assert [section.length_m for section in survey.sections] == [6.0, 6.0, 4.0, 6.0]
    assert sum(section.quantities[0].amount for section in survey.sections) == 22.0
    assert survey.sections[-1].end_m == pytest.approx(400, abs=0.02)
    assert {photo.section for photo in survey.photos} == {1, 2, 3, 4}
    assert survey.photos[13].chainage_m == pytest.approx(130, abs=0.01)
    assert any("from photo to photo" in note for note in survey.notes)
    assert any("Sections of 106m: 4; without any photo that counts: 0." in note for note in survey.notes)
    write_survey(folder, survey)
    assert len(read_survey(folder).sections) == 4


def test_along_a_track_with_a_tunnel(folder, tmp_path):
    """Photos of 0 to 100 m and of 305 to 395 m; between them neither track nor photos."""
    places = [*range(0, 101, 10), *range(305, 401, 10)]
    options = SurveyOptions(
        gpx=gpx(tmp_path / "track.gpx", range(0, 101, 10), range(300, 401, 10)),
        positions=table(tmp_path / "places.csv", *places),
        section_length="50m",
        straight_down=True,
    )
    survey = make_survey(folder, options)
    assert [section.photos for section in survey.sections] == [5, 5, 1, 0, 0, 0, 5, 5]
    tunnel = survey.sections[4]
    assert (tunnel.start_m, tunnel.length_m, tunnel.pci, tunnel.quantities) == (200, None, None, ())
    assert len(survey.line) == 1


def test_a_crossing_of_a_boundary_is_decided_by_the_place(folder, tmp_path):
    positions = table(tmp_path / "places.csv", 0, 49.9, 50.1, 100)
    survey = make_survey(folder, SurveyOptions(positions=positions, section_length="50m"))
    assert [photo.section for photo in survey.photos[:4]] == [1, 1, 2, 2]


def test_overlapping_photos_count_once(folder, tmp_path):
    """2.8 m from photo to photo of 4 m: each but the first counts 70 %."""
    positions = table(tmp_path / "places.csv", *(2.8 * number for number in range(41)))
    survey = make_survey(folder, SurveyOptions(positions=positions, straight_down=True, section_length="1km"))
    (section,) = survey.sections
    assert section.seen_area_m2 == pytest.approx(3 * (4 + 40 * 2.8), rel=0.002)
    assert section.length_m == pytest.approx(2 + 10 * 0.7 * 2, rel=0.002)
    assert any("40 count in part" in note for note in survey.notes)


def test_along_given_lines(folder, tmp_path):
    """Two roads, of which the photos lie on one; the last ones lie far from both."""
    pyogrio, shapely = pytest.importorskip("pyogrio"), pytest.importorskip("shapely")
    shapes = [shapely.LineString([(east, north(0)[0]), (east, north(300)[0])]) for east in (7.0001, 8.0)]
    wkb = np.array([shapely.to_wkb(shape) for shape in shapes], object)
    roads = tmp_path / "roads.geojson"
    pyogrio.raw.write(
        roads, wkb, [np.array(["Mill Lane", "Far Away"], object)], ["name"], crs="EPSG:4326",
        geometry_type="LineString",
    )  # fmt: skip
    positions = table(tmp_path / "places.csv", *range(5, 406, 10))
    survey = make_survey(folder, SurveyOptions(positions=positions, line=roads, straight_down=True))
    assert [section.road for section in survey.sections] == ["Mill Lane"] * 3
    assert [section.photos for section in survey.sections] == [10, 10, 15]  # those within 50 m of its end too
    notes = " ".join(survey.notes)
    assert "farther than 50 m from every road belong to no section: 6." in notes
    assert "Roads without any photo, which are left out: 1." in notes
    assert survey.photos[40].section is None
    assert survey.photos[40].position is not None


def test_a_drive_over_the_date_line(folder, tmp_path):
    """400 m to the east along 17° south, half of them on either side."""
    rows = ["photo,latitude,longitude,time"]
    for number in range(41):
        longitude = (180 + (number - 20) * 10 / 106_488 + 180) % 360 - 180
        rows.append(f"{number:02}.jpg,-17.0,{longitude:.9f},{START + timedelta(seconds=number):%FT%TZ}")
    (tmp_path / "places.csv").write_text("\n".join(rows))
    survey = make_survey(folder, SurveyOptions(positions=tmp_path / "places.csv", section_length="106m"))
    assert [section.photos for section in survey.sections] == [11, 11, 10, 9]
    assert survey.sections[-1].end_m == pytest.approx(400, rel=0.001)
    assert {round(place[0]) for section in survey.sections for place in section.line} == {180, -180}


def test_photos_without_places_have_no_sections(folder):
    survey = make_survey(folder, SurveyOptions())
    assert (survey.sections, survey.line) == ((), ())
    assert len(survey.photos) == 41
    assert all(photo.problem for photo in survey.photos)
    assert any("There are no sections" in note for note in survey.notes)


def test_a_track_that_stands_has_no_sections_and_says_so(folder, tmp_path):
    points = "".join(
        f'<trkpt lat="51.5" lon="7"><time>{START + timedelta(seconds=second):%FT%TZ}</time></trkpt>'
        for second in range(3)
    )
    gpx = tmp_path / "standing.gpx"
    gpx.write_text(f"<gpx version='1.1'><trk><trkseg>{points}</trkseg></trk></gpx>")
    survey = make_survey(folder, SurveyOptions(gpx=gpx))
    assert survey.sections == ()
    assert "There are no sections, as no photo lies on a road." in survey.notes


def test_a_damaged_record_is_named_and_the_rest_counts(folder, tmp_path):
    (folder.path / "records/07.jpg.json").write_text("{")
    positions = table(tmp_path / "places.csv", *range(0, 401, 10))
    survey = make_survey(folder, SurveyOptions(positions=positions))
    assert len(survey.photos) == 40
    assert any("damaged and left out: 07.jpg" in note for note in survey.notes)


def test_it_says_which_corrections_count(folder, tmp_path):
    for name in ("03.jpg", "07.jpg"):
        path = folder.path / "corrections" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(Correction(name, "rejected", "shadow").to_json())
    record = folder.record("03.jpg")
    measures = {CORRECTION: correction_checksum(folder, "03.jpg")}
    measured = replace(record, review_status="rejected", measures=measures)
    (folder.path / "records/03.jpg.json").write_bytes(measured.to_json())
    notes = make_survey(folder, SurveyOptions()).notes
    assert "Photos that a person looked at, and whose corrections count: 1 of 41." in notes
    assert "Corrected since they were measured: 07.jpg; run `upcracknet measure`, then map again." in notes


def test_options_that_cannot_be(folder, tmp_path):
    with pytest.raises(ConfigurationError, match="--section-length 100 feet: expected"):
        make_survey(folder, SurveyOptions(section_length="100 feet"))
    with pytest.raises(DataError, match="no such file"):
        make_survey(folder, SurveyOptions(gpx=tmp_path / "none.gpx"))


def test_us_sections_are_a_tenth_of_a_mile_long():
    assert SurveyOptions(units="us").section_length_m == pytest.approx(160.9344)
    assert SurveyOptions(units="us").to_dict()["section_length_m"] == pytest.approx(160.9344)
    assert SurveyOptions(gpx=Path("a.gpx")).to_dict()["gpx"] == "a.gpx"
