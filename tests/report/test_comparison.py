import re
from dataclasses import replace
from pathlib import Path

import pytest

from upcracknet.report.comparison import write_comparison_page
from upcracknet.report.html import page
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record
from upcracknet.survey.changes import CrackChange
from upcracknet.survey.comparing import Comparison, SectionChange
from upcracknet.survey.pairing import PhotoPair
from upcracknet.survey.records import Section, SurveyPhoto

LINE = ((10.0, 45.0), (10.001, 45.0))


def section(number, length_m, **values):
    return Section(
        number, 100.0 * (number - 1), 100.0 * number, LINE, 5, length_m=length_m, seen_area_m2=50.0, **values
    )


def written(comparison):
    folders = (ResultFolder(Path("/surveys/2025")), ResultFolder(Path("/surveys/2026")))
    return page(write_comparison_page(comparison, *folders))


def test_sections_show_the_old_figure_the_new_one_and_the_growth():
    old, new = section(1, 10.0, severity="low", pci=80.0), section(1, 12.5, severity="medium", pci=71.0)
    html = written(Comparison((SectionChange(new, old),), (), (), ()))
    for cell in ("10.0 → 12.5", "+2.5", "20.0 → 25.0", "80 → 71", "low → medium", "– → –"):
        assert cell in html
    assert "What has changed from 2025 to 2026" in html


def test_growth_is_shown_by_class_and_by_severity():
    before = section(1, 10.0, class_length_m={"transverse": 10.0}, severity_length_m={"low": 10.0})
    after = section(
        1, 14.0, class_length_m={"transverse": 11.0, "alligator": 3.0}, severity_length_m={"low": 14.0}
    )
    html = re.sub(r"<[^>]*>", "|", written(Comparison((SectionChange(after, before),), (), (), ())))
    for cells in (("transverse", "10.0", "11.0", "+1.0"), ("alligator", "0.0", "3.0", "+3.0")):
        assert "||".join(cells) in html


def test_new_and_gone_sections_and_warnings_are_shown():
    changes = tuple(SectionChange(section(number, 1.0), None) for number in (1, 2, 3, 5))
    html = written(Comparison(changes, (section(9, 4.0),), (), ("The surveys have different models.",)))
    assert "Sections that the old survey does not show: 1 to 3, 5." in html
    assert "Sections of the old survey that the new one does not have: 9." in html
    assert "The surveys have different models." in html


def test_refused_pairs_are_named_and_names_of_photos_are_harmless():
    before, after = (
        SurveyPhoto(Record(name, "/p", None, "s", "done")) for name in ("a.jpg", "<script>b.jpg")
    )
    pair = PhotoPair(before, after, 1.0, problem="only 3 points agree, expected 15 or more")
    html = written(Comparison((), (), (pair,), ()))
    assert "only 3 points agree" in html
    assert "&lt;script&gt;b.jpg" in html
    assert "<script>b.jpg" not in html


def test_without_pairs_and_sections_the_page_says_so():
    html = written(Comparison((), (), (), ()))
    assert "The new survey has no sections." in html
    assert "No two photos of the surveys" in html


def test_a_section_that_the_new_survey_has_no_photo_of_is_no_repair():
    def change(number, now_m, before_m, **values):
        before, now = (
            section(number, metres, class_length_m=None if metres is None else {"transverse": metres})
            for metres in (before_m, now_m)
        )
        return SectionChange(replace(now, **values), before)

    seen, unseen, unscaled = change(1, 4.0, 3.0), change(2, None, 12.0, photos=0), change(3, None, 5.0)
    comparison = Comparison((seen, unseen, unscaled), (), (), ())
    assert [change.status for change in comparison.sections] == ["both", "gone", "both"]
    html = re.sub(r"<[^>]*>", "|", written(comparison))
    assert "Sections of which the new survey has no photo that counts: 2." in html
    assert "||".join(("transverse", "3.0", "4.0", "+1.0")) in html


def test_new_cracks_that_two_photos_show_count_once():
    def pair(share):
        new = Record(str(share), "/p", None, "s", "done", millimetres_per_pixel=2.0)
        return PhotoPair(
            SurveyPhoto(Record("old", "/p", None, "s", "done")),
            SurveyPhoto(new, counted=share),
            1.0,
            change=CrackChange(0.0, 1000.0, 0.0, None, None),
        )

    pairs = pair(1.0), pair(0.25)
    assert Comparison((), (), pairs, ()).metres("new_px") == pytest.approx(2.5)


def test_a_section_that_no_survey_has_a_photo_of_is_not_new():
    nowhere = replace(section(2, None), photos=0)
    assert [SectionChange(new, None).status for new in (section(1, 2.0), nowhere)] == ["new", "neither"]
