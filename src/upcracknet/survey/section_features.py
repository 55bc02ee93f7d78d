"""From sections to features: a line a section with all that it has of cracks."""

from collections.abc import Sequence, Set
from typing import Any

import numpy as np

from upcracknet.measure.classes import KINDS
from upcracknet.measure.severity import NOT_GRADED, STANDARDS
from upcracknet.survey.features import standard_of
from upcracknet.survey.layers import Layer
from upcracknet.survey.placing import WGS_84, transformed, unwrapped
from upcracknet.survey.records import Section, SectionQuantity, Survey

FIRST = {
    "section": "int64",
    "road": "string",
    "start_m": "float64",
    "end_m": "float64",
    "photos": "int64",
    "seen_area_m2": "float64",
    "length_m": "float64",
    "length_px": "float64",
    "width_mean_mm": "float64",
    "width_max_mm": "float64",
    "severity": "string",
    "network_area_m2": "float64",
    "cracking_percent": "float64",
    "cracking_class": "string",
    "pci": "float64",
    "pci_lowest": "float64",
    "pci_highest": "float64",
}
"""Columns that every layer of sections has first, and their types."""

CLASSES = {
    kind: f"length_{'unclassified' if kind == 'crack' else kind}_m" for kind in KINDS if kind != "joint"
}
"""The column of metres of each class."""


def section_layer(survey: Survey, system: Any) -> Layer:
    """Make the layer ``sections``.

    Args:
        survey: with its sections.
        system: reference system of the layers.
    """
    severities = severity_columns(standards_of(survey))
    quantities = sorted({_quantity_column(row) for section in survey.sections for row in section.quantities})
    columns = FIRST | dict.fromkeys([*severities.values(), *CLASSES.values(), *quantities], "float64")
    layer = Layer("sections", "Stretches of the road with their cracks", "LineString", columns)
    for section in survey.sections:
        values = {column: getattr(section, column, None) for column in FIRST}
        values["section"] = section.number
        for names, lengths in ((severities, section.severity_length_m), (CLASSES, section.class_length_m)):
            if lengths is not None:
                values |= {column: lengths.get(name, 0.0) for name, column in names.items()}
        if section.length_m is not None:
            values |= dict.fromkeys(quantities, 0.0)
        for row in section.quantities:
            column = _quantity_column(row)
            values[column] = (values.get(column) or 0.0) + row.amount
        layer.add(_line(section, system), values)
    return layer


def standards_of(survey: Survey) -> set[str]:
    """Give the standards that a survey's cracks were graded by."""
    found = {standard_of(photo) for photo in survey.photos}
    return {standard for standard in found if standard is not None}


def severity_columns(standards: Set[str]) -> dict[str, str]:
    """Give the column of metres of each severity of some standards."""
    words = [
        word for name, standard in STANDARDS.items() if name in standards for word in standard.severities
    ]
    return {word: f"length_{word}_m" for word in words} | {NOT_GRADED: "length_not_graded_m"}


def _quantity_column(row: SectionQuantity) -> str:
    """A name of its distress, its severity and its unit."""
    unit = row.unit.replace("²", "2")
    return f"{row.distress}_{row.severity}_{unit}".replace(" ", "_").replace("cannot_be_graded", "not_graded")


def _line(section: Section, system: Any) -> bytes | None:
    import shapely

    places: Sequence[Any] = section.line
    if len(places) < 2:
        return None
    degrees = unwrapped(np.array(places, np.float64))
    return bytes(shapely.to_wkb(shapely.linestrings(transformed(degrees, WGS_84, system))))
