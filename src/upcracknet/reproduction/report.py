"""Reproduced tables as files: our figures with the paper's beside, as Markdown, CSV and JSON."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from upcracknet.data.registry import PAPER_TEST_SETS
from upcracknet.evaluation.metrics import MEASURES
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE
from upcracknet.files import json_bytes, write_atomically
from upcracknet.reproduction.experiment import Experiment
from upcracknet.reproduction.measurement import RowResult, RowState
from upcracknet.tables import NOT_GIVEN, figure, markdown_table

BEST_FOOTNOTE = "What the score maps allow: this threshold is chosen on the annotation, so no user gets it."
OUR_MEASURES = (*MEASURES, "best_threshold_iou")
COLUMNS = (
    *("row", "parameters", "patches seen"),
    *("precision", "recall", "accuracy", "F1", "IoU", "IoU at the best fixed threshold ²"),
    *(f"paper's {measure} ¹" for measure in ("precision", "recall", "accuracy", "F1", "IoU")),
    *("seconds of training", "milliseconds an image", "weights"),
)
OVERVIEW_MEASURES = ("precision", "recall", "iou", "best_threshold_iou")
OVERVIEW_FACTS = ("parameters", "patches_seen", "milliseconds")


def write_table(experiment: Experiment, states: Sequence[RowState], folder: Path) -> dict[str, Any]:
    """Write a table as ``NAME.md``, ``NAME.csv`` and ``NAME.json``.

    Args:
        experiment: the table.
        states: of all its rows.
        folder: where to.

    Returns:
        what the JSON holds.

    Raises:
        OutputError: a file cannot be written.
    """
    record = table_record(experiment, states)
    _write(folder / experiment.name, record, _table_markdown(record), _table_lines(record))
    return record


def write_overview(name: str, tables: Sequence[dict[str, Any]], folder: Path) -> dict[str, Any]:
    """Write tables of the same rows as one: each system's figures on all test sets in one line.

    Args:
        name: of the files ``NAME.md``, ``NAME.csv`` and ``NAME.json``.
        tables: from ``table_record``, each of another test set.
        folder: where to.

    Returns:
        what the JSON holds: one record a system, figures in per cent, None where there are none.

    Raises:
        OutputError: a file cannot be written.
    """
    facts = ("row", "label", *OVERVIEW_FACTS, "training_seconds", "weights_sha256")
    record = {
        "name": name,
        "complete": all(table["complete"] for table in tables),
        **{key: tables[0][key] for key in ("budget", "seed", "facts", "unit", "footnotes")},
        "tables": [table["title"] for table in tables],
        "systems": [
            {fact: rows[0][fact] for fact in facts}
            | {"tests": {test: _overview(tested) for row in rows for test, tested in row["tests"].items()}}
            for rows in zip(*(table["rows"] for table in tables), strict=True)
        ],
    }
    _write(folder / name, record, _overview_markdown(record), _overview_lines(record))
    return record


def summary(record: dict[str, Any]) -> tuple[str, list[str], list[list[str]]]:
    """Give what of a table fits a terminal: F1 and IoU, and the paper's.

    Args:
        record: from ``table_record``.

    Returns:
        title, columns and rows.
    """
    title = f"{record['title']}; seed {record['seed']}, per cent, protocol paper"
    columns = ["row"]
    for test in record["rows"][0]["tests"]:
        columns += [f"{test} F1", "IoU", "paper's F1", "IoU"]
    rows = []
    for row in record["rows"]:
        cells = [row["label"]]
        for tested in row["tests"].values():
            for figures in (tested["ours"] or {}, tested["paper"] or {}):
                cells += [figure(figures.get("f1")), figure(figures.get("iou"))]
        rows.append(cells)
    return title, columns, rows


def table_record(experiment: Experiment, states: Sequence[RowState]) -> dict[str, Any]:
    """Give all of a table as plain values; figures in per cent, None where there are none."""
    whole = [_row_record(state) for state in states if state.row.one_in == 1]
    return {
        "experiment": experiment.name,
        "title": experiment.title,
        "question": experiment.question,
        "complete": all(state.status == "done" for state in states),
        "budget": asdict(experiment.budget) | {"description": str(experiment.budget)},
        "seed": experiment.seed,
        "facts": [*experiment.facts, *_mixtures(whole)],
        "unit": "per cent of the crack class, counts pooled over all images, tolerance 0",
        "footnotes": {"paper": EXCHANGED_FOOTNOTE, "best_threshold": BEST_FOOTNOTE},
        "rows": [_row_record(state) for state in states],
    }


def _mixtures(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Say of which test set rows were measured on different photos, as of another folder of data."""
    for test in rows[0]["tests"] if rows else ():
        labels: dict[str, list[str]] = {}
        for tested, row in ((row["tests"][test], row) for row in rows if row["tests"][test]["ours"]):
            labels.setdefault(f"{tested['images']} images of {tested['dataset']}", []).append(row["label"])
        if len(labels) > 1:
            found = "; ".join(f"{photos}: {', '.join(names)}" for photos, names in labels.items())
            yield f"**Rows tested on {test} do not compare**: {found}. Delete the wrong ones in `results/`."


def _row_record(state: RowState) -> dict[str, Any]:
    row, result = state.row, state.result
    facts = dict.fromkeys(field.name for field in fields(RowResult)) if result is None else asdict(result)
    reports = dict(zip(row.tests, facts.pop("evaluations") or (), strict=result is not None))
    return {
        "row": row.name,
        "label": row.label,
        "status": state.status,
        "note": state.note,
        **facts,
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


def _overview(tested: dict[str, Any]) -> dict[str, Any]:
    ours, paper = tested["ours"], tested["paper"]
    return {
        "ours": None if ours is None else {measure: ours[measure] for measure in OVERVIEW_MEASURES},
        "paper_iou": None if paper is None else paper["iou"],
    }


def _write(path: Path, record: dict[str, Any], markdown: str, lines: Sequence[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    for suffix, content in (("json", json_bytes(record)), ("md", markdown.encode())):
        write_atomically(path.with_name(f"{path.name}.{suffix}"), content)
    write_atomically(path.with_name(f"{path.name}.csv"), text.getvalue().encode())


def _table_markdown(record: dict[str, Any]) -> str:
    """The tables, one a test set, with all that the figures depend on in the head."""
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
    for test in record["rows"][0]["tests"]:
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
    return [
        heading,
        "",
        extent,
        "",
        markdown_table(COLUMNS, [_cells(row, row["tests"][test]) for row in rows]),
        "",
        f"¹ {EXCHANGED_FOOTNOTE} {other_photos}".rstrip(),
        "",
        f"² {BEST_FOOTNOTE}",
    ]


def _cells(row: dict[str, Any], tested: dict[str, Any]) -> list[str]:
    ours, paper = tested["ours"] or {}, tested["paper"] or {}
    waiting = f"{row['status']}: {row['note']}" if row["note"] else row["status"]
    return [
        row["label"],
        figure(row["parameters"], 0),
        figure(row["patches_seen"], 0) if ours else waiting,
        *(figure(ours.get(measure)) for measure in OUR_MEASURES),
        *(figure(paper.get(measure)) for measure in MEASURES),
        figure(row["training_seconds"], 0),
        figure(row["milliseconds"], 0),
        f"`{row['weights_sha256'][:12]}`" if row["weights_sha256"] else NOT_GIVEN,
    ]


def _table_lines(record: dict[str, Any]) -> list[dict[str, Any]]:
    """A line of CSV for each row and test set; per cent, empty where there is no figure."""
    facts = (
        *("parameters", "patches_seen", "epoch", "training_seconds", "evaluation_seconds"),
        *("milliseconds", "weights_sha256", "style_features"),
    )
    return [
        {key: row[key] for key in ("row", "status", "note")}
        | {"test_set": test}
        | {key: tested.get(key) for key in ("dataset", "images", "protocol")}
        | _exact(tested["ours"], OUR_MEASURES)
        | {f"paper_{measure}": (tested["paper"] or {}).get(measure) for measure in MEASURES}
        | {fact: row[fact] for fact in facts}
        | {"budget": record["budget"]["name"], "seed": record["seed"]}
        for row in record["rows"]
        for test, tested in row["tests"].items()
    ]


def _overview_markdown(record: dict[str, Any]) -> str:
    columns = ["", "parameters, 10⁶", "images seen", "ms a photo"]
    for test in record["systems"][0]["tests"]:
        columns += [f"{test}: precision", "recall", "IoU", "best ¹", "*paper's IoU*"]
    rows = []
    for system in record["systems"]:
        parameters, seen, milliseconds = (system[fact] for fact in OVERVIEW_FACTS)
        millions = None if parameters is None else parameters / 1e6
        seen = "not run yet" if seen is None else figure(seen, 0)
        cells = [system["label"], figure(millions), seen, figure(milliseconds, 0)]
        for tested in system["tests"].values():
            cells += [figure((tested["ours"] or {}).get(measure), 1) for measure in OVERVIEW_MEASURES]
            cells.append(NOT_GIVEN if tested["paper_iou"] is None else f"*{tested['paper_iou']:.1f}*")
        rows.append(cells)
    lines = [
        f"- Budget {record['budget']['description']}; seed {record['seed']}.",
        *(f"- {fact}" for fact in record["facts"]),
        f"- Figures in {record['unit']}.",
        "",
        markdown_table(columns, rows),
        "",
        f"¹ IoU at the best fixed threshold. {record['footnotes']['best_threshold']}",
    ]
    return "\n".join(lines) + "\n"


def _overview_lines(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"row": system["row"], "test_set": test}
        | _exact(tested["ours"], OVERVIEW_MEASURES)
        | {"paper_iou": tested["paper_iou"]}
        | {fact: system[fact] for fact in OVERVIEW_FACTS}
        | {"budget": record["budget"]["name"], "seed": record["seed"]}
        for system in record["systems"]
        for test, tested in system["tests"].items()
    ]


def _exact(figures: dict[str, Any] | None, measures: Sequence[str]) -> dict[str, str | None]:
    return {measure: f"{figures[measure]:.4f}" if figures else None for measure in measures}
