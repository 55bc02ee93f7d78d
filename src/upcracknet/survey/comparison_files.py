"""A comparison of two surveys as files: tables for a spreadsheet, and a layer for a map."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from upcracknet.files import json_bytes, replacing, write_atomically
from upcracknet.results.tables import no_formula, readable
from upcracknet.survey.comparing import Comparison, SectionChange
from upcracknet.survey.pairing import PhotoPair
from upcracknet.survey.records import Section

SECTIONS, PHOTOS, LAYER = "comparison.csv", "comparison_photos.csv", "comparison.geojson"

_FIGURES = (
    *("length_m", "network_area_m2", "seen_area_m2", "width_mean_mm", "width_max_mm"),
    *("cracking_percent", "pci"),
)
"""Numbers of a section that have a growth."""


def write_comparison(folder: Path, comparison: Comparison) -> tuple[Path, ...]:
    """Write a comparison.

    ``comparison.csv`` has a row for each section of either survey, ``comparison_photos.csv`` one for each
    pair of photos, and ``comparison.geojson`` (RFC 7946) the sections with the same columns.

    Args:
        folder: made as needed; files of an earlier comparison are replaced.
        comparison: what to write.

    Returns:
        the files.

    Raises:
        OutputError: a file cannot be written.
    """
    sections = list(_section_rows(comparison))
    _write_table(folder / SECTIONS, [row for row, _ in sections])
    _write_table(folder / PHOTOS, [_photo_row(pair) for pair in comparison.pairs])
    features = [{"type": "Feature", "properties": row, "geometry": _line(places)} for row, places in sections]
    write_atomically(folder / LAYER, json_bytes({"type": "FeatureCollection", "features": features}))
    return folder / SECTIONS, folder / PHOTOS, folder / LAYER


def density_m_per_100_m2(section: Section | None) -> float | None:
    """Give the metres of crack on 100 square metres of the road that photos show."""
    if section is None or section.length_m is None or not section.seen_area_m2:
        return None
    return 100 * section.length_m / section.seen_area_m2


def _section_rows(comparison: Comparison) -> Iterable[tuple[dict[str, Any], tuple[tuple[float, float], ...]]]:
    """The row of each section, and its line."""
    both = [part for change in comparison.sections for part in (change.old, change.new) if part is not None]
    both += comparison.gone
    kinds = {("class_length_m", name) for section in both for name in section.class_length_m or {}}
    kinds |= {("severity_length_m", name) for section in both for name in section.severity_length_m or {}}
    for change in comparison.sections:
        yield _section_row(change, sorted(kinds)), change.new.line
    for section in comparison.gone:
        here = {"section": None, "old_section": section.number, "status": "gone"}
        yield here | _figures_of(section, None, sorted(kinds)), section.line


def _section_row(change: SectionChange, kinds: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Old figures, new figures, and growth; ``kinds`` are the lengths by class and severity to give."""
    here = {
        "section": change.new.number,
        "old_section": None,
        "status": change.status,
        "start_m": change.new.start_m,
        "end_m": change.new.end_m,
    }
    return here | _figures_of(change.old, change.new, kinds)


def _figures_of(old: Section | None, new: Section | None, kinds: Iterable[tuple[str, str]]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "old_photos": 0 if old is None else old.photos,
        "new_photos": 0 if new is None else new.photos,
    }
    figures = {name: (getattr(old, name, None), getattr(new, name, None)) for name in _FIGURES}
    figures["length_m_per_100_m2"] = density_m_per_100_m2(old), density_m_per_100_m2(new)
    for group, name in kinds:
        lengths = [getattr(part, group, None) for part in (old, new)]
        column = f"length_{'unclassified' if name == 'crack' else name.replace(' ', '_')}_m"
        before, after = (None if part is None else part.get(name, 0.0) for part in lengths)
        figures[column] = before, after
    for name, (before, after) in figures.items():
        row |= {f"old_{name}": before, f"new_{name}": after}
        row[f"growth_{name}"] = None if before is None or after is None else after - before
    return row | {
        "old_severity": getattr(old, "severity", None),
        "new_severity": getattr(new, "severity", None),
    }


def _photo_row(pair: PhotoPair) -> dict[str, Any]:
    change, registration = pair.change, pair.registration
    row: dict[str, Any] = {
        "name": pair.new.record.name,
        "old_name": pair.old.record.name,
        "section": pair.new.section,
        "distance_m": pair.distance_m,
        "status": "refused" if change is None else "compared",
        "problem": pair.problem,
        "points": getattr(registration, "points", None),
        "overlap_percent": None if registration is None else 100 * registration.overlap,
    }
    for name in ("kept", "new", "gone"):
        length = getattr(change, f"{name}_px", None)
        row |= {f"{name}_px": length, f"{name}_m": pair.metres(length)}
    for name, width_mm in zip(("old_width", "new_width"), pair.widths_mm, strict=True):
        row |= {f"{name}_px": getattr(change, f"{name}_px", None), f"{name}_mm": width_mm}
    return row


def _line(places: tuple[tuple[float, float], ...]) -> dict[str, Any] | None:
    """A line, cut where it crosses 180° (RFC 7946, section 3.1.9)."""
    parts: list[list[tuple[float, float]]] = [[]]
    for place in places:
        if parts[-1] and abs(place[0] - parts[-1][-1][0]) > 180:
            before, edge = parts[-1][-1], 180.0 if parts[-1][-1][0] > 0 else -180.0
            step = (place[0] - before[0] + 180) % 360 - 180
            latitude = before[1] + (place[1] - before[1]) * (edge - before[0]) / step
            parts[-1].append((edge, latitude))
            parts.append([(-edge, latitude)])
        parts[-1].append(place)
    lines = [part for part in parts if len(part) > 1]
    if not lines:
        return None
    if len(lines) == 1:
        return {"type": "LineString", "coordinates": lines[0]}
    return {"type": "MultiLineString", "coordinates": lines}


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write a CSV; a column that any row has is there, and what a row lacks is empty."""
    columns = dict.fromkeys(column for row in rows for column in row)
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        for row in rows:
            writer.writerow({column: no_formula(readable(_rounded(value))) for column, value in row.items()})


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
