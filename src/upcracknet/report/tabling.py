"""The report's tables, in one language."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from upcracknet.measure.severity import NOT_GRADED, STANDARDS
from upcracknet.report.content import Content, Problem
from upcracknet.report.document import Table
from upcracknet.report.facts import cracking, pci_range
from upcracknet.report.language import Language
from upcracknet.report.tally import Tally
from upcracknet.results.records import severity_rank
from upcracknet.tables import NOT_GIVEN

_EXAMPLES = 3  # photos named of each warning

CLASSES = ("longitudinal", "transverse", "diagonal", "alligator", "block", "network", "crack")
"""Classes of cracks in the order of the tables; joints are none."""


def severities_of(tally: Tally) -> list[str]:
    """List the severities of the standards that graded, from low to high, and what else was found."""
    graded = {word for name, standard in STANDARDS.items() if name in tally.standards
              for word in standard.severities}  # fmt: skip
    found = {severity for kind, severity in tally.amounts if severity is not None and kind != "joint"}
    # What cannot be graded is no severity: it stands last.
    return sorted(graded | found, key=lambda word: (word == NOT_GRADED, severity_rank(word)))


def lengths(tally: Tally, language: Language) -> Table:
    """Write the length of cracks by class and severity in metres; without a scale by class in pixels."""
    own = {key: amount for key, amount in tally.amounts.items() if key[0] != "joint"}
    classes = [kind for kind in CLASSES if any(kind == found for found, _ in own)]
    if not tally.has_scale:
        rows = [
            (
                language.word("kind", kind),
                language.number(sum(amount.count for (found, _), amount in own.items() if found == kind)),
                language.number(sum(amount.length_px for (found, _), amount in own.items() if found == kind)),
            )
            for kind in classes
        ]
        rows.append(
            (
                language.text("quantities.total"),
                language.number(tally.cracks.count),
                language.number(tally.cracks.length_px),
            )
        )
        heads = "quantities.class", "quantities.count", "quantities.length_px"
        caption = language.text("quantities.lengths_px")
        return Table("lengths", caption, tuple(map(language.text, heads)), rows)
    columns = severities_of(tally)

    def row(name: str, kinds: Iterable[str]) -> tuple[str, ...]:
        picked = {key: amount for key, amount in own.items() if key[0] in kinds}
        cells = [
            math.fsum(amount.length_m for (_, severity), amount in picked.items() if severity == column)
            for column in columns
        ]
        total = math.fsum(amount.length_m for amount in picked.values())
        written = [language.number(cell, 1) if cell else NOT_GIVEN for cell in cells]
        count = sum(amount.count for amount in picked.values())
        return (name, language.number(count), *written, language.number(total, 1))

    rows_m = [row(language.word("kind", kind), [kind]) for kind in classes]
    rows_m.append(row(language.text("quantities.total"), classes))
    heads_m = (
        language.text("quantities.class"),
        language.text("quantities.count"),
        *(
            language.text("quantities.length_m", severity=language.word("severity", column))
            for column in columns
        ),
        language.text("quantities.length_m", severity=language.text("quantities.total")),
    )
    return Table("lengths", language.text("quantities.lengths"), heads_m, rows_m)


def areas(tally: Tally, language: Language) -> Table | None:
    """Write the area of alligator and block cracking by severity; None where there is none."""
    if not tally.areas_m2:
        return None
    columns = sorted({severity for _, severity in tally.areas_m2}, key=severity_rank)
    distresses = sorted({distress for distress, _ in tally.areas_m2})
    rows = [
        (
            language.word("kind", distress),
            *(
                language.number(area, 2) if area else NOT_GIVEN
                for area in (tally.areas_m2.get((distress, severity), 0.0) for severity in columns)
            ),
        )
        for distress in distresses
    ]
    heads = (
        language.text("quantities.class"),
        *(
            language.text("quantities.area", severity=language.word("severity", severity))
            for severity in columns
        ),
    )
    return Table("areas", language.text("quantities.areas"), heads, rows)


def sections(content: Content, language: Language) -> Table:
    """List all sections along the road; columns of which nothing is known are left out."""
    in_metres = any(section.length_m is not None for section in content.sections)
    rows, heads = list[tuple[str, ...]](), ["number"]
    heads += ["road"] * any(section.road is not None for section in content.sections)
    texts = len(heads)
    heads += ["from", "to", "photos"]
    heads += ["length", "networks", "mean", "greatest", "severity"] if in_metres else ["length_px"]
    with_cracking = any(section.cracking_percent is not None for section in content.sections)
    with_pci = any(section.pci is not None for section in content.sections)
    heads += ["cracking"] * with_cracking + ["pci"] * with_pci
    for section in content.sections:
        cells = {
            "number": str(section.number),
            "road": section.road or NOT_GIVEN,
            "from": language.number(section.start_m),
            "to": language.number(section.end_m),
            "photos": language.number(section.photos),
            "length": language.number(section.length_m, 1),
            "length_px": language.number(section.length_px),
            "networks": language.number(section.network_area_m2, 1),
            "mean": language.number(section.width_mean_mm, 1),
            "greatest": language.number(section.width_max_mm, 1),
            "severity": language.word("severity", section.severity or NOT_GIVEN),
            "cracking": cracking(section, language),
            "pci": pci_range(section, language),
        }
        rows.append(tuple(cells[head] for head in heads))
    titles = tuple(language.text(f"sections.{head}") for head in heads)
    return Table("sections", language.text("sections.caption"), titles, rows, texts=texts)


def photos(content: Content, language: Language) -> Table:
    """List all photos that could be used, the worst first; unknown columns are left out."""
    heads = ["name"] + ["section"] * bool(content.sections)
    in_metres = content.tally.has_scale
    heads += ["length", "networks", "mean", "greatest", "severity"] if in_metres else ["length_px"]
    heads += ["review"] * bool(content.reviews)
    rows = []
    for photo in content.photos:
        record = photo.record
        cells = {
            "name": record.name,
            "section": NOT_GIVEN if photo.section is None else str(photo.section),
            "length": language.number(record.crack_length_m, 2),
            "length_px": language.number(record.crack_length_px),
            "networks": language.number(record.network_area_m2, 2),
            "mean": language.number(record.crack_width_mean_mm, 1),
            "greatest": language.number(record.crack_width_max_mm, 1),
            "severity": language.word("severity", record.severity or NOT_GIVEN),
            "review": language.word("review", record.review_status or NOT_GIVEN),
        }
        rows.append(tuple(cells[head] for head in heads))
    texts = tuple(language.text(f"photos.{head}") for head in heads)
    instead = language.text("table.html", count=len(rows))
    return Table("photos", language.text("photos.caption"), texts, rows, instead=instead)


def scales(tally: Tally, language: Language) -> Table:
    """Say where the millimetres come from, how many there are per pixel, and how sure they are."""
    rows = []
    for source, use in sorted(tally.scales.items(), key=lambda item: -item[1].photos):
        pixel = language.text("scale.differs")
        if math.isfinite(use.pixel_mm[1]):
            pixel = _range(*use.pixel_mm, language)
        rows.append(
            (
                source,
                language.number(use.photos),
                pixel,
                language.number(use.length_m, 1),
                language.number(100 * use.uncertainty, 1),
            )
        )
    heads = [f"scale.{head}" for head in ("source", "photos", "pixel", "length", "uncertainty")]
    return Table("scales", language.text("scale.caption"), tuple(map(language.text, heads)), rows)


def models(tally: Tally, language: Language) -> Table:
    """Say what found the cracks, and by which threshold."""
    rows = []
    for (name, sha256, preset), use in sorted(tally.models.items(), key=lambda item: -item[1].photos):
        is_known = math.isfinite(use.threshold[0])
        threshold = _range(*use.threshold, language) if is_known else NOT_GIVEN
        texts = [text or NOT_GIVEN for text in (name, sha256, preset)]
        rows.append((*texts, threshold, language.number(use.photos)))
    heads = [f"method.{head}" for head in ("model", "sha256", "preset", "threshold", "photos")]
    return Table("models", language.text("method.models"), tuple(map(language.text, heads)), rows, texts=3)


def problems(
    kind: Literal["failed", "unplaced"], rows: Sequence[Problem], language: Language
) -> Table | None:
    """List photos with what is wrong with each, in the program's own words; None where there are none."""
    if not rows:
        return None
    heads = language.text("problems.photo"), language.text("problems.why")
    return Table(kind, language.text(f"problems.{kind}"), heads, rows, texts=2, language="en")


def warnings(content: Content, language: Language) -> Table | None:
    """List warnings, the most frequent first, in the program's own words; None where there are none."""
    if not content.warnings:
        return None
    ordered = sorted(content.warnings.items(), key=lambda item: -len(item[1]))
    rows = [(text, ", ".join(names[:_EXAMPLES]), language.number(len(names))) for text, names in ordered]
    heads = [f"problems.{head}" for head in ("warning", "example", "photos")]
    caption = language.text("problems.warnings")
    return Table("warnings", caption, tuple(map(language.text, heads)), rows, texts=2, language="en")


def _range(low: float, high: float, language: Language) -> str:
    """One number, or two where they differ."""
    first, last = language.number(low, 2), language.number(high, 2)
    return first if first == last else language.text("scale.range", low=first, high=last)
