"""All that a report says, read once from a result folder: plain data that is drawn as a page or as a PDF."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from upcracknet.report.tally import Tally
from upcracknet.report.thumbnails import thumbnail
from upcracknet.results.folder import ResultFolder, files_below
from upcracknet.results.records import Record, severity_rank
from upcracknet.survey.records import Section, Survey, SurveyPhoto

MOST = 10
"""Sections, or photos, that are shown as the worst."""

PHOTOS_EACH = 3
"""Photos that are shown of each of these sections."""

Problem = tuple[str, str]
"""Name of a photo, and what is wrong."""

Order = Literal["pci", "severity", "pixels"]
"""What the worst sections are chosen by."""


@dataclass(frozen=True)
class Shown:
    """A photo that is shown.

    Attributes:
        record: what was found in it.
        jpeg: a small picture of it; None where none is at hand.
    """

    record: Record
    jpeg: bytes | None


@dataclass(frozen=True)
class Worst:
    """One of the worst sections, with its worst photos."""

    section: Section
    photos: tuple[Shown, ...]


@dataclass(frozen=True)
class Content:
    """What a report says.

    Attributes:
        name: of the result folder.
        tally: sums over all photos.
        photos: those that could be used, the worst first.
        failed: those that could not, also where a record cannot be read.
        unplaced: photos of a survey that have no place.
        warnings: what to know before results are trusted, each with the photos that it is about.
        survey: places and sections; None where they were not made.
        reviews: number of photos by what a person said of them.
        order: what the worst sections are chosen by.
        worst_sections: the worst first.
        worst_photos: those with the worst cracks; only where there are no sections.
        taken: when the first and the last photo were taken, where that is known.
    """

    name: str
    tally: Tally
    photos: tuple[SurveyPhoto, ...]
    failed: tuple[Problem, ...]
    unplaced: tuple[Problem, ...]
    warnings: dict[str, list[str]]
    survey: Survey | None
    reviews: dict[str, int]
    order: Order
    worst_sections: tuple[Worst, ...]
    worst_photos: tuple[Shown, ...]
    taken: tuple[datetime, datetime] | None

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections, along the road."""
        return self.survey.sections if self.survey else ()

    @property
    def placed(self) -> list[SurveyPhoto]:
        """The photos that could be used and have a place, the worst first."""
        return [photo for photo in self.photos if photo.position is not None]


def gather(results: ResultFolder, survey: Survey | None) -> Content:
    """Read what a report says.

    Files of cracks are read one after the other; of each photo its record is kept.

    Args:
        results: the result folder.
        survey: its places and sections; None where they were not made.
    """
    known = survey.photos if survey else tuple(map(SurveyPhoto, results.readable_records()))
    tally, photos, failed = Tally(), list[SurveyPhoto](), list[Problem]()
    warnings: dict[str, list[str]] = {}
    for photo in known:
        record = photo.record
        tally.add(record, results, photo.counted)
        if record.status == "failed":
            failed.append((record.name, _readable(record.error or "")))
            continue
        photos.append(photo)
        for text in filter(None, (record.warning, record.measure_warning)):
            warnings.setdefault(_readable(text), []).append(record.name)
    for name, why in tally.damaged:
        warnings.setdefault(_readable(why), []).append(name)
    failed += _damaged(results, {photo.record.name for photo in known})
    photos.sort(key=lambda photo: photo.record.rank, reverse=True)
    sections = survey.sections if survey else ()
    order = _order(sections)
    times = [photo.position.time for photo in photos if photo.position and photo.position.time]
    return Content(
        name=results.path.resolve().name,
        tally=tally,
        photos=tuple(photos),
        failed=tuple(failed),
        unplaced=tuple(_unplaced(photos)) if survey else (),
        warnings=warnings,
        survey=survey,
        reviews=dict(Counter(photo.record.review_status for photo in photos if photo.record.review_status)),
        order=order,
        worst_sections=_worst_sections(sections, order, photos, results),
        worst_photos=() if sections else _shown(photos, MOST, results),
        taken=(min(times), max(times)) if times else None,
    )


def _damaged(results: ResultFolder, known: set[str]) -> Iterator[Problem]:
    """Photos whose records cannot be read."""
    folder = results.path / "records"
    for path in files_below(folder):
        name = path.relative_to(folder).as_posix().removesuffix(".json")
        if name not in known:
            yield name, "its record cannot be read; run `upcracknet detect` again"


def _readable(text: str) -> str:
    """A text as UTF-8: names of files need not be."""
    return text.encode(errors="backslashreplace").decode()


def _unplaced(photos: Iterable[SurveyPhoto]) -> Iterator[Problem]:
    for photo in photos:
        if photo.position is None:
            yield photo.record.name, _readable(photo.problem or "")


def has_cracks(section: Section) -> bool:
    """Tell whether anything was found in a section."""
    return bool(section.length_px or section.length_m or section.network_area_m2)


def _order(sections: Iterable[Section]) -> Order:
    if any(section.pci is not None for section in sections):
        return "pci"
    return "severity" if any(section.length_m is not None for section in sections) else "pixels"


def _badness(section: Section, order: Order) -> tuple[float, ...]:
    """The greater, the worse."""
    if order == "pixels":
        return (section.length_px / max(1, section.photos),)
    per_metre = (section.length_m or 0.0) / max(1.0, section.end_m - section.start_m)
    by_severity = float(severity_rank(section.severity)), per_metre
    if order == "severity":
        return by_severity
    return (-1000.0 if section.pci is None else -section.pci, *by_severity)


def _worst_sections(
    sections: Iterable[Section], order: Order, photos: list[SurveyPhoto], results: ResultFolder
) -> tuple[Worst, ...]:
    own = [section for section in sections if has_cracks(section)]
    own.sort(key=lambda section: _badness(section, order), reverse=True)
    return tuple(
        Worst(
            section,
            _shown([photo for photo in photos if photo.section == section.number], PHOTOS_EACH, results),
        )
        for section in own[:MOST]
    )


def _shown(photos: list[SurveyPhoto], most: int, results: ResultFolder) -> tuple[Shown, ...]:
    """The worst photos that have cracks, of photos that are the worst first."""
    own = [photo.record for photo in photos if photo.record.crack_count or photo.record.crack_pixels]
    return tuple(Shown(record, thumbnail(record, results)) for record in own[:most])
