"""The report as a PDF of A4 pages, drawn from the same chapters as the page in HTML."""

import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    Image,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
)
from reportlab.platypus import Table as Grid

from upcracknet.files import replacing
from upcracknet.report.document import (
    Block,
    Bullets,
    Card,
    Cards,
    Document,
    Legend,
    Map,
    Pairs,
    Picture,
    Plot,
    Table,
    Text,
)
from upcracknet.report.drawing import drawing
from upcracknet.report.figures import FAINT, GRID, INK, Box, Figure
from upcracknet.report.letters import BOLD, PLAIN, marked, shown

MOST_ROWS = 100
"""Rows of a table; the page in HTML has them all."""

_MARGIN = 18 * mm
_ROOM = A4[0] - 2 * _MARGIN
_LEAST_LEFT = 40 * mm  # of a page below which a chapter, or a table, begins on the next one
_LEAST_FOR_CARDS = 110 * mm
_PADDING = 6.0  # points beside a column
_LEAST_TEXT, _LEAST_NUMBER = 60.0, 34.0  # points of a column
_SHORT = 12  # rows of a table that stays on one page
_LONGEST = 1000  # letters of a cell
_BESIDE = 3  # tiles, or pictures, side by side


def _style(size: float, *, bold: bool = False, **more: Any) -> ParagraphStyle:
    font = (BOLD if bold else PLAIN).fontName
    return ParagraphStyle(
        "", fontName=font, fontSize=size, leading=1.4 * size, textColor=HexColor(INK), **more
    )


_TITLE = _style(20.0, bold=True, spaceAfter=6)
_HEADING = _style(13.0, bold=True, spaceBefore=16, spaceAfter=6)
_CAPTION = _style(8.5, bold=True, spaceBefore=6, spaceAfter=3)
_BODY = _style(9.0, spaceAfter=5)
_WARNING = _style(9.0, spaceBefore=4, spaceAfter=8, backColor=HexColor("#fff4e5"), borderPadding=4)
_TILE = _style(14.0, bold=True)
_SMALL = _style(7.2)
_SMALL_BOLD = _style(7.2, bold=True)
_NUMBER = _style(7.2, alignment=TA_RIGHT)
_NUMBER_HEAD = _style(7.2, bold=True, alignment=TA_RIGHT)


def write_pdf(report: Document, path: Path) -> None:
    """Write a report as a PDF.

    Args:
        report: what to write.
        path: of the file.

    Raises:
        OutputError: it cannot be written.
    """
    with replacing(path, suffix=".pdf") as partial:
        _Paper(report, partial).build([*_flow(report)])


class _Paper(BaseDocTemplate):
    """A4 pages with title and number at their feet, and the headings as bookmarks."""

    def __init__(self, report: Document, path: Path) -> None:
        super().__init__(
            str(path), pagesize=A4, title=shown(report.title), lang=report.language.name, creator="upcracknet"
        )
        self.report = report
        frame = Frame(_MARGIN, _MARGIN, _ROOM, A4[1] - 2 * _MARGIN, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate(frames=[frame], onPage=self._foot))

    def _foot(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.setFont(PLAIN.fontName, 7)
        canvas.setFillColor(HexColor(FAINT))
        canvas.drawString(_MARGIN, 0.55 * _MARGIN, shown(self.report.title)[:100])
        number = self.report.language.text("page", page=canvas.getPageNumber())
        canvas.drawRightString(A4[0] - _MARGIN, 0.55 * _MARGIN, number)

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 - reportlab's name
        if isinstance(flowable, Paragraph) and flowable.style is _HEADING:
            name = f"heading-{self.page}-{flowable.getPlainText()}"
            self.canv.bookmarkPage(name)
            self.canv.addOutlineEntry(flowable.getPlainText(), name)


def _flow(report: Document) -> Iterator[Flowable]:
    yield Paragraph(marked(report.title), _TITLE)
    yield Paragraph(marked(" ".join(report.subtitle)), _BODY)
    for chapter in report.chapters:
        # A drawing, or a short table that comes first, stays on the page of its heading.
        kept = next((at for at, block in enumerate(chapter.blocks) if isinstance(block, Map | Plot)), -1)
        if isinstance(chapter.blocks[0], Table) and len(chapter.blocks[0].rows) <= _SHORT:
            kept = max(kept, 0)
        flows = [[*_block(block, report)] for block in chapter.blocks]
        heading = Paragraph(marked(chapter.heading), _HEADING)
        has_cards = any(isinstance(block, Cards) for block in chapter.blocks)
        yield CondPageBreak(_LEAST_FOR_CARDS if has_cards else _LEAST_LEFT)
        yield KeepTogether([heading, *chain(*flows[: kept + 1])]) if kept >= 0 else heading
        yield from chain(*flows[kept + 1 :])


def _block(block: Block, report: Document) -> Iterator[Flowable]:
    if isinstance(block, Text):
        yield Paragraph(marked(" ".join(block.sentences)), _WARNING if block.is_warning else _BODY)
    elif isinstance(block, Bullets):
        yield from (Paragraph(marked(item), _BODY, bulletText="–") for item in block.items)
    elif isinstance(block, Pairs):
        yield _tiles(block) if block.as_tiles else _terms(block)
    elif isinstance(block, Legend):
        yield _legend(block)
    elif isinstance(block, Map):
        yield drawing(block.plan, _ROOM)
        yield Spacer(0, 6)
    elif isinstance(block, Plot):
        yield drawing(block.figure, _ROOM)
    elif isinstance(block, Cards):
        yield from (flow for card in block.cards for flow in _card(card, block.missing))
    elif block.instead is not None:
        yield Paragraph(marked(block.instead), _BODY)
    else:
        yield from _table(block, report)


def _tiles(block: Pairs) -> Grid:
    cells = [
        [Paragraph(marked(figure), _TILE), Paragraph(marked(what), _SMALL)] for figure, what in block.pairs
    ]
    cells += [[]] * (-len(cells) % _BESIDE)
    rows = [cells[at : at + _BESIDE] for at in range(0, len(cells), _BESIDE)]
    look = [
        ("BACKGROUND", (0, 0), (-1, -1), HexColor("#f3f5f7")),
        ("INNERGRID", (0, 0), (-1, -1), 5, HexColor("#ffffff")),
        ("TOPPADDING", (0, 0), (-1, -1), 8),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 10),
        ("LEFTPADDING", (0, 0), (-1, -1), 10),
    ]
    return Grid(rows, [_ROOM / _BESIDE] * _BESIDE, style=look, spaceAfter=8)


def _terms(block: Pairs) -> Grid:
    rows = [
        [Paragraph(marked(term), _SMALL_BOLD), Paragraph(marked(meaning), _SMALL)]
        for term, meaning in block.pairs
    ]
    return Grid(rows, [0.2 * _ROOM, 0.8 * _ROOM], style=[("VALIGN", (0, 0), (-1, -1), "TOP")])


def _legend(block: Legend) -> Paragraph:
    # A square of text, as the letters lack one: a space on coloured ground.
    entries = (
        f'<font backColor="{colour}">\u00a0\u00a0\u00a0\u00a0</font>\u00a0\u00a0{marked(text)}'
        for colour, text in block.entries
    )
    return Paragraph(" \u00a0\u00a0 ".join(entries), _BODY)


def _card(card: Card, missing: str) -> Iterator[Flowable]:
    """Heading, figures, and pictures side by side, together on one page."""
    mark = drawing(Figure(10.0, 10.0, (Box(0.0, 1.0, 8.0, 8.0, card.colour),), card.heading), 10.0)
    heading = Grid(
        [[mark, Paragraph(marked(card.heading), _CAPTION)]],
        [14, _ROOM - 14],
        style=[("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
               ("BOTTOMPADDING", (0, 0), (-1, -1), 0)],
    )  # fmt: skip
    facts = Paragraph(marked(" · ".join(card.facts)), _SMALL)
    cells = [_picture(picture, missing) for picture in card.pictures]
    cells += [[]] * (-len(cells) % _BESIDE)
    pictures = Grid(
        [cells],
        [_ROOM / _BESIDE] * _BESIDE,
        style=[("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")],
    )
    yield KeepTogether([heading, facts, pictures] if card.pictures else [heading, facts])


def _picture(picture: Picture, missing: str) -> list[Flowable]:
    caption = Paragraph(marked(picture.caption), _SMALL)
    if picture.jpeg is None:
        return [Paragraph(marked(missing), _SMALL), caption]
    width, height = ImageReader(io.BytesIO(picture.jpeg)).getSize()
    wide = min(_ROOM / _BESIDE - 6, width * 0.6 * _ROOM / height)  # tall ones stay on the page
    return [Image(io.BytesIO(picture.jpeg), wide, wide * height / width), caption]


def _table(block: Table, report: Document) -> Iterator[Flowable]:
    heads = [
        Paragraph(marked(head), _SMALL_BOLD if column < block.texts else _NUMBER_HEAD)
        for column, head in enumerate(block.heads)
    ]
    rows = [
        [
            Paragraph(marked(_cut(cell)), _SMALL if column < block.texts else _NUMBER)
            for column, cell in enumerate(row)
        ]
        for row in block.rows[:MOST_ROWS]
    ]
    look = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, HexColor(FAINT)),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, HexColor(GRID)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    caption = Paragraph(marked(block.caption), _CAPTION)
    grid = Grid([heads, *rows], _widths(block), style=look, repeatRows=1, hAlign="LEFT", spaceAfter=8)
    if len(rows) <= _SHORT:
        yield KeepTogether([caption, grid])
    else:
        yield from (CondPageBreak(_LEAST_LEFT / 2), caption, grid)
    if len(block.rows) > MOST_ROWS:
        text = report.language.text("table.first", shown=MOST_ROWS, count=len(block.rows))
        yield Paragraph(marked(text), _BODY)


def _widths(block: Table) -> list[float]:
    """Widths of columns in points: numbers get what they need; texts too, or an even share of the rest."""
    columns = range(len(block.heads))
    widths = [_needed(block, column, [block.heads[column]]) for column in columns]
    if sum(widths) > _ROOM:
        widths = [_needed(block, column, block.heads[column].split(" ")) for column in columns]
    needed, left = [*widths], _ROOM - sum(widths[block.texts :])
    for place, column in enumerate(sorted(range(block.texts), key=lambda each: needed[each])):
        widths[column] = min(widths[column], max(left / (block.texts - place), _LEAST_TEXT))
        left -= widths[column]
    return [width * min(1.0, _ROOM / sum(widths)) for width in widths]


def _needed(block: Table, column: int, head: list[str]) -> float:
    """Width in points of a column whose cells, and parts of its head, are not broken into lines."""
    cells = [(_cut(row[column]), PLAIN.fontName) for row in block.rows[:MOST_ROWS]]
    texts = *((part, BOLD.fontName) for part in head), *cells
    longest = max(stringWidth(shown(text), font, _SMALL.fontSize) for text, font in texts)
    return float(max(longest, _LEAST_NUMBER) + _PADDING)


def _cut(text: str) -> str:
    """The beginning of a text that would fill a page."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
