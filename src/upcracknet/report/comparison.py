"""The page of a comparison of two surveys; in English only."""

from collections import Counter

from upcracknet.report.colours import css
from upcracknet.report.document import (
    Block,
    Card,
    Cards,
    Chapter,
    Document,
    Legend,
    Pairs,
    Picture,
    Table,
    Text,
)
from upcracknet.report.language import Language
from upcracknet.report.pair_pictures import GONE, KEPT, NEW, pair_pictures
from upcracknet.results.folder import ResultFolder
from upcracknet.survey.comparing import Comparison, SectionChange
from upcracknet.survey.comparison_files import density_m_per_100_m2
from upcracknet.survey.pairing import PhotoPair
from upcracknet.tables import NOT_GIVEN, figure

CARDS = 10
"""Pairs of photos that are shown."""


def write_comparison_page(comparison: Comparison, old: ResultFolder, new: ResultFolder) -> Document:
    """Write the page.

    Args:
        comparison: of the two surveys.
        old: result folder of the old one, for its photos.
        new: that of the new one.
    """
    names = old.path.resolve().name, new.path.resolve().name
    chapters = [
        Chapter("summary", "Summary", _summary(comparison)),
        Chapter("sections", "Sections", _sections(comparison)),
        Chapter("classes", "Classes and severities", _classes(comparison)),
        Chapter("photos", "Photos of the same place", _photos(comparison, old, new)),
        Chapter("method", "What the figures mean", (_METHOD,)),
    ]
    language = Language.of("en")
    days = [
        f"{name}: photos of {language.day(taken[0].date())} (UTC)."
        for name, taken in zip(names, comparison.taken, strict=True)
        if taken is not None
    ]
    title = f"What has changed from {names[0]} to {names[1]}"
    return Document(language, title, tuple(days), tuple(chapters))


_METHOD = Pairs(
    (
        (
            "Sections",
            "Those of the new survey. Photos of the old survey count where they lie within 25 m of the "
            "section's line, on a road in the same or the opposite direction. An arrow leads from the old "
            "figure to the new one.",
        ),
        (
            "m on 100 m²",
            "Metres of crack on 100 square metres of the road that photos show. It can be compared where the "
            "surveys saw different shares of the road.",
        ),
        (
            "Photos of the same place",
            "Photos within 3 m of each other. The old photo is laid on the new one by points that both show. "
            "A pair is refused where too few points agree, or too little of the road is in both.",
        ),
        ("Index", "Estimate of the cracking-only pavement condition index, 0 to 100."),
        ("Kept", "Cracks of the new photo that the old one has at the same place."),
        ("New", "Cracks of the new photo that the old one has not: grown since then, or not found then."),
        ("Gone", "Cracks of the old photo that the new one has not: repaired, or not found now."),
    )
)


def _summary(comparison: Comparison) -> tuple[Block, ...]:
    """Figures, and warnings before they are trusted."""
    compared = comparison.compared
    growths = [change.growth_m for change in compared]
    known = [growth for growth in growths if growth is not None]
    tiles = [
        (str(len(compared)), "sections in both surveys"),
        (f"{figure(sum(known), 1, signed=True)} m" if known else NOT_GIVEN, "cracks in these sections"),
        (str(len(comparison.registered)), "pairs of photos laid on each other"),
    ]
    for metres, what in (
        (comparison.metres("new_px"), "new cracks in these photos"),
        (comparison.metres("gone_px"), "cracks gone in these photos"),
    ):
        tiles.append((NOT_GIVEN if metres is None else f"{figure(metres, 1)} m", what))
    warnings = (Text(comparison.warnings, is_warning=True),) if comparison.warnings else ()
    return (Pairs(tuple(tiles), as_tiles=True), *warnings)


def _sections(comparison: Comparison) -> tuple[Block, ...]:
    heads = (
        *("section", "metres of road", "m of crack", "growth m", "m on 100 m²", "mean width mm"),
        *("greatest width mm", "index", "severity"),
    )
    rows = tuple(_section_row(change) for change in comparison.sections)
    table = Table("sections-table", "Sections of the new survey, along the road", heads, rows, texts=1)
    if not rows:
        return (Text(("The new survey has no sections.",)),)
    only, unseen = (
        [change.new.number for change in comparison.sections if change.status == status]
        for status in ("new", "gone")
    )
    notes = []
    if only:
        notes.append(f"Sections that the old survey does not show: {_numbers(only)}.")
    if unseen:
        notes.append(f"Sections of which the new survey has no photo that counts: {_numbers(unseen)}.")
    if comparison.gone:
        gone = _numbers([section.number for section in comparison.gone])
        notes.append(f"Sections of the old survey that the new one does not have: {gone}.")
    return (*((Text(tuple(notes)),) if notes else ()), table)


def _section_row(change: SectionChange) -> tuple[str, ...]:
    old, new = change.old, change.new
    return (
        str(new.number),
        f"{new.start_m:,.0f} to {new.end_m:,.0f}",
        _then_and_now(None if old is None else old.length_m, new.length_m, 1),
        figure(change.growth_m, 1, signed=True),
        _then_and_now(density_m_per_100_m2(old), density_m_per_100_m2(new), 1),
        _then_and_now(None if old is None else old.width_mean_mm, new.width_mean_mm, 1),
        _then_and_now(None if old is None else old.width_max_mm, new.width_max_mm, 1),
        _then_and_now(None if old is None else old.pci, new.pci, 0),
        f"{(None if old is None else old.severity) or NOT_GIVEN} → {new.severity or NOT_GIVEN}",
    )


def _classes(comparison: Comparison) -> tuple[Block, ...]:
    """Metres of each class and of each severity, over all sections that both surveys have."""
    both = [(change.old, change.new) for change in comparison.compared if change.old is not None]
    rows = []
    for what, name in (("class", "class_length_m"), ("severity", "severity_length_m")):
        sums = [Counter[str](), Counter[str]()]
        for sections in both:
            lengths = [getattr(section, name) for section in sections]
            if None in lengths:  # one survey has no metres there: a growth would be none of the road's
                continue
            for total, of_section in zip(sums, lengths, strict=True):
                total.update(of_section)
        for kind in sorted(sums[0] | sums[1]):
            old, new = (total[kind] for total in sums)
            rows.append((what, kind, figure(old, 1), figure(new, 1), figure(new - old, 1, signed=True)))
    if not rows:
        return (Text(("No section that both surveys have has lengths in metres.",)),)
    caption = "Metres of crack in the sections that both surveys have"
    heads = ("by", "name", "old m", "new m", "growth m")
    return (Table("classes-table", caption, heads, tuple(rows), texts=2),)


def _then_and_now(old: float | None, new: float | None, digits: int) -> str:
    return f"{figure(old, digits)} → {figure(new, digits)}"


def _photos(comparison: Comparison, old: ResultFolder, new: ResultFolder) -> tuple[Block, ...]:
    """The pairs with the most new crack, and why pairs were refused."""
    if not comparison.pairs:
        return (Text(("No two photos of the surveys were taken within 3 m of each other.",)),)
    worst = sorted(comparison.registered, key=_new_px, reverse=True)[:CARDS]
    cards = tuple(_card(pair, old, new) for pair in worst if _new_px(pair) > 0)
    refused = [pair for pair in comparison.pairs if pair.problem is not None]
    blocks: list[Block] = [
        Text(
            (
                f"{len(comparison.pairs)} pairs of photos were taken within 3 m of each other; "
                f"{len(comparison.registered)} could be laid on each other.",
            )
        )
    ]
    if cards:
        blocks += [
            Legend(((css(KEPT), "kept"), (css(NEW), "new"), (css(GONE), "gone"))),
            Cards(cards, "The photos are no longer at hand."),
        ]
    if refused:
        rows = tuple((pair.new.record.name, pair.old.record.name, pair.problem or "") for pair in refused)
        heads = ("new photo", "old photo", "why")
        blocks.append(Table("refused", "Pairs that were refused", heads, rows, texts=3))
    return tuple(blocks)


def _new_px(pair: PhotoPair) -> float:
    return 0.0 if pair.change is None else pair.change.new_px


def _card(pair: PhotoPair, old: ResultFolder, new: ResultFolder) -> Card:
    before, after = pair_pictures(old, new, pair)
    pictures = (
        Picture(
            before, f"old: {pair.old.record.name}, laid on the new photo", "The old photo with its cracks"
        ),
        Picture(after, f"new: {pair.new.record.name}", "The new photo with its cracks"),
    )
    facts = [f"{name} {_length(pair, name)}" for name in ("new", "kept", "gone")]
    old_mm, new_mm = pair.widths_mm
    if old_mm is not None and new_mm is not None:
        facts.append(f"mean width of what is kept {figure(old_mm, 1)} mm, now {figure(new_mm, 1)} mm")
    return Card(f"pair-{pair.new.record.name}", pair.new.record.name, tuple(facts), css(NEW), pictures)


def _length(pair: PhotoPair, name: str) -> str:
    pixels = getattr(pair.change, f"{name}_px")
    metres = pair.metres(pixels)
    return f"{figure(pixels, 0)} px" if metres is None else f"{figure(metres, 2)} m"


def _numbers(numbers: list[int]) -> str:
    """Numbers with commas; runs of them as first to last."""
    starts = Counter(number - place for place, number in enumerate(numbers))
    runs, place = [], 0
    for length in starts.values():
        first, last = numbers[place], numbers[place + length - 1]
        runs.append(str(first) if length == 1 else f"{first} to {last}")
        place += length
    return ", ".join(runs)
