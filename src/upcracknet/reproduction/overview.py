"""Several tables of one training set as one: each system's figures on all test sets in one line."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from upcracknet.reproduction.results import ResultFiles
from upcracknet.reproduction.rows import Experiment
from upcracknet.reproduction.table import NOT_GIVEN, table_record, write_forms

FACTS = ("parameters", "patches_seen", "milliseconds")
MEASURES = ("precision", "recall", "iou", "best_threshold_iou")


def write_overview(name: str, experiments: Sequence[Experiment], files: ResultFiles) -> dict[str, Any]:
    """Write what is measured so far as `NAME.md`, `NAME.csv` and `NAME.json`.

    Args:
        name: of the files.
        experiments: tables with the same rows, each of another test set.
        files: where the results are, and the overview goes.

    Returns:
        What the JSON holds: one record a system, figures in per cent, None where there are none.

    Raises:
        OutputError: a file cannot be written.
    """
    record = _record(name, experiments, files)
    write_forms(name, files, record, _markdown(record), _csv(record))
    return record


def _record(name: str, experiments: Sequence[Experiment], files: ResultFiles) -> dict[str, Any]:
    tables = [table_record(each, [files.state(row) for row in each.rows]) for each in experiments]
    systems: list[dict[str, Any]] = []
    for lines in zip(*(table["rows"] for table in tables), strict=True):
        first = lines[0]
        systems.append(
            {"row": first["row"], "label": first["label"]}
            | {fact: first[fact] for fact in FACTS}
            | {"training_seconds": first["training_seconds"], "weights_sha256": first["weights_sha256"]}
            | {"tests": {test: _figures(at) for line in lines for test, at in line["tests"].items()}}
        )
    return {
        "name": name,
        "complete": all(table["complete"] for table in tables),
        **{key: tables[0][key] for key in ("budget", "seed", "facts", "unit", "footnotes")},
        "tables": [table["title"] for table in tables],
        "systems": systems,
    }


def _figures(tested: dict[str, Any]) -> dict[str, Any]:
    ours, paper = tested["ours"], tested["paper"]
    return {
        "ours": None if ours is None else {measure: ours[measure] for measure in MEASURES},
        "paper_iou": None if paper is None else paper["iou"],
    }


def _markdown(record: dict[str, Any]) -> str:
    tests = list(record["systems"][0]["tests"])
    head = ["", "parameters, 10⁶", "images seen", "ms a photo"]
    head += [f"{test}: {measure}" if measure == "precision" else measure for test in tests for measure in
             ("precision", "recall", "IoU", "best ¹", "*paper's IoU*")]  # fmt: skip
    lines = [
        f"Budget {record['budget']['description']}; seed {record['seed']}.",
        *record["facts"],
        f"Figures in {record['unit']}.",
    ]
    table = [head, ["---", *("---:" for _ in head[1:])], *(_cells(each) for each in record["systems"])]
    return "\n".join(
        [
            *(f"- {line}" for line in lines),
            "",
            *("| " + " | ".join(cells) + " |" for cells in table),
            "",
            f"¹ IoU at the best fixed threshold. {record['footnotes']['best_threshold']}",
            "",
        ]
    )


def _cells(system: dict[str, Any]) -> list[str]:
    parameters, seen, milliseconds = (system[fact] for fact in FACTS)
    cells = [
        system["label"],
        NOT_GIVEN if parameters is None else f"{parameters / 1e6:.2f}",
        "not run yet" if seen is None else f"{seen:,}",
        NOT_GIVEN if milliseconds is None else f"{milliseconds:,.0f}",
    ]
    for figures in system["tests"].values():
        ours = figures["ours"] or {}
        cells += [f"{ours[measure]:.1f}" if ours else NOT_GIVEN for measure in MEASURES]
        cells.append(NOT_GIVEN if figures["paper_iou"] is None else f"*{figures['paper_iou']:.1f}*")
    return cells


def _csv(record: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("row", "test_set", *MEASURES, "paper_iou", *FACTS, "budget", "seed"))
    for system in record["systems"]:
        for test, figures in system["tests"].items():
            ours = figures["ours"] or {}
            writer.writerow(
                (
                    *(system["row"], test),
                    *(f"{ours[measure]:.4f}" if ours else "" for measure in MEASURES),
                    *(figures["paper_iou"], *(system[fact] for fact in FACTS)),
                    *(record["budget"]["name"], record["seed"]),
                )
            )
    return text.getvalue()
