"""Figures of the paper's Tables I–VIII, not measured here.

The paper prints precision and recall exchanged in all of its tables: only with the two put back do accuracy,
precision and recall agree on one share of crack pixels for each test set (see ``PublishedRow.prevalence``),
in 92 of 93 rows; the one that stays off, ENet in Table V, has precision and recall below 0.3 %.
``published.csv`` holds them put right, in per cent. Accuracy, F1 and IoU do not depend on it and stand as
printed. Table II prints neither precision nor recall.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from upcracknet.evaluation.metrics import MEASURES

EXCHANGED_FOOTNOTE = (
    "The paper's tables have precision and recall exchanged; here they are put right "
    "(only so do all its rows agree on one crack prevalence per test set)."
)

TABLES = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")


@dataclass(frozen=True)
class PublishedRow:
    """One row of a table of the paper; all figures in per cent.

    Attributes:
        table: number of the table, in Roman numerals.
        row: the method, as the paper names it; in Table I the losses, in Table II the masks.
        training_set: data set of the training, or of its undamaged patches.
        test_set: data set of the figures.
        precision: printed as recall; None in Table II.
        recall: printed as precision; None in Table II.
        accuracy: as printed.
        f1: as printed.
        iou: IoU of the crack class, as printed.
    """

    table: str
    row: str
    training_set: str
    test_set: str
    precision: float | None
    recall: float | None
    accuracy: float
    f1: float
    iou: float

    @property
    def prevalence(self) -> float | None:
        """The share of crack pixels in the test set, in per cent, that accuracy, precision and recall imply.

        Wrong pixels are (1 − recall) + recall · (1 − precision) / precision times the crack pixels.
        """
        if self.precision is None or self.recall is None:
            return None
        precision, recall = self.precision / 100, self.recall / 100
        return (100 - self.accuracy) / (1 - recall + recall * (1 - precision) / precision)


@cache
def all_rows() -> tuple[PublishedRow, ...]:
    """Read all rows of Tables I–VIII, in the paper's order."""
    rows: list[dict[str, Any]]
    with files(__package__).joinpath("published.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        PublishedRow(**row | {name: float(row[name]) if row[name] else None for name in MEASURES})
        for row in rows
    )


def published_table(name: str) -> list[PublishedRow]:
    """Find the rows of one table, such as "IV", in the paper's order.

    Raises:
        ValueError: the paper has no such table.
    """
    if name not in TABLES:
        raise ValueError(f"the paper has no table {name!r}; expected one of {', '.join(TABLES)}")
    return [row for row in all_rows() if row.table == name]


def published_rows(row: str, test_set: str) -> list[PublishedRow]:
    """Find the rows of Tables III–VIII of one method on one test set, whatever it was trained on.

    Args:
        row: the method as the paper names it, such as "UP-CrackNet".
        test_set: "Crack500", "DeepCrack" or "CFD".
    """
    return [published for published in all_rows() if (published.row, published.test_set) == (row, test_set)]
