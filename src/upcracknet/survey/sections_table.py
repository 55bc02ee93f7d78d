"""The tables of sections: what a pavement management system asks for, and a summary of each section."""

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from upcracknet.files import replacing
from upcracknet.measure.classes import KINDS, Kind
from upcracknet.measure.quantities import FOOT_M, Quantity
from upcracknet.measure.severity import STANDARDS
from upcracknet.results.folder import ResultFolder
from upcracknet.results.tables import no_formula, readable
from upcracknet.survey.making import Units
from upcracknet.survey.records import Section, Survey

LETTERS = {
    severity: letter
    for standard in STANDARDS.values()
    for severity, letter in zip(standard.severities, "LMH", strict=True)
}
"""What severities are called in a pavement management system."""

CLASSES: dict[Kind, str] = {
    kind: "unclassified" if kind == "crack" else kind for kind in KINDS if kind not in ("joint", "network")
}
"""Classes of cracks that have a column each, and what they are called there. Joints are no cracks, and the
areas of a network are alligator or block cracking once there is a scale."""

INCH_MM = 25.4


def write_sections_csv(folder: ResultFolder, survey: Survey, units: Units = "metric") -> None:
    """Write ``sections.csv``, a line a distress and severity, and ``sections_summary.csv``, a line a section.

    Args:
        folder: the result folder.
        survey: of it.
        units: metric, or us for feet and inches; the columns' names say the unit.

    Raises:
        OutputError: a file cannot be written.
    """
    metre = "m" if units == "metric" else "ft"
    place = ["road", "section", f"from_{metre}", f"to_{metre}"]
    columns = ["distress_code", "distress", "severity", "severity_word", "quantity", "unit"]
    rows = (row for section in survey.sections for row in _distresses(section, units))
    _write(folder, "sections.csv", [*place, *columns], rows)
    millimetre = "mm" if units == "metric" else "in"
    columns = [
        *("photos", f"seen_area_{metre}2", f"crack_length_{metre}", "crack_length_px"),
        *(f"length_{name}_{metre}" for name in ("low", "medium", "high", "not_graded", *CLASSES.values())),
        *(f"network_area_{metre}2", f"width_mean_{millimetre}", f"width_max_{millimetre}", "severity"),
        *("cracking_percent", "cracking_class", "pci", "pci_lowest", "pci_highest"),
    ]
    summaries = (_summary(section, units) for section in survey.sections)
    _write(folder, "sections_summary.csv", [*place, *columns], summaries)


def _write(folder: ResultFolder, name: str, columns: list[str], rows: Iterable[list[Any]]) -> None:
    with replacing(folder.path / name) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([no_formula(readable(value)) for value in row] for row in rows)


def _distresses(section: Section, units: Units) -> Iterator[list[Any]]:
    for row in section.quantities:
        quantity = Quantity(row.distress, row.severity, row.amount, row.unit, row.code)
        if units == "us":
            quantity = quantity.in_feet()
        yield [
            *_place(section, units),
            *(quantity.code, quantity.distress, LETTERS.get(quantity.severity), quantity.severity),
            *(round(quantity.amount, 3), quantity.unit),
        ]


def _place(section: Section, units: Units) -> list[Any]:
    ends = (_in_units(metres, 1 / FOOT_M, units) for metres in (section.start_m, section.end_m))
    return [section.road, section.number, *ends]


def _summary(section: Section, units: Units) -> list[Any]:
    feet, square_feet, inches = 1 / FOOT_M, 1 / FOOT_M**2, 1 / INCH_MM
    by_letter: dict[str | None, float] = {}
    for severity, metres in (section.severity_length_m or {}).items():
        letter = LETTERS.get(severity)  # what cannot be graded has none; two standards share them
        by_letter[letter] = by_letter.get(letter, 0.0) + metres
    by_class = section.class_length_m or {}
    absent = None if section.length_m is None else 0.0
    return [
        *_place(section, units),
        section.photos,
        _in_units(section.seen_area_m2, square_feet, units),
        _in_units(section.length_m, feet, units),
        section.length_px,
        *(_in_units(by_letter.get(letter, absent), feet, units) for letter in ("L", "M", "H", None)),
        *(_in_units(by_class.get(name, absent), feet, units) for name in CLASSES),
        _in_units(section.network_area_m2, square_feet, units),
        _in_units(section.width_mean_mm, inches, units),
        _in_units(section.width_max_mm, inches, units),
        section.severity,
        *(section.cracking_percent, section.cracking_class),
        *(section.pci, section.pci_lowest, section.pci_highest),
    ]


def _in_units(value: float | None, factor: float, units: Units) -> float | None:
    """A number in metric units, or times a factor in US ones; rounded."""
    if value is None:
        return None
    return round(value * factor if units == "us" else value, 4 if factor < 1 else 3)
