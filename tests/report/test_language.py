import string
from datetime import date

import pytest

from upcracknet.report.language import Language, catalogue


def places(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


def test_all_languages_have_the_same_texts_with_the_same_places():
    english, german = catalogue("en"), catalogue("de")
    assert english.keys() == german.keys()
    for key, text in english.items():
        other = german[key]
        if isinstance(text, dict):
            assert text.keys() == {"one", "other"} == other.keys(), key
            for number in ("one", "other"):
                assert places(text[number]) == places(other[number]), key
        else:
            assert places(text) == places(other), key


def test_every_month_has_a_name():
    for name in ("en", "de"):
        language = Language.of(name)
        assert len({language.day(date(2026, month, 1)) for month in range(1, 13)}) == 12


@pytest.mark.parametrize(
    ("name", "number", "digits", "written"),
    [
        ("en", 1234.56, 1, "1,234.6"),
        ("de", 1234.56, 1, "1.234,6"),
        ("en", 10_000, 0, "10,000"),
        ("de", 1_234_567.0, 0, "1.234.567"),
        ("en", -0.04, 1, "0.0"),
        ("de", -2.5, 1, "-2,5"),
        ("en", None, 1, "–"),
    ],
)
def test_numbers_are_written_by_language(name, number, digits, written):
    assert Language.of(name).number(number, digits) == written


@pytest.mark.parametrize(
    ("metres", "written"),
    [
        (0.0, "0.0 m"),
        (0.04, "0.04 m"),
        (0.72, "0.7 m"),
        (86.31, "86.3 m"),
        (1234.0, "1.23 km"),
        (2e5, "200.0 km"),
    ],
)
def test_lengths_have_their_unit(metres, written):
    assert Language.of("en").metres(metres) == written.replace(" ", "\u00a0")


def test_days_are_written_by_language():
    day = date(2026, 11, 27)
    assert Language.of("en").day(day) == "27 November 2026"
    assert Language.of("de").day(day) == "27. November 2026"


def test_one_and_many():
    english = Language.of("en")
    assert english.text("summary.photos", count=1) == "1 photo was read."
    assert english.text("summary.photos", count=10_000) == "10,000 photos were read."
    assert english.listed(["a"]) == "a"
    assert Language.of("de").listed(["a", "b", "c"]) == "a, b und c"


def test_words_of_a_standard_are_translated_and_others_kept():
    assert Language.of("de").word("severity", "moderate") == "mäßig"
    assert Language.of("de").word("severity", "severe") == "severe"
