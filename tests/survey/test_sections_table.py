import csv
from dataclasses import replace

import pytest
from tests.survey.roads import result_folder

from upcracknet.survey.records import Section, SectionQuantity, Survey
from upcracknet.survey.sections_table import write_sections_csv

SEEN = Section(
    1, 0.0, 304.8, ((7.0, 45.0),) * 2, 4, 92.90304, 30.48, 15000.0,
    {"cannot be graded": 3.048, "low": 27.432},
    {"longitudinal": 30.48}, 0.0, 5.08, 25.4, "low", 0.0, "good", 88.0, 80.0, 93.5,
    (
        SectionQuantity("alligator", "high", 9.290304, "m²", "1"),
        SectionQuantity("longitudinal and transverse", "cannot be graded", 3.048, "m", "10"),
    ),
    "=Main Street",
)  # fmt: skip
UNSEEN = Section(2, 304.8, 400.0, ((7.0, 45.0),) * 2, 0)


@pytest.fixture
def tables(tmp_path):
    def written(units, *sections):
        folder = result_folder(tmp_path / "out")
        write_sections_csv(folder, Survey((), sections), units)
        for name in ("sections.csv", "sections_summary.csv"):
            with (folder.path / name).open(encoding="utf-8", newline="") as file:
                yield list(csv.DictReader(file))

    return written


def test_metric(tables):
    rows, summaries = tables("metric", SEEN, UNSEEN)
    first, second = rows
    assert first == {
        "road": "./=Main Street",
        "section": "1",
        "from_m": "0.0",
        "to_m": "304.8",
        "distress_code": "1",
        "distress": "alligator",
        "severity": "H",
        "severity_word": "high",
        "quantity": "9.29",
        "unit": "m²",
    }
    assert (second["severity"], second["severity_word"]) == ("", "cannot be graded")
    seen, unseen = summaries
    assert seen["crack_length_m"] == "30.48"
    assert (seen["length_low_m"], seen["length_medium_m"], seen["length_not_graded_m"]) == (
        "27.432",
        "0.0",
        "3.048",
    )
    assert (seen["length_longitudinal_m"], seen["length_transverse_m"]) == ("30.48", "0.0")
    assert (seen["pci_lowest"], seen["pci"], seen["pci_highest"]) == ("80.0", "88.0", "93.5")
    assert unseen["photos"] == "0"
    claimed = [
        value for column, value in unseen.items() if column not in ("section", "from_m", "to_m", "photos")
    ]
    assert set(claimed) == {"", "0.0"}  # the pixels of crack
    assert unseen["crack_length_m"] == unseen["length_low_m"] == unseen["cracking_class"] == ""


def test_us_units(tables):
    """304.8 m are 1000 ft, 9.290304 m² are 100 ft², 25.4 mm are an inch."""
    (first, second), (seen, _) = tables("us", SEEN, UNSEEN)
    assert (first["from_ft"], first["to_ft"]) == ("0.0", "1000.0")
    assert (first["quantity"], first["unit"]) == ("100.0", "ft²")
    assert (second["quantity"], second["unit"]) == ("10.0", "ft")
    assert (seen["seen_area_ft2"], seen["crack_length_ft"]) == ("1000.0", "100.0")
    assert (seen["width_mean_in"], seen["width_max_in"]) == ("0.2", "1.0")


def test_tables_without_sections_have_their_heads(tables):
    assert list(tables("metric")) == [[], []]


def test_severities_of_two_standards_share_a_letter(tables):
    lengths = {"medium": 2.0, "moderate": 3.0}
    _, (summary,) = tables("metric", replace(SEEN, length_m=5.0, severity_length_m=lengths))
    assert summary["length_medium_m"] == "5.0"
