"""The rows of a report's tables: ours with everything a figure depends on, and the paper's beside them."""

from collections.abc import Sequence

from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE, PublishedRow, published_rows
from upcracknet.evaluation.results import EvaluationResult, GroupResult

PAPER_TEST_SETS = {
    "deepcrack": ("DeepCrack", ""),
    "deepcrack-deduplicated": ("DeepCrack", "The paper's DeepCrack rows are of all 237 test photos."),
    "cfd": ("CFD", "The paper's CFD rows are of 200 patches cut at places it does not tell."),
    "crack500": ("Crack500", ""),
    "crack500-640x360": (
        "Crack500",
        "The paper's Crack500 rows are of 1,124 crops at full scale; these are whole photos, shrunk.",
    ),
}
"""The paper's name of a data set, and what its figures are of if not of the same photos."""

MEASURES = ("precision", "recall", "accuracy", "f1", "iou")
COLUMNS = (
    *("method", "images", "tolerance"),
    *("precision", "recall", "accuracy", "F1", "IoU"),
    *("ODS F1", "ODS IoU", "OIS F1", "OIS IoU"),
)
SUMMARY_COLUMNS = (
    *("method", "images", "precision", "recall", "F1", "IoU"),
    *("average precision", "mean IoU with background"),
)
NOT_GIVEN = "-"

Row = tuple[str, ...]


def rows(results: Sequence[EvaluationResult]) -> list[Row]:
    """The main table under `COLUMNS`, in per cent: each detector, group, tolerance, then the paper's."""
    ours = [row for result in results for group in result.groups for row in _group_rows(result, group)]
    return ours + [_paper_row(row) for row in paper_rows(results[0])]


def summary_rows(results: Sequence[EvaluationResult]) -> list[Row]:
    """The second table under `SUMMARY_COLUMNS`, in per cent: means over images, then two pooled summaries."""
    return [_summary_row(result, group) for result in results for group in result.groups]


def footnotes(result: EvaluationResult) -> list[str]:
    """What must stand below a table with the paper's rows; empty if there are none."""
    if not paper_rows(result):
        return []
    return [f"¹ {EXCHANGED_FOOTNOTE} {PAPER_TEST_SETS[result.dataset][1]}".rstrip()]


def paper_rows(result: EvaluationResult) -> list[PublishedRow]:
    """The paper's UP-CrackNet rows on this data set; none unless the protocol is the paper's."""
    if result.protocol != "paper" or result.dataset not in PAPER_TEST_SETS:
        return []
    return published_rows("UP-CrackNet", PAPER_TEST_SETS[result.dataset][0])


def percent(fraction: float, digits: int = 2) -> str:
    """A fraction of 1 in per cent."""
    return f"{100 * fraction:.{digits}f}"


def _group_rows(result: EvaluationResult, group: GroupResult) -> list[Row]:
    return [
        (
            *(_label(result, group), str(group.images), str(at.tolerance)),
            *(percent(getattr(at.scores, measure)) for measure in MEASURES),
            *(percent(value) for point in (at.ods, at.ois) for value in (point.scores.f1, point.scores.iou)),
        )
        for at in group.tolerances
    ]


def _paper_row(row: PublishedRow) -> Row:
    return (
        f"{row.row} (paper's Table {row.table}, trained on {row.training_set}) ¹",
        *(NOT_GIVEN, "0"),
        *(f"{getattr(row, measure):.2f}" for measure in MEASURES),
        *(4 * (NOT_GIVEN,)),
    )


def _summary_row(result: EvaluationResult, group: GroupResult) -> Row:
    mean = group.exact.mean_over_images
    figures = (mean.precision, mean.recall, mean.f1, mean.iou, group.average_precision, group.mean_iou)
    return (_label(result, group), str(group.images), *map(percent, figures))


def _label(result: EvaluationResult, group: GroupResult) -> str:
    return result.model if group is result.whole else f"{result.model}, {group.name}"
