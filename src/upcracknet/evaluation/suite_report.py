"""The suite as tables: what must be shown, and each figure with all that it depends on."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from upcracknet.baselines.classical import LocalContrast
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE, published_rows
from upcracknet.evaluation.report import markdown_table
from upcracknet.evaluation.suite import SuiteResult
from upcracknet.evaluation.suite_claims import (
    PUBLISHED_NAMES,
    SUPERVISED,
    SUPERVISED_IOU,
    accuracy_part,
    best_iou,
    claims,
    iou,
    native_change,
)
from upcracknet.evaluation.suite_parts import Record
from upcracknet.evaluation.suite_plan import TEST_SETS, WIDTHS_OF
from upcracknet.evaluation.tables import NOT_GIVEN, percent
from upcracknet.files import write_atomically

NOT_MEASURED = "not measured"
FOOTNOTES = (
    f"¹ As published, not measured here. {EXCHANGED_FOOTNOTE} The paper's CFD rows are of 200 patches cut at "
    "places it does not tell, its Crack500 rows of 1,124 other crops.",
    "² Measured elsewhere on a sample of each set, not here.",
    "³ At the threshold that is best for all photos together, chosen on the annotation: what the score maps "
    "allow, not what a user gets.",
)


@dataclass(frozen=True)
class Table:
    """A table for people.

    Attributes:
        title: What it shows.
        columns: Heads of the columns.
        rows: Cells.
        notes: What must stand below it.
        wide: Columns that a terminal has no room for.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()


def write_suite(result: SuiteResult, folder: Path) -> None:
    """Writes `suite.json` and `suite.md`.

    Raises:
        OutputError: The folder cannot be written.
    """
    write_atomically(folder / "suite.json", (suite_json(result) + "\n").encode())
    write_atomically(folder / "suite.md", suite_markdown(result).encode())


def suite_json(result: SuiteResult) -> str:
    """All figures as fractions of 1, with their protocol, weights and threshold rule."""
    content: dict[str, Any] = {
        "unit": "fractions of 1",
        "complete": result.complete,
        "missing": result.missing,
        "waiting": list(result.waiting),
        "models": list(result.subjects),
        "claims": [asdict(claim) | {"met": claim.met} for claim in claims(result)],
        "accuracy": list(result.accuracy),
        "false_alarms": list(result.false_alarms),
        "not_measured_here": {
            "UP-CrackNet as published, per cent": [
                asdict(row)
                for name in PUBLISHED_NAMES.values()
                for row in published_rows("UP-CrackNet", name)
            ],
            f"{SUPERVISED}, measured elsewhere on a sample, IoU": SUPERVISED_IOU,
        },
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def suite_markdown(result: SuiteResult) -> str:
    """All tables, with what is missing before them."""
    lines = ["# What the package must show", "", *(f"- {line}" for line in head_lines(result)), ""]
    for table in suite_tables(result):
        lines += [f"## {table.title}", "", *markdown_table(table.columns, table.rows), ""]
        lines += [line for note in table.notes for line in (note, "")]
    return "\n".join(lines)


def head_lines(result: SuiteResult) -> list[str]:
    """What all figures depend on, and what is not there."""
    seconds = sum(part["seconds"] for part in (*result.accuracy, *result.false_alarms))
    threads = sorted({part["threads"] for part in (*result.accuracy, *result.false_alarms)})
    return [
        "Figures in per cent, of the crack class, from counts pooled over all photos of a set, tolerance 0 "
        "where none is named.",
        *(_subject_line(subject) for subject in result.subjects),
        f"Measured in {seconds:.0f} seconds; PyTorch's threads: {' or '.join(map(str, threads)) or 'none'}.",
        *gap_lines(result),
    ]


def gap_lines(result: SuiteResult) -> list[str]:
    """One line for each thing that is not measured, or not on all of its photos."""
    return [
        *(f"**Missing**: {name} ({reason})." for name, reason in result.missing.items()),
        *(
            f"**Incomplete**: {part['model']}, {part.get('test_set', part.get('photos_of'))}: "
            f"{len(part['unreadable'])} photos could not be read."
            for part in (*result.accuracy, *result.false_alarms)
            if part["unreadable"]
        ),
        *(f"Not measured yet: {title}." for title in result.waiting),
    ]


def suite_tables(result: SuiteResult) -> list[Table]:
    """All tables, in the order in which they are read."""
    return [
        claims_table(result),
        comparison_table(result),
        accuracy_table(result),
        false_alarm_table(result),
        width_table(result),
    ]


def claims_table(result: SuiteResult) -> Table:
    """Each claim with what was measured."""
    words = {True: "yes", False: "**no**", None: NOT_MEASURED}
    return Table(
        title=f"What `{result.subjects[0]['model']}` must show",
        columns=("claim", "limit", "what the limit is", "measured", "met"),
        rows=tuple(
            (
                claim.what,
                f"{claim.relation} {_figure(claim.limit)}",
                claim.of,
                _figure(claim.measured),
                words[claim.met],
            )
            for claim in claims(result)
        ),
        notes=FOOTNOTES,
    )


def comparison_table(result: SuiteResult) -> Table:
    """IoU under the protocol `paper` beside what there is to beat."""
    ours = str(result.subjects[0]["model"])

    def published(test_set: str) -> str:
        rows = published_rows("UP-CrackNet", PUBLISHED_NAMES[test_set])
        return ", ".join(f"{row.iou:.1f} (trained on {row.training_set})" for row in rows)

    def best(model: str) -> Callable[[str], str]:
        return lambda test_set: _figure(best_iou(result, model, test_set), 1)

    def own(model: str) -> Callable[[str], str]:
        return lambda test_set: _figure(iou(result, model, test_set, "paper"), 1)

    lines = [
        ("to beat: UP-CrackNet as published ¹", published),
        (f"to beat: {SUPERVISED} ²", lambda test_set: percent(SUPERVISED_IOU[test_set], 1)),
        ("to beat: local contrast, best possible fixed threshold ³", best(LocalContrast.name)),
        *((f"measured: `{subject['model']}`", own(subject["model"])) for subject in result.subjects[1:]),
        (f"**measured: `{ours}`**", own(ours)),
    ]
    heads = {test_set: accuracy_part(result, ours, test_set, "paper") for test_set in TEST_SETS}
    return Table(
        title="IoU, protocol `paper`",
        columns=(
            "pooled IoU, tolerance 0",
            *(
                f"{head['dataset']}, {head['groups'][0]['images']} images" if head else test_set
                for test_set, head in heads.items()
            ),
        ),
        rows=tuple((label, *map(figure, TEST_SETS)) for label, figure in lines),
    )


def accuracy_table(result: SuiteResult) -> Table:
    """All measures of all models on all sets under both protocols."""
    rows = []
    for part in result.accuracy:
        exact, tolerant = part["groups"][0]["tolerances"]
        pooled = (exact["pooled"][measure] for measure in ("precision", "recall", "f1", "iou"))
        change = native_change(result, part["model"], part["test_set"])
        rows.append(
            (
                *(part["model"], part["dataset"], part["protocol"], str(part["groups"][0]["images"])),
                *map(percent, pooled),
                *(percent(exact["ods"]["iou"]), percent(tolerant["pooled"]["f1"])),
                _figure(change, signed=True) if part["protocol"] == "native" else NOT_GIVEN,
            )
        )
    protocols = {part["protocol"]: part["protocol_description"] for part in result.accuracy}
    return Table(
        title="All measures",
        columns=(
            *("model", "dataset", "protocol", "images", "precision", "recall", "F1", "IoU"),
            *("best IoU ³", "F1 within 2 px", "native − paper"),
        ),
        wide=("images", "F1", "F1 within 2 px"),
        rows=tuple(rows),
        notes=(
            "Best IoU ³: at the best fixed threshold. Native − paper: what the IoU gains at native size.",
            *(f"`{name}`: {description}." for name, description in protocols.items()),
        ),
    )


def false_alarm_table(result: SuiteResult) -> Table:
    """What is called crack where there is none."""
    descriptions = {part["photos_of"]: part["description"] for part in result.false_alarms}
    return Table(
        title="False alarms on crack-free photos, protocol `native`",
        columns=("model", "photos", "number", "pixels called crack", "photos with any"),
        rows=tuple(
            (
                *(part["model"], part["photos_of"], str(part["photos"])),
                *(percent(part["share"], 3), percent(part["photo_share"], 1)),
            )
            for part in result.false_alarms
        ),
        notes=tuple(f"{name}: {description}." for name, description in descriptions.items()),
    )


def width_table(result: SuiteResult) -> Table:
    """Recall by the width of the cracks."""
    rows = []
    for part in result.accuracy:
        for one in part.get("recall_by_width", ()):
            up_to = "" if one["up_to"] is None else f" to {one['up_to']:g}"
            rows.append(
                (
                    *(part["model"], f"over {one['above']:g}{up_to}", str(one["annotated"])),
                    *(_figure(one["recall"]), _figure(one["recall_nearby"])),
                )
            )
    return Table(
        title=f"Recall by width, {WIDTHS_OF[0]}, protocol `{WIDTHS_OF[1]}`",
        columns=("model", "width in px", "annotated pixels", "recall", "recall within 2 px"),
        rows=tuple(rows),
        notes=(
            "Width: at a point of the annotation's medial axis the diameter of the largest disc in the "
            "annotation that covers this point; each annotated pixel has that of the nearest point. Recall "
            "alone is no merit: whoever marks everything has all of it. The precision is above.",
        ),
    )


def _subject_line(subject: Record) -> str:
    weights = f"weights sha256 `{subject['sha256']}`, trained on {subject['trained_on']}"
    return (
        f"`{subject['model']}`: {subject['name']}, {weights if subject['sha256'] else 'no weights'}; "
        f"threshold: {subject['threshold_rule']}."
    )


def _figure(fraction: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """A fraction of 1 in per cent; what was not measured says so."""
    if fraction is None:
        return NOT_MEASURED
    return f"{100 * fraction:{'+' if signed else ''}.{digits}f}"
