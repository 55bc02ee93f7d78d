"""What a survey is: photos with their places, and stretches of road with their distresses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from upcracknet.measure.quantities import Unit
from upcracknet.results.records import Record

PositionSource = Literal["exif", "gpx", "csv", "raster"]

PositionQuality = Literal["each crack", "photo"]
"""What a coordinate of a crack means: its own place, or that of the photo that shows it."""

CrackingClass = Literal["good", "fair", "poor"]


@dataclass(frozen=True)
class Position:
    """Where a photo was taken, or where the middle of a map lies.

    Attributes:
        latitude: in degrees (WGS 84), -90 to 90.
        longitude: in degrees (WGS 84), -180 to 180.
        source: where the place is known from.
        quality: what the coordinates of the photo's cracks mean.
        heading_deg: which way up in the photo leads, in degrees from true north, clockwise, 0 to 360.
        course_deg: which way the camera moved, in the same degrees.
        altitude_m: above the sea, in metres.
        time: when the photo was taken, in UTC.
    """

    latitude: float
    longitude: float
    source: PositionSource
    quality: PositionQuality
    heading_deg: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    time: datetime | None = None


@dataclass(frozen=True)
class SurveyPhoto:
    """One photo of a survey.

    Attributes:
        record: what was found in it.
        position: where it is; None where that is not known.
        problem: why its place is not known.
        section: number of the section that it lies in, from 1.
        chainage_m: its distance along the road from where the survey begins, in metres.
        counted: share of what it shows that no photo before it shows, 0 to 1: what sections count of it.
    """

    record: Record
    position: Position | None = None
    problem: str | None = None
    section: int | None = None
    chainage_m: float | None = None
    counted: float = 1.0


@dataclass(frozen=True)
class SectionQuantity:
    """How much of one distress at one severity a section has; see ``upcracknet.measure.quantities``."""

    distress: str
    severity: str
    amount: float
    unit: Unit
    code: str


@dataclass(frozen=True)
class Section:
    """A stretch of road of a fixed length.

    Attributes:
        number: from 1 along the road; where there are several, one after the other.
        start_m: where it begins, in metres along the road.
        end_m: where it ends; the last one may be shorter.
        line: its course: (longitude, latitude) in degrees (WGS 84), two places and more.
        photos: number of photos that it counts.
        seen_area_m2: area of road that they show, in square metres; None without a scale.
        length_m: metres of crack, without joints; None without a scale.
        length_px: pixels of crack.
        severity_length_m: metres of crack of each severity.
        class_length_m: metres of crack of each class (longitudinal, transverse, ...).
        network_area_m2: square metres of alligator and block cracking.
        width_mean_mm: mean width, each crack counted by its length.
        width_max_mm: greatest width.
        severity: the gravest that any crack or network has.
        cracking_percent: share of the seen road, in per cent, that has fatigue (alligator) cracking.
        cracking_class: "good", "fair" or "poor" of it (23 CFR 490.313).
        pci: estimate of the cracking-only pavement condition index, 0 to 100.
        pci_lowest: lowest index that the doubts allow.
        pci_highest: highest one.
        quantities: what a survey sheet asks for.
        road: name of its road; None where there is only one, without a name.
    """

    number: int
    start_m: float
    end_m: float
    line: tuple[tuple[float, float], ...]
    photos: int
    seen_area_m2: float | None = None
    length_m: float | None = None
    length_px: float = 0.0
    severity_length_m: dict[str, float] | None = None
    class_length_m: dict[str, float] | None = None
    network_area_m2: float | None = None
    width_mean_mm: float | None = None
    width_max_mm: float | None = None
    severity: str | None = None
    cracking_percent: float | None = None
    cracking_class: CrackingClass | None = None
    pci: float | None = None
    pci_lowest: float | None = None
    pci_highest: float | None = None
    quantities: tuple[SectionQuantity, ...] = ()
    road: str | None = None


@dataclass(frozen=True)
class Survey:
    """A result folder with its places.

    Attributes:
        photos: all, also those that failed and those without a place, by name.
        sections: along the road; empty where photos have no order along one.
        options: how places and sections were made, as plain values.
        notes: what to know of it, as sentences: how many photos have a place, how the clocks overlap, what is
            counted once.
        line: the road's course: pieces of (longitude, latitude) in degrees; empty where there is none.
        outdated: what has changed in the folder since the survey was made, and what to do; None where
            nothing has.
    """

    photos: tuple[SurveyPhoto, ...]
    sections: tuple[Section, ...] = ()
    options: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    line: tuple[tuple[tuple[float, float], ...], ...] = ()
    outdated: str | None = None
