"""Evaluation results as files: JSON for programs, Markdown for readers, CSV with one line an image.

A report's tables show our figures with everything they depend on, and the paper's beside them.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from upcracknet.data.registry import PAPER_TEST_SETS
from upcracknet.evaluation.answers import Answerer
from upcracknet.evaluation.metrics import MEASURES
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE, PublishedRow, published_rows
from upcracknet.evaluation.results import EvaluationResult, GroupResult
from upcracknet.files import json_bytes, write_atomically
from upcracknet.tables import NOT_GIVEN, figure, markdown_table, percent

COLUMNS = (
    *("method", "images", "tolerance"),
    *("precision", "recall", "accuracy", "F1", "IoU"),
    *("ODS F1", "ODS IoU", "OIS F1", "OIS IoU"),
)
SHORT_COLUMNS = ("method", "images", "precision", "recall", "F1", "IoU", "ODS IoU")
SUMMARY_COLUMNS = (
    *("method", "images", "precision", "recall", "F1", "IoU"),
    *("average precision", "mean IoU with background"),
)

Row = tuple[str, ...]


def write_report(results: Sequence[EvaluationResult], folder: Path) -> None:
    """Write ``evaluation.json`` and ``evaluation.md``.

    Args:
        results: detectors evaluated on one data set under one protocol, not empty.
        folder: where to; made if needed.

    Raises:
        OutputError: the folder cannot be written.
    """
    write_atomically(folder / "evaluation.json", json_bytes(report_record(results)))
    write_atomically(folder / "evaluation.md", to_markdown(results).encode())


def write_items(evaluation: EvaluationResult, path: Path) -> None:
    """Write one CSV line an image: threshold, pixel counts, and measures as fractions of 1; no tolerance.

    Raises:
        OutputError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    counts = ("true_positive", "false_positive", "false_negative", "true_negative")
    writer.writerow(("name", "threshold", *counts, *MEASURES))
    for item in evaluation.items:
        pixels = (getattr(item.counts[0], count) for count in counts)
        measures = (f"{getattr(item.scores, measure):.6f}" for measure in MEASURES)
        writer.writerow((item.name, f"{item.threshold:.6g}", *pixels, *measures))
    write_atomically(path, text.getvalue().encode())


def folder_name(answerer: Answerer) -> str:
    """Name the folder of a model: its name in letters, digits, dots and hyphens, and how its checksum begins.

    So other weights of that name, of another run or trained once more, do not write over what stands there.
    """
    name = re.sub(r"[^A-Za-z0-9.]+", "-", answerer.name).strip("-.") or "model"
    return name if answerer.weights_sha256 is None else f"{name}-{answerer.weights_sha256[:8]}"


def report_record(results: Sequence[EvaluationResult]) -> dict[str, Any]:
    """Give all figures as plain values, for JSON: fractions of 1; the paper's rows in per cent, as printed.

    Args:
        results: detectors evaluated on one data set under one protocol, not empty.
    """
    first = results[0]
    return {
        "dataset": first.dataset,
        "split": first.split,
        "protocol": {"name": first.protocol, "description": first.protocol_description},
        "averaging": "pooled over images, except mean_over_images",
        "unit": "fractions of 1",
        "results": [result_record(result) for result in results],
        "paper": {
            "unit": "per cent",
            "note": EXCHANGED_FOOTNOTE,
            "rows": [asdict(row) for row in _paper_rows(first)],
        },
    }


def result_record(result: EvaluationResult) -> dict[str, Any]:
    """Give all figures of one detector as plain values, for JSON; fractions of 1."""
    return {
        "model": result.model,
        "weights_sha256": result.weights_sha256,
        "threshold_rule": result.threshold_rule,
        "complete": result.complete,
        "notes": list(result.notes),
        "unreadable": [{"name": name, "error": error} for name, error in result.unreadable],
        "groups": [
            {
                "name": group.name,
                "images": group.images,
                "prevalence": group.prevalence,
                "mean_iou_with_background": group.mean_iou,
                "average_precision": group.average_precision,
                "tolerances": [
                    {
                        "tolerance_pixels": at.tolerance,
                        "pooled": asdict(at.scores),
                        "counts": asdict(at.counts),
                        "mean_over_images": asdict(at.mean_over_images),
                        "ods": {"threshold": at.ods.threshold, **asdict(at.ods.scores)},
                        "ois": asdict(at.ois.scores),
                    }
                    for at in group.tolerances
                ],
            }
            for group in result.groups
        ],
    }


def to_markdown(results: Sequence[EvaluationResult]) -> str:
    """Write the tables of a report, in per cent, with everything that the figures depend on in the head."""
    first = results[0]
    prevalence = [f"{percent(group.prevalence, 3)} % ({group.name})" for group in first.groups]
    lines = [
        f"# Evaluation on {first.dataset} ({first.split})",
        "",
        f"- Protocol `{first.protocol}`: {first.protocol_description}.",
        "- Figures in per cent, of the crack class, from counts pooled over all images; tolerance in pixels.",
        "- ODS and OIS use the best threshold for all images, or for each, chosen on the annotation: "
        "what the score maps allow, not what a user gets.",
        f"- Annotated crack pixels: {', '.join(prevalence)}.",
        *(f"- {result.model}: threshold {result.threshold_rule}." for result in results),
        *(f"- {note}" for note in notes(results)),
        *incomplete_lines(results),
        "",
        markdown_table(COLUMNS, rows(results)),
        "",
        *(f"{note}\n" for note in footnotes(first)),
        "Means over images, each of the same weight (not the paper's way), then pooled summaries:",
        "",
        markdown_table(SUMMARY_COLUMNS, summary_rows(results)),
        "",
    ]
    return "\n".join(lines)


def rows(results: Sequence[EvaluationResult]) -> list[Row]:
    """Make the main table under ``COLUMNS``, in per cent: each detector, group, tolerance; then the paper."""
    ours = [row for result in results for group in result.groups for row in _group_rows(result, group)]
    paper = [
        (
            f"{row.row} (paper's Table {row.table}, trained on {row.training_set}) ¹",
            *(NOT_GIVEN, "0"),
            *(figure(getattr(row, measure)) for measure in MEASURES),
            *(4 * (NOT_GIVEN,)),
        )
        for row in _paper_rows(results[0])
    ]
    return ours + paper


def short_rows(results: Sequence[EvaluationResult]) -> list[Row]:
    """Make the main table as it fits a terminal, under ``SHORT_COLUMNS`` and without tolerance."""
    cells = (dict(zip(COLUMNS, row, strict=True)) for row in rows(results))
    return [tuple(row[column] for column in SHORT_COLUMNS) for row in cells if row["tolerance"] == "0"]


def summary_rows(results: Sequence[EvaluationResult]) -> list[Row]:
    """Make the second table under ``SUMMARY_COLUMNS``, in per cent: means over images, pooled figures."""
    found = []
    for label, group in ((_label(one, group), group) for one in results for group in one.groups):
        mean = group.exact.mean_over_images
        figures = (mean.precision, mean.recall, mean.f1, mean.iou, group.average_precision, group.mean_iou)
        found.append((label, str(group.images), *map(percent, figures)))
    return found


def footnotes(result: EvaluationResult) -> list[str]:
    """Give what must stand below a table with the paper's rows; nothing if there are none."""
    if not _paper_rows(result):
        return []
    return [f"¹ {EXCHANGED_FOOTNOTE} {PAPER_TEST_SETS[result.dataset][1]}".rstrip()]


def notes(results: Sequence[EvaluationResult]) -> list[str]:
    """Give what to know of the figures, each sentence once."""
    return [*dict.fromkeys(note for result in results for note in result.notes)]


def incomplete_lines(results: Sequence[EvaluationResult]) -> list[str]:
    """Write one line for each sample that was not evaluated."""
    return [
        f"- **Incomplete**: {result.model} was not evaluated on {name} ({error})."
        for result in results
        for name, error in result.unreadable
    ]


def _paper_rows(result: EvaluationResult) -> list[PublishedRow]:
    """The paper's UP-CrackNet rows on this data set; none unless the protocol is the paper's."""
    if result.protocol != "paper" or result.dataset not in PAPER_TEST_SETS:
        return []
    return published_rows("UP-CrackNet", PAPER_TEST_SETS[result.dataset][0])


def _group_rows(result: EvaluationResult, group: GroupResult) -> list[Row]:
    return [
        (
            *(_label(result, group), str(group.images), str(at.tolerance)),
            *(percent(getattr(at.scores, measure)) for measure in MEASURES),
            *(percent(value) for point in (at.ods, at.ois) for value in (point.scores.f1, point.scores.iou)),
        )
        for at in group.tolerances
    ]


def _label(result: EvaluationResult, group: GroupResult) -> str:
    return result.model if group is result.whole else f"{result.model}, {group.name}"
