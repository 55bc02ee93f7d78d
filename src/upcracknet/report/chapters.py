"""The report's chapters, written once for page and PDF."""

from datetime import date

from upcracknet import __version__
from upcracknet.measure.severity import STANDARDS
from upcracknet.report import summary, tabling
from upcracknet.report.colours import CLEAN, colour_of, colour_of_place, css
from upcracknet.report.content import Content, Shown, has_cracks
from upcracknet.report.document import (
    Block,
    Bullets,
    Card,
    Cards,
    Chapter,
    Document,
    Legend,
    Map,
    Pairs,
    Picture,
    Plot,
    Table,
    Text,
)
from upcracknet.report.facts import facts_of_photo, facts_of_section, stretch
from upcracknet.report.histogram import Bars, histogram
from upcracknet.report.language import Language
from upcracknet.report.plan import map_data, plan
from upcracknet.results.records import severity_rank

LIMITS = "depth", "width_only", "others", "edges", "wheel_paths", "errors", "joints", "seen", "place"
"""What a report must not be read for (docs/measures.md)."""


def write(content: Content, language: Language, title: str | None, day: date) -> Document:
    """Write the report.

    Args:
        content: what it says.
        language: in which.
        title: of the report; None takes one from the folder's name.
        day: on which it is made.
    """
    text = language.text
    subtitle = [text("made", day=language.day(day), version=__version__)]
    if content.taken is not None:
        first, last = (language.day(time.date()) for time in content.taken)
        key = "taken.day" if first == last else "taken.days"
        subtitle.insert(0, text(key, first=first, last=last))
    chapters: dict[str, tuple[Block, ...]] = {
        "summary": summary.summary(content, language),
        "map": _map(content, language),
        "worst": _worst(content, language),
        "quantities": _quantities(content, language),
        "widths": _widths(content, language),
        "sections": (tabling.sections(content, language),) if content.sections else (),
        "photos": (tabling.photos(content, language),) if content.photos else (),
        "measures": (_measures(content, language),),
        "method": _method(content, language),
        "scale": _scale(content, language),
        "limits": (Bullets(tuple(text(f"limits.{limit}") for limit in LIMITS)),),
        "reviews": (summary.reviews(content, language),),
        "problems": _problems(content, language),
    }
    headings = {"worst": "worst.sections" if content.sections else "worst.photos"}
    return Document(
        language,
        title or text("title", name=content.name),
        tuple(subtitle),
        tuple(
            Chapter(name, text(headings.get(name, name)), blocks)
            for name, blocks in chapters.items()
            if blocks
        ),
    )


def _map(content: Content, language: Language) -> tuple[Block, ...]:
    if content.survey is None:
        return ()
    drawing = plan(content, language)
    if drawing is None:
        return (Text((language.text("map.none"),)),)
    photos = {
        photo.record.name: ", ".join(facts_of_photo(photo.record, language)) for photo in content.placed
    }
    sections = {
        section.number: ", ".join(facts_of_section(section, language)) for section in content.sections
    }
    label = language.text("map.label")
    data = map_data(content, photos, sections) | {"section": language.text("sections.number")}
    return (
        Text((language.text("map.about"),)),
        Map(drawing, label, data),
        _legend(content, language, with_clean=True),
    )


def _legend(content: Content, language: Language, *, with_clean: bool) -> Legend:
    """The colours that stand for severities, the gravest first."""
    words = sorted(tabling.severities_of(content.tally), key=severity_rank, reverse=True)
    entries = [(css(colour_of(word)), language.word("severity", word)) for word in words]
    if any(severity is None and kind != "joint" for kind, severity in content.tally.amounts):
        entries.append((css(colour_of(None)), language.text("map.no_severity")))
    if with_clean:
        entries.append((css(CLEAN), language.text("map.none_found")))
    return Legend(tuple(entries))


def _worst(content: Content, language: Language) -> tuple[Block, ...]:
    text = language.text
    if content.sections:
        about, order = "worst.sections.about", [text(f"worst.by_{content.order}")]
        cards = [
            Card(
                f"section-{worst.section.number}",
                stretch(worst.section, language, "worst.section"),
                facts_of_section(worst.section, language),
                css(colour_of_place(worst.section.severity, has_cracks(worst.section))),
                tuple(_picture(shown, language) for shown in worst.photos),
            )
            for worst in content.worst_sections
        ]
    else:
        about, order = "worst.photos.about", []
        cards = [
            Card(
                f"photo-{number}",
                shown.record.name,
                facts_of_photo(shown.record, language),
                css(colour_of(shown.record.severity)),
                (_picture(shown, language),),
            )
            for number, shown in enumerate(content.worst_photos, 1)
        ]
    if not cards:
        return (Text((text("worst.none"),)),)
    return (
        Text((text(about, count=len(cards)), *order, text("worst.lines"))),
        _legend(content, language, with_clean=False),
        Cards(tuple(cards), text("worst.no_picture")),
    )


def _picture(shown: Shown, language: Language) -> Picture:
    facts = ", ".join(facts_of_photo(shown.record, language))
    name = shown.record.name
    return Picture(shown.jpeg, f"{name}: {facts}", language.text("worst.alt", name=name, facts=facts))


def _quantities(content: Content, language: Language) -> tuple[Block, ...]:
    tally, text = content.tally, language.text
    if not tally.amounts:
        return ()
    blocks = list[Block]([tabling.lengths(tally, language)])
    notes = list[str]()
    areas = tabling.areas(tally, language)
    if areas is not None:
        blocks.append(areas)
        notes.append(text("quantities.both"))
    joints = [amount for (kind, _), amount in tally.amounts.items() if kind == "joint"]
    if joints and tally.has_scale:
        length = language.metres(sum(amount.length_m for amount in joints))
        notes.append(text("quantities.joints", length=length))
    elif joints:
        length = language.number(sum(amount.length_px for amount in joints))
        notes.append(text("quantities.joints_px", length=length))
    return (*blocks, Text(tuple(notes))) if notes else tuple(blocks)


def _widths(content: Content, language: Language) -> tuple[Block, ...]:
    tally, text = content.tally, language.text
    unit, widths = ("", tally.widths_mm) if tally.has_scale else ("_px", tally.widths_px)
    if not widths.lengths.any():
        return ()
    bars = Bars.of(widths)
    limits = [
        (limit, text("widths.limit", severity=language.word("severity", word), width=language.number(limit)))
        for name, standard in STANDARDS.items()
        if name in tally.standards and tally.has_scale
        for limit, word in zip(
            (standard.low_below_mm, standard.high_above_mm), standard.severities[1:], strict=True
        )
    ]
    title = text(f"widths.plot{unit}")
    drawing = histogram(bars, language, text(f"widths.across{unit}"), text(f"widths.up{unit}"), title, limits)
    rows = [
        (span, language.number(float(length), 1))
        for span, length in zip(bars.ranges(language), bars.lengths, strict=True)
    ]
    heads = text(f"widths.across{unit}"), text(f"widths.up{unit}")
    return (
        Text((text("widths.about"), *([text("widths.open")] if bars.is_open else []))),
        Plot(drawing, Table("widths", title, heads, rows)),
    )


def _measures(content: Content, language: Language) -> Pairs:
    """Each measure that the report names, with its unit and what it is."""
    names = ["length", "width", "class"]
    if content.tally.has_scale:
        names += ["severity", "not_graded", "networks"]
    if content.sections:
        names += ["section", "cracking", "pci"] if content.tally.has_scale else ["section"]
    return Pairs(
        tuple((language.text(f"measures.{name}"), language.text(f"measures.{name}.is")) for name in names)
    )


def _method(content: Content, language: Language) -> tuple[Block, ...]:
    if not content.tally.models:
        return ()
    return summary.method(content, language), tabling.models(content.tally, language)


def _scale(content: Content, language: Language) -> tuple[Block, ...]:
    said = summary.scale(content, language)
    return (said, tabling.scales(content.tally, language)) if content.tally.has_scale else (said,)


def _problems(content: Content, language: Language) -> tuple[Block, ...]:
    tables = (
        tabling.problems("failed", content.failed, language),
        tabling.problems("unplaced", content.unplaced, language),
        tabling.warnings(content, language),
    )
    blocks = list[Block](table for table in tables if table is not None)
    if not blocks:
        blocks.append(Text((language.text("problems.none"),)))
    if content.survey is not None and content.survey.notes:
        blocks.append(Text((language.text("problems.notes"),)))
        blocks.append(Bullets(content.survey.notes, language="en"))
    return tuple(blocks)
