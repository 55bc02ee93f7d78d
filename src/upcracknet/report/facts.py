"""What is said of one photo and of one section: figures with their units."""

from collections.abc import Mapping

from upcracknet.measure.severity import NOT_GRADED
from upcracknet.report.language import Language
from upcracknet.results.records import Record, severity_rank
from upcracknet.survey.records import Section


def facts_of_photo(record: Record, language: Language) -> tuple[str, ...]:
    """Give the figures of a photo: length, widths, areas, severity; what is not known is left out."""
    facts = list[str]()
    if record.crack_length_m is not None:
        facts.append(language.text("fact.length", length=language.metres(record.crack_length_m)))
        if record.crack_width_mean_mm is not None and record.crack_width_max_mm is not None:
            mean = language.number(record.crack_width_mean_mm, 1)
            greatest = language.number(record.crack_width_max_mm, 1)
            facts.append(language.text("fact.widths", mean=mean, greatest=greatest))
    elif record.crack_length_px is not None:
        facts.append(language.text("fact.length_px", length=language.number(record.crack_length_px)))
    elif record.area_share is not None:
        facts.append(language.text("fact.share", share=language.percent(record.area_share, 2)))
    if record.network_area_m2:
        facts.append(language.text("fact.networks", area=language.number(record.network_area_m2, 2)))
    if record.severity is not None:
        facts.append(language.word("severity", record.severity))
    return tuple(facts)


def facts_of_section(section: Section, language: Language) -> tuple[str, ...]:
    """Give the figures of a section; what is not known is left out."""
    facts = list[str]()
    if section.pci is not None:
        facts.append(language.text("fact.pci", pci=pci_range(section, language)))
    if section.severity is not None:
        facts.append(language.text("fact.severity", severity=language.word("severity", section.severity)))
    if section.length_m is not None:
        length, parts = (
            language.metres(section.length_m),
            severities(section.severity_length_m or {}, language),
        )
        facts.append(
            language.text("fact.severities", length=length, list=language.listed(parts))
            if parts
            else language.text("fact.length", length=length)
        )
    elif section.length_px:
        facts.append(language.text("fact.length_px", length=language.number(section.length_px)))
    if section.width_mean_mm is not None and section.width_max_mm is not None:
        mean = language.number(section.width_mean_mm, 1)
        greatest = language.number(section.width_max_mm, 1)
        facts.append(language.text("fact.widths", mean=mean, greatest=greatest))
    if section.network_area_m2:
        facts.append(language.text("fact.networks", area=language.number(section.network_area_m2, 2)))
    if section.cracking_percent is not None:
        percent = language.number(section.cracking_percent, 1)
        facts.append(language.text("fact.cracking", percent=percent))
    facts.append(language.text("fact.photos", count=section.photos))
    return tuple(facts)


def pci_range(section: Section, language: Language) -> str:
    """Write a section's estimate of the condition index with its range; "–" where there is none."""
    if section.pci_lowest is None or section.pci_highest is None:
        return language.number(section.pci)
    return language.text(
        "sections.pci.range",
        pci=language.number(section.pci),
        lowest=language.number(section.pci_lowest),
        highest=language.number(section.pci_highest),
    )


def cracking(section: Section, language: Language) -> str:
    """Write a section's share of alligator cracking with its class; "–" where it is not known."""
    written = language.number(section.cracking_percent, 1)
    if section.cracking_class is None:
        return written
    rating = language.word("rating", section.cracking_class)
    return language.text("sections.cracking.class", percent=written, rating=rating)


def severities(lengths_m: Mapping[str, float], language: Language) -> list[str]:
    """Write metres of each severity, from low to high; what cannot be graded is the last."""
    ordered = sorted(lengths_m, key=lambda word: (word == NOT_GRADED, severity_rank(word)))
    return [
        language.text(
            "summary.severity.none" if word == NOT_GRADED else "summary.severity.one",
            length=language.metres(lengths_m[word]),
            severity=language.word("severity", word),
        )
        for word in ordered
        if lengths_m[word]
    ]


def stretch(section: Section, language: Language, key: str) -> str:
    """Write a text that names a section, where it begins and ends, and its road where there are several."""
    return language.text(
        key,
        number=str(section.number),
        start=language.number(section.start_m),
        end=language.number(section.end_m),
        road="" if section.road is None else language.text("section.road", road=section.road),
    )
