"""Evaluation results as files: JSON for programs, Markdown for readers, CSV with one line an image."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE
from upcracknet.evaluation.results import EvaluationResult, ToleranceResult
from upcracknet.evaluation.tables import (
    COLUMNS,
    MEASURES,
    SUMMARY_COLUMNS,
    footnotes,
    paper_rows,
    percent,
    rows,
    summary_rows,
)
from upcracknet.files import write_atomically


def write_report(results: Sequence[EvaluationResult], folder: Path) -> None:
    """Writes `evaluation.json` and `evaluation.md`.

    Args:
        results: Detectors evaluated on one data set under one protocol, not empty.
        folder: Where to; made if needed.

    Raises:
        OutputError: If the folder cannot be written.
    """
    write_atomically(folder / "evaluation.json", (to_json(results) + "\n").encode())
    write_atomically(folder / "evaluation.md", to_markdown(results).encode())


def to_markdown(results: Sequence[EvaluationResult]) -> str:
    """The tables of a report, in per cent, with everything in the head that the figures depend on."""
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
        *incomplete_lines(results),
        "",
        *markdown_table(COLUMNS, rows(results)),
        "",
        *(f"{note}\n" for note in footnotes(first)),
        "Means over images, each of the same weight (not the paper's way), then pooled summaries:",
        "",
        *markdown_table(SUMMARY_COLUMNS, summary_rows(results)),
        "",
    ]
    return "\n".join(lines)


def to_json(results: Sequence[EvaluationResult]) -> str:
    """All figures as fractions of 1, with their protocol; the paper's rows in per cent, as printed."""
    first = results[0]
    content = {
        "dataset": first.dataset,
        "split": first.split,
        "protocol": {"name": first.protocol, "description": first.protocol_description},
        "averaging": "pooled over images, except mean_over_images",
        "unit": "fractions of 1",
        "results": [result_record(result) for result in results],
        "paper": {
            "unit": "per cent",
            "note": EXCHANGED_FOOTNOTE,
            "rows": [asdict(row) for row in paper_rows(first)],
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def write_items(evaluation: EvaluationResult, path: Path) -> None:
    """Writes one CSV line an image: threshold, pixel counts, and measures as fractions of 1; no tolerance.

    Raises:
        OutputError: If the file cannot be written.
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


def incomplete_lines(results: Sequence[EvaluationResult]) -> list[str]:
    """One line for each sample that was not evaluated."""
    return [
        f"- **Incomplete**: {result.model} was not evaluated on {name} ({error})."
        for result in results
        for name, error in result.unreadable
    ]


def markdown_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table, the first column to the left, the others to the right."""
    align = ["---", *("---:" for _ in head[1:])]
    return ["| " + " | ".join(cells) + " |" for cells in (head, align, *body)]


def result_record(result: EvaluationResult) -> dict[str, Any]:
    """All figures of one detector as plain values, for JSON; fractions of 1."""
    return {
        "model": result.model,
        "threshold_rule": result.threshold_rule,
        "complete": result.complete,
        "unreadable": [{"name": name, "error": error} for name, error in result.unreadable],
        "groups": [
            {
                "name": group.name,
                "images": group.images,
                "prevalence": group.prevalence,
                "mean_iou_with_background": group.mean_iou,
                "average_precision": group.average_precision,
                "tolerances": [_tolerance_record(at) for at in group.tolerances],
            }
            for group in result.groups
        ],
    }


def _tolerance_record(at: ToleranceResult) -> dict[str, Any]:
    return {
        "tolerance_pixels": at.tolerance,
        "pooled": asdict(at.scores),
        "counts": asdict(at.counts),
        "mean_over_images": asdict(at.mean_over_images),
        "ods": {"threshold": at.ods.threshold, **asdict(at.ods.scores)},
        "ois": asdict(at.ois.scores),
    }
