import json
from dataclasses import replace

import pytest
from tests.survey.roads import add_photo, at, cracks_file, result_folder

from upcracknet.errors import DataError
from upcracknet.survey.records import Section, SectionQuantity, Survey, SurveyPhoto
from upcracknet.survey.survey_file import read_survey, write_survey


@pytest.fixture
def folder(tmp_path):
    return result_folder(tmp_path / "out")


@pytest.fixture
def survey(folder):
    placed, failed, elsewhere = (
        add_photo(folder, name, cracks_file([], [])) for name in ("ä\udcff.jpg", "b", "c")
    )
    quantity = SectionQuantity("alligator", "medium", 1.25, "m²", "1")
    section = Section(
        1, 0.0, 99.5, ((179.9999, -17.0), (-179.9999, -17.0)), 1, 12.0, 3.5, 1750.0, {"low": 3.5},
        {"longitudinal": 3.5}, 1.25, 5.5, 9.0, "medium", 10.42, "fair", 61.5, 40.0, 70.1, (quantity,), "Weg",
    )  # fmt: skip
    photos = (
        SurveyPhoto(placed, at(12.5, altitude_m=34.5), None, 1, 12.5, 0.75),
        SurveyPhoto(failed, None, "has no place in its notes"),
        SurveyPhoto(elsewhere, at(9000, source="csv", time=None, heading_deg=None, course_deg=None)),
    )
    return Survey(
        photos, (section,), {"gpx": "a.gpx", "section_length_m": 100.0}, ("A note.",), (section.line,)
    )


def test_what_was_written_comes_back(folder, survey):
    write_survey(folder, survey)
    found = read_survey(folder)
    assert found.outdated is None
    position = survey.photos[0].position
    rounded = replace(position, latitude=round(position.latitude, 8))
    third = survey.photos[2].position
    far = replace(third, latitude=round(third.latitude, 8))
    photos = {
        photo.record.name: photo
        for photo in (
            replace(survey.photos[0], position=rounded),
            survey.photos[1],
            replace(survey.photos[2], position=far),
        )
    }
    assert {photo.record.name: photo for photo in found.photos} == photos
    assert replace(found, photos=()) == replace(survey, photos=())


def test_the_file_is_plain_json_with_its_format(folder, survey):
    write_survey(folder, survey)
    content = json.loads((folder.path / "survey.json").read_text(encoding="utf-8"))
    assert (content["format"], content["version"]) == ("upcracknet survey", 1)
    photo = next(photo for photo in content["photos"] if photo["section"] == 1)
    assert photo["latitude"] == pytest.approx(45 + 12.5 / 111_132)
    assert photo["time"] == "2024-05-01T10:00:01.250000+00:00"
    assert content["sections"][0]["quantities"][0]["amount"] == 1.25


def test_it_says_what_changed_since_then(folder, survey):
    write_survey(folder, survey)
    add_photo(folder, "b", cracks_file([], []), crack_length_px=7.0)
    (folder.path / "records/c.json").unlink()
    added = add_photo(folder, "d", None)
    found = read_survey(folder)
    assert found.outdated == (
        "Photos have changed since the survey was made: 1 added, 1 gone, 1 detected or measured again. "
        "Run `upcracknet map` again."
    )
    new = next(photo for photo in found.photos if photo.record == added)
    assert "added after the survey" in new.problem
    assert next(photo for photo in found.photos if photo.record.name == "b").record.crack_length_px == 7.0


def test_measuring_again_to_the_same_result_changes_nothing(folder, survey):
    write_survey(folder, survey)
    add_photo(folder, "b", cracks_file([], []))
    assert read_survey(folder).outdated is None


def test_without_a_survey_it_names_the_command(folder):
    with pytest.raises(DataError, match=r"has no survey yet; make one with `upcracknet map .*out`"):
        read_survey(folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as a survey"),
        ("[]", "is no survey"),
        ('{"format": "upcracknet survey", "version": 2}', "version 2, expected 1"),
        ('{"format": "upcracknet survey", "version": 1}', "cannot be read as a survey"),
        (
            '{"format": "upcracknet survey", "version": 1, "photos": [], "sections": [{"number": 1}], '
            '"line": [], "options": {}, "notes": []}',
            "cannot be read as a survey",
        ),
    ],
)
def test_damaged_files(folder, content, said):
    (folder.path / "survey.json").write_text(content)
    with pytest.raises(DataError, match=said):
        read_survey(folder)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("part", "values"),
    [
        *(
            ("photos", values)
            for values in (
                {"latitude": "46"},
                {"latitude": 91},
                {"longitude": 1e9},
                {"longitude": None},
                {"time": "noon"},
                {"time": 5},
                {"source": "guess"},
                {"chainage_m": "1"},
                {"section": 1.5},
                {"counted": None},
                {"heading_deg": float("nan")},
                {"problem": 3},
            )
        ),
        *(
            ("sections", values)
            for values in (
                {"number": "1"},
                {"line": 3},
                {"line": [[1, 2, 3]]},
                {"line": [[7, 99]]},
                {"pci": "good"},
                {"road": 1},
                {"quantities": [{"amount": "x"}]},
                {"quantities": [3]},
                {"severity_length_m": {"low": None}},
                {"length_m": 10**400},
            )
        ),
        *(
            (None, values)
            for values in (
                {"notes": "x"},
                {"notes": [1]},
                {"options": []},
                {"line": [[["a", "b"]]]},
                {"photos": {}},
                {"sections": 1},
            )
        ),
    ],
    ids=str,
)
def test_a_survey_with_impossible_values_is_refused(folder, survey, part, values):
    write_survey(folder, survey)
    path = folder.path / "survey.json"
    content = json.loads(path.read_bytes())
    placed = (
        content if part is None else next(row for row in content[part] if part != "photos" or "source" in row)
    )
    placed |= values
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="cannot be read as a survey"):
        read_survey(folder)
