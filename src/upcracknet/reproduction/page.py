"""One page of all tables: ours beside the paper's, by both rulers, and which of the paper's claims hold."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from upcracknet.data.registry import PAPER_TEST_SETS
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE
from upcracknet.files import write_atomically
from upcracknet.reproduction.claims import claims_table
from upcracknet.reproduction.experiment import Experiment
from upcracknet.reproduction.report import BEST_FOOTNOTE, table_record
from upcracknet.reproduction.run import Run
from upcracknet.tables import NOT_GIVEN, figure, markdown_table, percent

COLUMNS = (
    *("", "P", "R", "F1", "IoU", "best IoU ²", "IoU, former ruler ³"),
    *("*paper's P* ¹", "*R*", "*F1*", "*IoU*", "images seen", "minutes of training"),
)
OURS, PAPERS = (
    ("precision", "recall", "f1", "iou", "best_threshold_iou"),
    ("precision", "recall", "f1", "iou"),
)
ORDER = ("table1", "table2", "table3", "table4", "table5", "table6", "table7", "table8", "seeds")


def write_page(experiments: Sequence[Experiment], run: Run) -> Path:
    """Write ``tables.md`` from the results that are there, and each table's own files.

    Args:
        experiments: the tables, as of :func:`.experiments_of`.
        run: where the results are.

    Returns:
        its path.

    Raises:
        OutputError: it cannot be written.
    """
    records = {}
    for experiment in experiments:
        states = [run.files.state(row, run.notes) for row in experiment.rows]
        run.write_table(experiment)
        records[experiment.name] = table_record(experiment, states)
    path = run.files.folder / "tables.md"
    write_atomically(path, page(records).encode())
    return path


def page(records: dict[str, dict[str, Any]]) -> str:
    """Make the page.

    Args:
        records: of ``table_record``, by name of the table.
    """
    ordered = [records[name] for name in ORDER]
    first, seconds = ordered[2], _training_seconds(ordered)
    lines = [
        "# Tables I–VIII",
        "",
        f"- Budget {first['budget']['description']}; seed {first['seed']}.",
        *(f"- {fact}" for fact in _facts(ordered)),
        f"- Figures in {first['unit']}; protocol `paper`.",
        f"- Measured with {', '.join(_environments(ordered)) or 'nothing yet'}; "
        f"{seconds / 3600:.1f} hours of training.",
        "",
        "## What the paper claims",
        "",
        claims_table(records),
    ]
    for record in ordered:
        lines += ["", f"## {record['title']}"]
        for test in record["rows"][0]["tests"]:
            lines += ["", *_section(record, test)]
    lines += [
        "",
        f"¹ {EXCHANGED_FOOTNOTE}",
        "",
        f"² {BEST_FOOTNOTE}",
        "",
        "³ Masks shrunk as in figures before decision 16: up to half a pixel off.",
        "",
        "⁴ DeepCrack's official test photos show 11 scenes of its training photos; these are left out there. "
        "They are easy ones too: methods that learn nothing also lose something there.",
    ]
    return "\n".join(lines) + "\n"


def _section(record: dict[str, Any], test: str) -> list[str]:
    measured = [row["tests"][test] for row in record["rows"] if row["tests"][test]["ours"]]
    rows = [_cells(row, row["tests"][test]) for row in record["rows"]]
    done = f"{len(measured)} of {len(rows)} rows measured"
    if not measured:
        return [f"Tested on {test}; {done}.", "", markdown_table(COLUMNS, rows)]
    dataset, images = measured[0]["dataset"], max(tested["images"] for tested in measured)
    difference = PAPER_TEST_SETS.get(dataset, ("", ""))[1]
    extent = f"Tested on {dataset} ({measured[0]['split']}), {images} images; {done}. {difference}".rstrip()
    others = [_without_training_scenes(row["tests"][test].get("report")) for row in record["rows"]]
    if not any(others):
        return [extent, "", markdown_table(COLUMNS, rows)]
    rows = [[*row, percent(other, 1)] for row, other in zip(rows, others, strict=True)]
    return [extent, "", markdown_table((*COLUMNS, "IoU without training scenes ⁴"), rows)]


def _without_training_scenes(report: dict[str, Any] | None) -> float | None:
    """The IoU on the photos that show no scene of the training set, 0 to 1, where it was measured."""
    groups = report["results"][0].get("groups", []) if report else []
    for group in groups:
        if group["name"] == "without training scenes":
            return float(group["tolerances"][0]["pooled"]["iou"])
    return None


def _cells(row: dict[str, Any], tested: dict[str, Any]) -> list[str]:
    """A line of figures; where there are none, the first cell says why."""
    ours, paper = tested["ours"], tested["paper"] or {}
    papers = [f"*{paper[name]:.1f}*" if paper.get(name) is not None else NOT_GIVEN for name in PAPERS]
    if ours is None:
        reason = f"{row['status']}: {row['note']}" if row["note"] else row["status"]
        return [row["label"], reason, *5 * [NOT_GIVEN], *papers, *2 * [NOT_GIVEN]]
    former = (tested["report"].get("former_ruler") or {}).get("iou")
    return [
        row["label"],
        *(figure(ours[name], 1) for name in OURS),
        percent(former, 1),
        *papers,
        figure(row["patches_seen"], 0),
        figure(row["training_seconds"] / 60, 1),
    ]


def _facts(records: Sequence[dict[str, Any]]) -> list[str]:
    return [*dict.fromkeys(fact for record in records for fact in record["facts"])]


def _environments(records: Sequence[dict[str, Any]]) -> list[str]:
    """Code, torch, processor and card of the rows, each once."""
    found = dict[str, None]()
    for record in records:
        for row in record["rows"]:
            here = row["environment"] or {}
            parts = (here.get(key) for key in ("code", "torch", "processor", "accelerator"))
            if here:
                found[" / ".join(str(part) for part in parts if part not in (None, "none"))] = None
    return list(found)


def _training_seconds(records: Sequence[dict[str, Any]]) -> float:
    """Of all runs, each once."""
    runs = {row["run"]: row["training_seconds"] for record in records for row in record["rows"] if row["run"]}
    return float(sum(runs.values()))
