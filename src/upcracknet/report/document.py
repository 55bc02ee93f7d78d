"""A report before it is a page or a PDF: chapters of texts, tables, plots and pictures, in one language."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from upcracknet.report.figures import Figure
from upcracknet.report.language import Language


@dataclass(frozen=True)
class Text:
    """Sentences of one paragraph.

    Attributes:
        sentences: each with its full stop.
        is_warning: whether they are to be seen first.
    """

    sentences: tuple[str, ...]
    is_warning: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list.

    Attributes:
        items: sentences.
        language: of the items, where it is not the report's own.
    """

    items: tuple[str, ...]
    language: str | None = None


@dataclass(frozen=True)
class Pairs:
    """Terms, each with what it means; or, as tiles, figures in large letters, each with what it counts.

    Attributes:
        pairs: term and meaning, or figure and what it counts.
        as_tiles: which of both.
    """

    pairs: tuple[tuple[str, str], ...]
    as_tiles: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: of the table, unique in the document, in plain letters.
        caption: what it shows.
        heads: of the columns, with the unit.
        rows: cells, as many a row as there are columns.
        texts: number of columns, from the left, that hold texts; the others hold numbers.
        language: of the cells, where it is not the report's own.
        instead: what a PDF says in place of it; None puts it there too.
    """

    name: str
    caption: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    texts: int = 1
    language: str | None = None
    instead: str | None = None


@dataclass(frozen=True)
class Plot:
    """A drawing, with its numbers as a table where it stands for numbers."""

    figure: Figure
    table: Table | None = None


@dataclass(frozen=True)
class Map:
    """A map that can be moved; on paper a plan stands for it.

    Attributes:
        plan: the drawing.
        label: what it is, for those who cannot see it.
        data: plain values that the page draws it of; see ``plan.map_data``.
    """

    plan: Figure
    label: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """A small picture of a photo.

    Attributes:
        jpeg: its bytes; None where there is none.
        caption: what stands below it.
        alt: what it shows, in words.
    """

    jpeg: bytes | None
    caption: str
    alt: str


@dataclass(frozen=True)
class Card:
    """One thing among the worst, with its pictures.

    Attributes:
        name: unique in the document, in plain letters; links lead to it.
        heading: what it is.
        facts: figures with their units.
        colour: of its severity, as "#be001e".
        pictures: of it.
    """

    name: str
    heading: str
    facts: tuple[str, ...]
    colour: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Cards:
    """Things side by side.

    Attributes:
        cards: the worst first.
        missing: what stands in place of a picture that is not at hand.
    """

    cards: tuple[Card, ...]
    missing: str


@dataclass(frozen=True)
class Legend:
    """What colours mean: colour, as "#be001e", and text."""

    entries: tuple[tuple[str, str], ...]


Block = Text | Bullets | Pairs | Table | Plot | Map | Cards | Legend


@dataclass(frozen=True)
class Chapter:
    """A chapter.

    Attributes:
        name: unique in the document, in plain letters; links lead to it.
        heading: in the contents, too.
        blocks: from top to bottom.
    """

    name: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A report in one language.

    Attributes:
        language: that it is written in.
        title: of the report.
        subtitle: sentences below it.
        chapters: from top to bottom.
    """

    language: Language
    title: str
    subtitle: tuple[str, ...]
    chapters: tuple[Chapter, ...]
