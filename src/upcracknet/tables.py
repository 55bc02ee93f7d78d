"""Tables as Markdown: one way to write figures, cells and rows, for reports, benchmarks and terminals."""

from collections.abc import Iterable, Sequence

NOT_GIVEN = "–"
"""Stands where there is no figure."""


def figure(value: float | int | None, digits: int = 2, *, signed: bool = False) -> str:
    """Write a number with thousands separators.

    Args:
        value: the number; None is written as ``NOT_GIVEN``.
        digits: digits after the point.
        signed: whether to write a plus before a positive number.
    """
    return NOT_GIVEN if value is None else f"{value:{'+' if signed else ''},.{digits}f}"


def percent(fraction: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """Write a fraction of 1 in per cent, without the sign; see ``figure``."""
    return figure(None if fraction is None else 100 * fraction, digits, signed=signed)


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table, its first column to the left, the others to the right.

    Args:
        columns: heads of the columns.
        rows: cells, as many a row as there are columns; line breaks in them become spaces.

    Returns:
        the table without a line break at its end.

    Raises:
        ValueError: a row has more or fewer cells.
    """
    lines = [_line(columns), _line(["---", *("---:" for _ in columns[1:])])]
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row of {len(row)} cells, expected {len(columns)}: {', '.join(row)}")
        lines.append(_line(row))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
