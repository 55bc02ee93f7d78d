"""A reproduced table as files: our figures with the paper's beside, as Markdown, CSV and JSON."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from upcracknet.data.registry import PAPER_TEST_SETS
from upcracknet.evaluation.metrics import MEASURES
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE
from upcracknet.files import write_atomically
from upcracknet.reproduction.results import ResultFiles, RowState
from upcracknet.reproduction.rows import Experiment

NOT_GIVEN = "–"
BEST_THRESHOLD_FOOTNOTE = (
    "What the score maps allow: this threshold is chosen on the annotation, so no user gets it."
)
COLUMNS = (
    *("row", "parameters", "patches seen"),
    *("precision", "recall", "accuracy", "F1", "IoU", "IoU at the best fixed threshold ²"),
    *(f"paper's {measure} ¹" for measure in ("precision", "recall", "accuracy", "F1", "IoU")),
    *("seconds of training", "milliseconds an image", "weights"),
)


def write_tables(experiment: Experiment, files: ResultFiles, notes: Mapping[str, str] | None = None) -> None:
    """Write a table as `NAME.md`, `NAME.csv` and `NAME.json` from the results that are there.

    Args:
        experiment: the table.
        files: where the results are, and the table goes.
        notes: by name of a row, why it has no figures yet.

    Raises:
        OutputError: a file cannot be written.
    """
    record = table_record(experiment, [files.state(row, notes) for row in experiment.rows])
    write_forms(experiment.name, files, record, to_markdown(record), to_csv(record))


def write_forms(name: str, files: ResultFiles, record: dict[str, Any], markdown: str, text: str) -> None:
    """Write what a table says as `NAME.json`, `NAME.md` and `NAME.csv`.

    Raises:
        OutputError: a file cannot be written.
    """
    content = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    for suffix, form in (("json", content), ("md", markdown), ("csv", text)):
        write_atomically(files.folder / f"{name}.{suffix}", form.encode())


def table_record(experiment: Experiment, states: list[RowState]) -> dict[str, Any]:
    """All of a table as plain values; figures in per cent, None where there are none."""
    return {
        "experiment": experiment.name,
        "title": experiment.title,
        "question": experiment.question,
        "complete": all(state.status == "done" for state in states),
        "budget": experiment.budget.to_dict() | {"description": str(experiment.budget)},
        "seed": experiment.seed,
        "facts": list(experiment.facts),
        "unit": "per cent of the crack class, counts pooled over all images, tolerance 0",
        "footnotes": {"paper": EXCHANGED_FOOTNOTE, "best_threshold": BEST_THRESHOLD_FOOTNOTE},
        "rows": [_row_record(state) for state in states],
    }


def _row_record(state: RowState) -> dict[str, Any]:
    row, result = state.row, state.result
    reports = {} if result is None else dict(zip(row.tests, result.evaluations, strict=True))
    return {
        "row": row.name,
        "label": row.label,
        "status": state.status,
        "note": state.note,
        "parameters": None if result is None else result.parameters,
        "milliseconds": None if result is None else result.milliseconds,
        "patches_seen": None if result is None else result.patches_seen,
        "epoch": None if result is None else result.epoch,
        "weights_sha256": None if result is None else result.weights_sha256,
        "style_features": None if result is None else result.style_features,
        "training_seconds": None if result is None else result.training_seconds,
        "evaluation_seconds": None if result is None else result.evaluation_seconds,
        "run": None if result is None else result.run,
        "environment": None if result is None else result.environment,
        "training": row.identity["training"],
        "detection": row.identity["detection"],
        "tests": {test: _test_record(state, test, reports.get(test)) for test in row.tests},
    }


def _test_record(state: RowState, test: str, report: dict[str, Any] | None) -> dict[str, Any]:
    published = state.row.published.get(test)
    record: dict[str, Any] = {"paper": None if published is None else asdict(published), "ours": None}
    if report is None:
        return record
    [result] = report["results"]
    whole = result["groups"][0]
    exact = next(at for at in whole["tolerances"] if at["tolerance_pixels"] == 0)
    ours = {measure: 100 * exact["pooled"][measure] for measure in MEASURES}
    return record | {
        "dataset": report["dataset"],
        "split": report["split"],
        "images": whole["images"],
        "protocol": report["protocol"]["name"],
        "protocol_description": report["protocol"]["description"],
        "threshold_rule": result["threshold_rule"],
        "ours": ours | {"best_threshold_iou": 100 * exact["ods"]["iou"]},
        "report": report,
    }


def to_markdown(record: dict[str, Any]) -> str:
    """The tables for readers, one a test set, with all that the figures depend on in the head."""
    first = record["rows"][0]
    lines = [
        f"# {record['title']}",
        "",
        record["question"],
        "",
        f"- Budget {record['budget']['description']}; seed {record['seed']}.",
        *(f"- {fact}" for fact in record["facts"]),
        f"- Figures in {record['unit']}.",
        *([] if record["complete"] else ["- **Unfinished**: rows without figures say so."]),
    ]
    for test in first["tests"]:
        lines += ["", *_test_section(record["rows"], test)]
    return "\n".join(lines) + "\n"


def _test_section(rows: list[dict[str, Any]], test: str) -> list[str]:
    measured = next((row["tests"][test] for row in rows if row["tests"][test]["ours"]), None)
    if measured is None:
        heading, extent = f"## Tested on {test}", "No row is measured yet."
    else:
        heading = f"## Tested on {measured['dataset']} ({measured['split']}), {measured['images']} images"
        extent = (
            f"Protocol `{measured['protocol']}`: {measured['protocol_description']}. "
            f"Threshold: {measured['threshold_rule']}, unless a row says otherwise."
        )
    other_photos = PAPER_TEST_SETS.get((measured or {}).get("dataset", test), ("", ""))[1]
    align = ["---", *("---:" for _ in COLUMNS[1:])]
    body = [_cells(row, test) for row in rows]
    return [
        heading,
        "",
        extent,
        "",
        *("| " + " | ".join(cells) + " |" for cells in (COLUMNS, align, *body)),
        "",
        f"¹ {EXCHANGED_FOOTNOTE} {other_photos}".rstrip(),
        "",
        f"² {BEST_THRESHOLD_FOOTNOTE}",
    ]


def _cells(row: dict[str, Any], test: str) -> tuple[str, ...]:
    ours, paper = row["tests"][test]["ours"], row["tests"][test]["paper"] or {}
    published = (_figure(paper.get(measure)) for measure in MEASURES)
    label = row["label"]
    if ours is None:
        note = f"{row['status']}: {row['note']}" if row["note"] else row["status"]
        missing = (note.replace("|", "\\|").replace("\n", " "), *(6 * (NOT_GIVEN,)))
        return (label, NOT_GIVEN, *missing, *published, *(3 * (NOT_GIVEN,)))
    figures = (_figure(ours[measure]) for measure in (*MEASURES, "best_threshold_iou"))
    seconds, speed = f"{row['training_seconds']:,.0f}", _figure(row["milliseconds"], 0)
    weights = f"`{row['weights_sha256'][:12]}`" if row["weights_sha256"] else NOT_GIVEN
    parameters = _figure(row["parameters"], 0)
    return (label, parameters, f"{row['patches_seen']:,}", *figures, *published, seconds, speed, weights)


def _figure(value: float | int | None, digits: int = 2) -> str:
    return NOT_GIVEN if value is None else f"{value:,.{digits}f}"


def to_csv(record: dict[str, Any]) -> str:
    """One line for each row and test set; per cent, empty where there is no figure."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ours, paper = (*MEASURES, "best_threshold_iou"), MEASURES
    facts = (
        *("parameters", "patches_seen", "epoch", "training_seconds", "evaluation_seconds"),
        *("milliseconds", "weights_sha256"),
    )
    writer.writerow(
        (
            *("row", "status", "note", "test_set", "dataset", "images", "protocol"),
            *ours,
            *(f"paper_{measure}" for measure in paper),
            *facts,
            *("budget", "seed", "style_features"),
        )
    )
    for row in record["rows"]:
        for test, tested in row["tests"].items():
            figures, published = tested["ours"] or {}, tested["paper"] or {}
            writer.writerow(
                (
                    *(row["row"], row["status"], row["note"], test),
                    *(tested.get(key, "") for key in ("dataset", "images", "protocol")),
                    *(f"{figures[key]:.4f}" if figures else "" for key in ours),
                    *(published.get(measure) for measure in paper),
                    *(row[fact] for fact in facts),
                    *(record["budget"]["name"], record["seed"], row["style_features"]),
                )
            )
    return text.getvalue()
