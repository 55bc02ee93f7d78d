"""What the photos of a section add up to."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from upcracknet.errors import UpCrackNetError
from upcracknet.measure.condition import Readings, estimate_pci
from upcracknet.measure.quantities import Quantity, Unit, code_number
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import from_dict
from upcracknet.results.crack_files import read_cracks
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import severity_rank
from upcracknet.survey.records import CrackingClass, Section, SectionQuantity, SurveyPhoto

FATIGUE = ("alligator", "fatigue")
"""Names of fatigue cracking in the standards."""

FAIR_FROM_PERCENT, POOR_ABOVE_PERCENT = 5.0, 20.0
"""Limits of the cracking per cent of asphalt: 23 CFR 490.313 (b) (2) (i)."""

READINGS = ("likely", "mildest", "gravest")

CELLS = 64
"""Where the scale differs by place, the seen area is summed over so many cells across and down a photo."""

_Key = tuple[str, str, Unit, str]
_Readings = dict[str, dict[_Key, float]]
"""Distress, severity, unit, code."""


SMALLEST_SAMPLE_UNIT_M2 = 135.0
"""A sample unit of asphalt has 225 ± 90 m² (ASTM D6433)."""


def sum_sections(
    results: ResultFolder, photos: Iterable[SurveyPhoto], sections: Sequence[Section]
) -> tuple[tuple[Section, ...], list[str]]:
    """Sum up the cracks of each section's photos.

    Args:
        results: the folder that the photos are of; each file of cracks is read once.
        photos: with their sections and the shares that count.
        sections: that show nothing yet.

    Returns:
        the sections; and what was left out, in sentences.
    """
    sums = {section.number: SectionSums() for section in sections}
    unmeasured, without_scale, damaged = 0, 0, list[str]()
    for photo in photos:
        record = photo.record
        if photo.section is None or photo.counted == 0 or record.status != "done":
            continue
        if record.cracks is None:
            unmeasured += 1
            continue
        pixels = (record.width or 0) * (record.height or 0)
        road_share = 1.0 if record.road_pixels is None or not pixels else record.road_pixels / pixels
        try:
            measured = read_cracks(results.file(record.cracks), lines=False)
            sums[photo.section].add(measured, photo.counted, road_share)
        except (UpCrackNetError, KeyError, TypeError):
            damaged.append(record.cracks)
        without_scale += record.scale_source is None
    complete = tuple(sums[section.number].complete(section) for section in sections)
    return complete, _notes(complete, unmeasured, without_scale, damaged)


def _notes(
    sections: Sequence[Section], unmeasured: int, without_scale: int, damaged: Sequence[str]
) -> list[str]:
    notes = []
    if unmeasured:
        notes.append(f"Photos on the roads whose cracks are not measured, and do not count: {unmeasured}.")
    if damaged:
        notes.append(
            f"Files of cracks that cannot be read, and do not count: {len(damaged)}, the first {damaged[0]}. "
            "Run `upcracknet measure` again."
        )
    if without_scale:
        notes.append(
            f"Photos without a scale: {without_scale}. Sections count their cracks in pixels alone; run "
            "`upcracknet measure --scale`."
        )
    areas = [section.seen_area_m2 or 0.0 for section in sections if section.pci is not None]
    small = sum(area < SMALLEST_SAMPLE_UNIT_M2 for area in areas)
    if areas:
        notes.append(
            "The condition index is an estimate from cracks alone, of the road that photos show. In "
            f"{small} of {len(areas)} sections that is less than a sample unit of ASTM D6433 (225 ± 90 m²)."
        )
    return notes


@dataclass
class SectionSums:
    """Sums of a section as its photos are added."""

    photos: int = 0
    length_px: float = 0.0
    seen_area_m2: float | None = None
    network_area_m2: float = 0.0
    width_max_mm: float | None = None
    weighted_widths: float = 0.0
    severities: set[str] = field(default_factory=set)
    severity_length_m: dict[str, float] = field(default_factory=dict)
    class_length_m: dict[str, float] = field(default_factory=dict)
    quantities: dict[_Key, float] = field(default_factory=dict)
    readings: _Readings | None = field(default_factory=lambda: _Readings({name: {} for name in READINGS}))
    scale_uncertainty: float = 0.0

    def add(self, measured: dict[str, Any], share: float, road_share: float = 1.0) -> None:
        """Add a photo.

        Args:
            measured: content of its file of cracks, without the lines.
            share: of what it shows, how much is counted, above 0 and up to 1.
            road_share: share of its pixels that were looked at as road, 0 to 1.

        Raises:
            KeyError: the file lacks a field.
            ConfigurationError: the file's scale is none.
        """
        cracks = [crack for crack in measured["cracks"] if crack["kind"] != "joint"]
        self.photos += 1
        self.length_px += share * sum(crack["length_px"] for crack in cracks)
        if measured["scale"] is None:
            return
        scale, area_m2 = _scale_and_area(_hashable(measured["scale"]), measured["width"], measured["height"])
        self.seen_area_m2 = (self.seen_area_m2 or 0.0) + share * road_share * area_m2
        self.scale_uncertainty = max(self.scale_uncertainty, scale.uncertainty)
        for crack in cracks:
            if crack["length_mm"] is not None:
                self._add_crack(crack, share)
        self.network_area_m2 += (
            share * sum(network["area_mm2"] or 0.0 for network in measured["networks"]) / 1e6
        )
        _add(self.quantities, measured["quantities"], share)
        self.severities.update(row["severity"] for row in measured["quantities"])
        if measured.get("readings") is None:
            self.readings = None
        elif self.readings is not None:
            for name in READINGS:
                _add(self.readings[name], measured["readings"][name], share)

    def _add_crack(self, crack: dict[str, Any], share: float) -> None:
        length_m = share * crack["length_mm"] / 1000
        for sums, name in ((self.severity_length_m, crack["severity"]), (self.class_length_m, crack["kind"])):
            sums[name] = sums.get(name, 0.0) + length_m
        self.severities.add(crack["severity"])
        self.weighted_widths += length_m * crack["width_mean_mm"]
        self.width_max_mm = max(self.width_max_mm or 0.0, crack["width_max_mm"])

    def complete(self, section: Section) -> Section:
        """Give a section with what its photos add up to."""
        if self.seen_area_m2 is None:
            return replace(section, photos=self.photos, length_px=round(self.length_px, 2))
        length_m = math.fsum(self.class_length_m.values())
        index: tuple[float | None, float | None, float | None] = (None, None, None)
        percent = None
        if self.seen_area_m2 > 0:
            index = self._index(self.seen_area_m2)
            fatigue_m2 = math.fsum(amount for key, amount in self.quantities.items() if key[0] in FATIGUE)
            percent = round(100 * fatigue_m2 / self.seen_area_m2, 2)
        by_severity = sorted(self.severity_length_m.items(), key=lambda item: severity_rank(item[0]))
        return replace(
            section,
            photos=self.photos,
            seen_area_m2=round(self.seen_area_m2, 4),
            length_m=round(length_m, 4),
            length_px=round(self.length_px, 2),
            severity_length_m={name: round(metres, 4) for name, metres in by_severity},
            class_length_m={name: round(metres, 4) for name, metres in sorted(self.class_length_m.items())},
            network_area_m2=round(self.network_area_m2, 4),
            width_mean_mm=round(self.weighted_widths / length_m, 3) if length_m else None,
            width_max_mm=self.width_max_mm,
            severity=max(self.severities, key=severity_rank, default=None),
            cracking_percent=percent,
            cracking_class=None if percent is None else cracking_class(percent),
            pci=index[0],
            pci_lowest=index[1],
            pci_highest=index[2],
            quantities=_quantities(self.quantities),
        )

    def _index(self, area_m2: float) -> tuple[float | None, float | None, float | None]:
        """The condition index with its range; only ASTM D6433 has it."""
        if self.readings is None:
            return None, None, None
        likely, mildest, gravest = (
            tuple(
                Quantity(distress, severity, amount, unit, code)
                for (distress, severity, unit, code), amount in self.readings[name].items()
            )
            for name in READINGS
        )
        found = estimate_pci(
            Readings(likely, mildest, gravest), area_m2, scale_uncertainty=self.scale_uncertainty
        )
        return round(found.pci, 1), round(found.lowest, 1), round(found.highest, 1)


def cracking_class(percent: float) -> CrackingClass:
    """Give the class of the cracking per cent of asphalt (23 CFR 490.313).

    Args:
        percent: share of the road that is cracked, 0 to 100.

    Returns:
        "good" below 5 %, "fair" from 5 to 20 %, "poor" above.
    """
    if percent < FAIR_FROM_PERCENT:
        return "good"
    return "poor" if percent > POOR_ABOVE_PERCENT else "fair"


def _add(sums: dict[_Key, float], rows: Iterable[dict[str, Any]], share: float) -> None:
    for row in rows:
        key = (row["distress"], row["severity"], row["unit"], row["code"])
        sums[key] = sums.get(key, 0.0) + share * row["amount"]


def _quantities(sums: dict[_Key, float]) -> tuple[SectionQuantity, ...]:
    """In the order of the standard's codes, then from mild to grave."""
    ordered = sorted(sums, key=lambda key: (code_number(key[3]), key[3], severity_rank(key[1])))
    return tuple(
        SectionQuantity(distress, severity, round(sums[distress, severity, unit, code], 4), unit, code)
        for distress, severity, unit, code in ordered
    )


def _hashable(scale: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    matrix = scale.get("matrix")
    fixed = scale if matrix is None else scale | {"matrix": tuple(tuple(row) for row in matrix)}
    return tuple(fixed.items())


@lru_cache(maxsize=16)
def _scale_and_area(scale: tuple[tuple[str, Any], ...], width: int, height: int) -> tuple[Scale, float]:
    """A scale, and the area of road that a photo shows in square metres, where the scale counts.

    Kept, as most photos of a survey have the same.
    """
    known = from_dict(dict(scale))
    x, y = np.meshgrid(
        (np.arange(CELLS) + 0.5) * width / CELLS - 0.5, (np.arange(CELLS) + 0.5) * height / CELLS - 0.5
    )
    sides_mm = known.millimetres_per_pixel_at(np.column_stack([x.ravel(), y.ravel()]))
    return known, float(np.nansum(sides_mm**2)) / 1e6 * (width / CELLS) * (height / CELLS)
