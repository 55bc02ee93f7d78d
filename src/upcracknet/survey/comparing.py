"""Two surveys of one road: how its sections and the cracks in its photos have changed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from upcracknet.results.folder import ResultFolder
from upcracknet.survey.pairing import PhotoPair, compare_photos, pairs_by_place
from upcracknet.survey.records import Section, Survey, SurveyPhoto
from upcracknet.survey.stretches import on_sections, shares_covered
from upcracknet.survey.sums import sum_sections
from upcracknet.survey.survey_file import read_survey

LEAST_SHARE = 0.5
"""A section of which the other survey has less is gone."""

LARGEST_DIFFERENCE = 0.1
"""Surveys that saw areas of a section more different than this share find other lengths for that alone."""


@dataclass(frozen=True)
class SectionChange:
    """A section of the new survey, and what the old survey has there.

    Attributes:
        new: of the new survey.
        old: what the old survey's photos on the same stretch add up to; None where it has none.
    """

    new: Section
    old: Section | None

    @property
    def is_seen_alike(self) -> bool:
        """Whether both surveys saw about as much of the road, so that their metres can be compared."""
        before = None if self.old is None else self.old.seen_area_m2
        after = self.new.seen_area_m2
        return bool(before and after and abs(after / before - 1) <= LARGEST_DIFFERENCE)

    @property
    def status(self) -> Literal["both", "new", "gone", "neither"]:
        """Which of the surveys has photos there that count."""
        if self.old is None:
            return "new" if self.new.photos else "neither"
        return "both" if self.new.photos else "gone"

    @property
    def growth_m(self) -> float | None:
        """Metres of crack that the section has more; None where one survey has none or no scale."""
        before = None if self.old is None else self.old.length_m
        return None if before is None or self.new.length_m is None else self.new.length_m - before


@dataclass(frozen=True)
class Comparison:
    """What changed between two surveys.

    Attributes:
        sections: those of the new survey, in their order.
        gone: sections of the old survey of which the new one has less than half.
        pairs: photos of the same place; those laid on each other and those refused.
        warnings: why differences may not be those of the road, as sentences.
        taken: when the first and the last photo of the old and of the new survey were taken, in UTC; None
            where no photo tells.
    """

    sections: tuple[SectionChange, ...]
    gone: tuple[Section, ...]
    pairs: tuple[PhotoPair, ...]
    warnings: tuple[str, ...]
    taken: tuple[tuple[datetime, datetime] | None, ...] = (None, None)

    @property
    def compared(self) -> list[SectionChange]:
        """Sections of which both surveys have photos."""
        return [change for change in self.sections if change.status == "both"]

    @property
    def registered(self) -> list[PhotoPair]:
        """Pairs of photos that were laid on each other."""
        return [pair for pair in self.pairs if pair.change is not None]

    def metres(self, name: Literal["kept_px", "new_px", "gone_px"]) -> float | None:
        """Sum up what became of the cracks, over all photos that were laid on each other.

        Returns:
            metres, in which each new photo has the share that counts of it, as other photos show the rest;
            None where no new photo has a scale.
        """
        lengths = [(pair.metres(getattr(pair.change, name)), pair.new.counted) for pair in self.registered]
        known = [share * length for length, share in lengths if length is not None]
        return sum(known) if known else None


def compare_surveys(
    old: ResultFolder, new: ResultFolder, show: Callable[[int, int], None] = lambda done, total: None
) -> Comparison:
    """Compare two surveys of one road.

    Args:
        old: result folder of the earlier survey.
        new: that of the later one.
        show: called with the number of pairs of photos that are done and of all.

    Raises:
        DataError: a folder has no survey.
    """
    before, after = read_survey(old), read_survey(new)
    sections = match_sections(old, before, after.sections)
    shares = shares_covered(before.sections, after.sections)
    pairs = pairs_by_place(before.photos, after.photos)
    return Comparison(
        sections,
        tuple(section for section, share in zip(before.sections, shares, strict=True) if share < LEAST_SHARE),
        tuple(compare_photos(old, new, pairs, show)),
        tuple(_warnings(before, after, sections)),
        (_taken(before), _taken(after)),
    )


def match_sections(
    results: ResultFolder, old: Survey, sections: Sequence[Section]
) -> tuple[SectionChange, ...]:
    """Sum up an old survey's photos by the sections of a new one.

    Photos are matched by place and direction, so that it does not matter where either survey began.

    Args:
        results: result folder of the old survey.
        old: the old survey.
        sections: of the new one.
    """
    photos = on_sections(old.photos, old.sections, sections)
    empty = [Section(section.number, section.start_m, section.end_m, section.line, 0) for section in sections]
    summed, _ = sum_sections(results, photos, empty)
    return tuple(
        SectionChange(section, before if before.photos else None)
        for section, before in zip(sections, summed, strict=True)
    )


def _warnings(old: Survey, new: Survey, sections: Sequence[SectionChange]) -> Iterable[str]:
    """What differs between the surveys beside the road."""
    for what, of_photo in (
        ("standards", _standard),
        ("models", _model),
        ("ways of detecting", _detection),
        ("sources of the scale", lambda photo: photo.record.scale_source),
    ):
        before, after = _values(old, of_photo), _values(new, of_photo)
        if before != after:
            yield (
                f"The surveys have different {what} ({_listed(before)}; now {_listed(after)}). "
                "Differences may come from that."
            )
    for survey, name in ((old, "old"), (new, "new")):
        if survey.outdated is not None:
            yield f"Of the {name} survey: {survey.outdated}"
    unlike = [
        change.new.number for change in sections if change.status == "both" and not change.is_seen_alike
    ]
    if unlike:
        yield (
            f"Of sections {_listed(unlike)} the surveys show areas that differ by more than "
            f"{LARGEST_DIFFERENCE:.0%}, or are not known. Compare metres on 100 m² there, not metres."
        )


def _taken(survey: Survey) -> tuple[datetime, datetime] | None:
    positions = [photo.position for photo in survey.photos if photo.position is not None]
    times = [position.time for position in positions if position.time is not None]
    return (min(times), max(times)) if times else None


def _values(survey: Survey, of_photo: Callable[[SurveyPhoto], Any]) -> list[str]:
    """All values that measured photos have of something, as texts, sorted."""
    measured = [photo for photo in survey.photos if photo.record.measures is not None]
    return sorted({str(of_photo(photo)) for photo in measured} - {"None"})


def _standard(photo: SurveyPhoto) -> Any:
    return (photo.record.measures or {}).get("standard")


def _model(photo: SurveyPhoto) -> Any:
    settings = photo.record.settings or {}
    return settings.get("sha256") or settings.get("model")


def _detection(photo: SurveyPhoto) -> Any:
    """Preset and threshold that a photo was detected with."""
    detection = (photo.record.settings or {}).get("detection", {})
    threshold = detection.get("threshold")
    level = threshold.get("level") if isinstance(threshold, dict) else threshold
    return f"preset {detection.get('preset') or 'default'}, threshold {level}"


def _listed(values: Sequence[Any]) -> str:
    """Values with commas; of many the first ones."""
    shown = [str(value)[:40] for value in values[:5]]
    more = [f"{len(values) - 5} more"] if len(values) > 5 else []
    return ", ".join(shown + more) or "none"
