import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from tests.report.conftest import crack, open_folder, write_photo, write_places

from upcracknet.report.content import gather
from upcracknet.survey.records import Section, Survey
from upcracknet.survey.survey_file import read_survey


def test_photos_are_the_worst_first_and_failed_ones_apart(results):
    write_photo(results.path, "day/worst.jpg", [crack(10.0, severity="high")], severity="high")
    content = gather(results, None)
    assert content.photos[0].record.name == "day/worst.jpg"
    assert len(content.photos) == 12
    assert content.failed == (("day/broken.jpg", "day/broken.jpg: truncated"),)


def test_a_damaged_record_is_one_failed_photo(results):
    (results.path / "records" / "day" / "03.jpg.json").write_text("{")
    for survey in (None, read_survey(results)):
        content = gather(results, survey)
        assert len(content.photos) == 10
        assert [name for name, _ in content.failed] == ["day/broken.jpg", "day/03.jpg"]


def test_photos_without_a_place_have_the_reason(results):
    survey = read_survey(results)
    first, *others = survey.photos
    lost = replace(first, position=None, section=None, problem="has no time")
    content = gather(results, replace(survey, photos=(lost, *others)))
    assert content.unplaced == (("day/00.jpg", "has no time"),)
    assert len(content.placed) == 10


@pytest.mark.parametrize(
    ("changes", "order", "numbers"),
    [
        ([{"pci": 60.0}, {"pci": 40.0}, {}], "pci", [2, 1, 3]),
        (
            [{"severity": "low"}, {"severity": "low", "length_m": 30.0}, {"severity": "high"}],
            "severity",
            [3, 2, 1],
        ),
        (
            [{"length_m": None}, {"length_m": None, "photos": 50}, {"length_m": None, "photos": 2}],
            "pixels",
            [3, 1, 2],
        ),
    ],
)
def test_the_worst_sections_by_what_is_known(tmp_path, changes, order, numbers):
    usual = {"photos": 10, "length_m": 10.0, "length_px": 900.0}
    sections = [
        Section(number, 0.0, 100.0, ((0.0, 0.0), (0.0, 0.001)), **usual | change)
        for number, change in enumerate(changes, 1)
    ]
    content = gather(open_folder(tmp_path), Survey((), tuple(sections)))
    assert content.order == order
    assert [worst.section.number for worst in content.worst_sections] == numbers


def test_ten_sections_with_cracks_are_shown_at_most(tmp_path):
    line = (0.0, 0.0), (0.0, 0.001)
    sections = [Section(number, 0.0, 100.0, line, 5, length_m=float(number)) for number in range(1, 14)]
    clean = Section(14, 0.0, 100.0, line, 5, length_m=0.0)
    content = gather(open_folder(tmp_path), Survey((), (*sections, clean)))
    assert [worst.section.number for worst in content.worst_sections] == [*range(13, 3, -1)]


def test_a_section_shows_its_three_worst_photos_small(results):
    content = gather(results, read_survey(results))
    worst = content.worst_sections[0]
    assert worst.section.number == 3
    assert [len(each.photos) for each in content.worst_sections] == [1, 3, 3]
    picture = cv2.imdecode(np.frombuffer(worst.photos[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (267, 400, 3)
    # The crack, drawn in yellow on a grey photo.
    blue, _, red = (picture[..., channel].astype(int) for channel in range(3))
    assert ((red - blue) > 100).any()


def test_a_photo_that_is_nowhere_has_no_picture(results):
    (results.path / "overlays" / "day" / "10.jpg.jpg").unlink()
    content = gather(results, read_survey(results))
    assert content.worst_sections[0].photos[0].jpeg is None


def test_without_sections_the_worst_photos_are_shown(results):
    content = gather(results, None)
    assert content.worst_sections == ()
    assert len(content.worst_photos) == 10


def test_reviews_and_days(results):
    write_photo(results.path, "day/00.jpg", [crack()], review_status="corrected")
    write_photo(results.path, "day/01.jpg", [crack()], review_status="accepted")
    content = gather(results, write_places(results))
    assert content.reviews == {"corrected": 1, "accepted": 1}
    first, last = content.taken
    assert (last - first).total_seconds() == 10


def test_same_warnings_stand_together(results):
    for number in range(3):
        write_photo(results.path, f"day/{number:02}.jpg", [crack()], warning="the photo is dark")
    content = gather(results, None)
    assert content.warnings == {"the photo is dark": ["day/00.jpg", "day/01.jpg", "day/02.jpg"]}


def test_results_younger_than_the_survey_are_noticed(results):
    path = results.path / "records" / "day" / "00.jpg.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"crack_length_m": 9.0}))
    survey = read_survey(results)
    assert gather(results, survey).survey.outdated is not None
