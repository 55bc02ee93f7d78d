"""What a report says in sentences: its summary first."""

from upcracknet.measure.severity import STANDARDS
from upcracknet.report.content import Content
from upcracknet.report.document import Block, Pairs, Text
from upcracknet.report.facts import severities, stretch
from upcracknet.report.language import Language
from upcracknet.results.records import severity_rank
from upcracknet.survey.records import SurveyPhoto
from upcracknet.tables import NOT_GIVEN


def summary(content: Content, language: Language) -> tuple[Block, ...]:
    """Sum up the survey: figures in large letters, sentences, and what is missing."""
    paragraphs = _photos(content, language), _cracks(content, language), _sections(content, language)
    return (
        Pairs(_tiles(content, language), as_tiles=True),
        *(Text(tuple(sentences)) for sentences in paragraphs if sentences),
        *(Text((sentence,), is_warning=True) for sentence in _missing(content, language)),
    )


def road_m(content: Content) -> float:
    """Length of all sections in metres."""
    return sum(section.end_m - section.start_m for section in content.sections)


def _tiles(content: Content, language: Language) -> tuple[tuple[str, str], ...]:
    tally = content.tally
    photos = tally.counts.done + len(content.failed)
    tiles = [(language.number(photos), language.text("tile.photos", count=photos))]
    if content.sections:
        tiles.append((language.metres(road_m(content), 0), language.text("tile.road")))
    if not tally.has_scale:
        tiles.append((language.number(tally.cracks.length_px), language.text("tile.length_px")))
        return tuple(tiles)
    tiles.append((language.metres(tally.cracks.length_m), language.text("tile.length")))
    area = sum(tally.areas_m2.values())
    written = f"{language.number(area, 1 if area else 0)}\u00a0m²"
    tiles.append((written, language.text("tile.networks")))
    mean = tally.widths_mm.mean
    width = NOT_GIVEN if mean is None else f"{language.number(mean, 1)}\u00a0mm"
    tiles.append((width, language.text("tile.width")))
    found = (photo.record.severity or "" for photo in content.photos if photo.counted > 0)
    gravest = max(found, key=severity_rank, default="")
    tiles.append((language.word("severity", gravest or NOT_GIVEN), language.text("tile.severity")))
    return tuple(tiles)


def _photos(content: Content, language: Language) -> list[str]:
    counts = content.tally.counts
    failed = len(content.failed)
    sentences = [language.text("summary.photos", count=counts.done + failed)]
    if failed:
        sentences.append(language.text("summary.failed", count=failed))
    if content.sections:
        length = language.metres(road_m(content), 0)
        sentences.append(language.text("summary.road", count=len(content.sections), length=length))
    if content.unplaced:
        sentences.append(language.text("summary.unplaced", count=len(content.unplaced)))
    return sentences


def _cracks(content: Content, language: Language) -> list[str]:
    tally = content.tally
    cracks, photos = tally.cracks, tally.with_cracks
    if not cracks.count:
        return [language.text("summary.none")] if tally.counts.measured else []
    if not tally.has_scale:
        widths = tally.widths_px
        return [
            language.text("summary.length_px", count=photos, length=language.number(cracks.length_px)),
            language.text(
                "summary.width_px",
                mean=language.number(widths.mean, 1),
                greatest=language.number(widths.greatest, 1),
            ),
        ]
    sentences = [language.text("summary.length", count=photos, length=language.metres(cracks.length_m))]
    listed = severities(tally.severity_length_m, language)
    if listed:
        sentences.append(language.text("summary.severity", list=language.listed(listed)))
    if tally.widths_mm.mean is not None:
        mean = language.number(tally.widths_mm.mean, 1)
        greatest = language.number(tally.widths_mm.greatest, 1)
        sentences.append(language.text("summary.width", mean=mean, greatest=greatest))
    if area := sum(tally.areas_m2.values()):
        sentences.append(language.text("summary.networks", area=language.number(area, 1)))
    if beyond := cracks.beyond_px:
        sentences.append(language.text("summary.beyond", length=language.number(beyond)))
    return sentences


def _sections(content: Content, language: Language) -> list[str]:
    sentences = list[str]()
    if content.worst_sections:
        sentences.append(stretch(content.worst_sections[0].section, language, "summary.worst"))
    indices = [section.pci for section in content.sections if section.pci is not None]
    if indices:
        lowest, highest = language.number(min(indices)), language.number(max(indices))
        sentences.append(language.text("summary.pci", lowest=lowest, highest=highest))
    return sentences


def _missing(content: Content, language: Language) -> list[str]:
    counts, tally = content.tally.counts, content.tally
    missing = list[str]()
    if tally.unmeasured:
        missing.append(language.text("summary.not_measured", count=tally.unmeasured))
    if counts.measured and not tally.has_scale:
        missing.append(language.text("summary.no_scale"))
    if content.survey is None:
        missing.append(language.text("summary.no_survey"))
    elif content.survey.outdated is not None:
        missing.append(language.text("summary.stale"))
    return missing


def method(content: Content, language: Language) -> Text:
    """Say how cracks were found, measured and graded."""
    tally = content.tally
    # A network is known by the sha256 of its tensors, and a classical method has none.
    has_network = any(sha256 for _, sha256, _ in tally.models)
    sentences = [language.text("method.about" if has_network else "method.classical")]
    sentences += [language.text(f"method.widths.{where}") for where in sorted(tally.widths_from)]
    for name, standard in STANDARDS.items():
        if name in tally.standards:
            low, middle, high = (language.word("severity", word) for word in standard.severities)
            sentences.append(
                language.text(
                    "method.standard",
                    title=standard.title,
                    low=low,
                    middle=middle,
                    high=high,
                    low_mm=language.number(standard.low_below_mm),
                    high_mm=language.number(standard.high_above_mm),
                )
            )
    compared = any(photo.counted < 1 or _has_outline(photo) for photo in content.photos)
    return Text((*sentences, language.text("summary.once" if compared else "summary.all")))


def _has_outline(photo: SurveyPhoto) -> bool:
    """Whether it is known which road the photo shows, so that it was compared with its neighbours."""
    return photo.position is not None and photo.position.quality == "each crack"


def scale(content: Content, language: Language) -> Text:
    """Say what the millimetres are worth."""
    tally = content.tally
    if not tally.has_scale:
        return Text((language.text("scale.none"),))
    length, error = language.metres(tally.cracks.length_m), language.metres(tally.error_m)
    sentences = [language.text("scale.about"), language.text("scale.sum", length=length, error=error)]
    if tally.unscaled:
        sentences.append(language.text("scale.without", count=tally.unscaled))
    return Text(tuple(sentences))


def reviews(content: Content, language: Language) -> Text:
    """Say how many photos a person has looked at."""
    if not content.reviews:
        return Text((language.text("reviews.none"),))
    parts = [
        language.text("reviews.part", count=count, status=language.word("review", status))
        for status, count in sorted(content.reviews.items())
    ]
    count = sum(content.reviews.values())
    return Text(
        (
            language.text(
                "reviews.some",
                count=count,
                photos=language.number(len(content.photos)),
                list=language.listed(parts),
            ),
        )
    )
