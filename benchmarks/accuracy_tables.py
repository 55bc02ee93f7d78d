"""The tables of docs/results/accuracy.md, from the figures that ``accuracy.py`` measures."""

from collections.abc import Callable
from typing import Any

from upcracknet.baselines.classical import LocalContrast
from upcracknet.data.registry import DATASETS, PAPER_TEST_SETS
from upcracknet.errors import DataError
from upcracknet.evaluation.published import published_rows
from upcracknet.evaluation.widths import no_recall
from upcracknet.tables import NOT_GIVEN, figure, markdown_table

Figures = dict[str, Any]
"""Of a model: what detects, then in each part (a protocol, or crack-free photos) what was measured."""

TEST_SETS = ("deepcrack", "cfd", "crack500")
AT_SIZE = ("native", "native-x2", "native-x4")
CLEAN = "crack-free"

CRACKPOT = "*crackpot 2.0, a supervised U-Net in a desktop tool* ²"
CRACKPOT_IOU = {"deepcrack": 60.7, "cfd": 41.1, "crack500": 47.2}
"""Measured elsewhere on a sample of each test set; its network saw annotated cracks."""

COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "iou": "IoU",
    "best": "best IoU ³",
    "f1_within_1": "F1 within 1 px",
    "f1_within_2": "F1 within 2 px",
}


def shown(found: Figures | None, *names: str) -> list[str]:
    """Write figures, or that there are none."""
    return [figure((found or {}).get(name), 1) for name in names]


def label(model: str) -> str:
    return f"**`{model}`**" if model == "default" else f"`{model}`"


def with_part(measured: dict[str, Figures], part: str) -> dict[str, Figures]:
    """Find what was measured in a part, by model."""
    return {model: found[part] for model, found in measured.items() if part in found}


def models(measured: dict[str, Figures]) -> str:
    rows = []
    for model, found in with_part(measured, "detection").items():
        weights = f"`{found['weights'][:12]}…`" if found["weights"] else "none"
        scales = ", ".join(f"{scale:g}" for scale in found["scales"] or ()) or NOT_GIVEN
        rows.append((label(model), weights, scales, found["threshold"]))
    return markdown_table(("model", "weights, sha256 of the tensors", "scales", "threshold"), rows)


def comparison(measured: dict[str, Figures]) -> str:
    """Write the IoU under the protocol ``paper`` beside what others reach."""
    ours = with_part(measured, "paper")
    images = {name: found["images"] for sets in ours.values() for name, found in sets.items()}
    columns = [f"{DATASETS[name].title}, {images[name]} images" for name in TEST_SETS]
    rows = [
        (label(model), *(shown(found[name], "iou")[0] for name in TEST_SETS)) for model, found in ours.items()
    ]
    if LocalContrast.name in ours:
        best = (shown(ours[LocalContrast.name][name], "best")[0] for name in TEST_SETS)
        rows.append(("local contrast at its best fixed threshold ³", *best))
    for source in ("DeepCrack", "Crack500"):
        published = (
            f"*{row.iou:.1f}*"
            for name in TEST_SETS
            for row in published_rows("UP-CrackNet", PAPER_TEST_SETS[name][0])
            if row.training_set == source
        )
        rows.append((f"*UP-CrackNet as published, trained on {source}* ¹", *published))
    rows.append((CRACKPOT, *(f"*{CRACKPOT_IOU[name]}*" for name in TEST_SETS)))
    return markdown_table(("IoU", *columns), rows)


def all_measures(measured: dict[str, Figures]) -> str:
    rows = [
        (label(model), DATASETS[name].title, f"`{part}`", str(one["images"]), *shown(one, *COLUMNS))
        for model, found in measured.items()
        for part in ("paper", *AT_SIZE)
        for name, one in found.get(part, {}).items()
    ]
    return markdown_table(("model", "data set", "protocol", "images", *COLUMNS.values()), rows)


def sizes(measured: dict[str, Figures]) -> str:
    """Write the IoU at native size and enlarged."""
    rows = [
        (label(model), DATASETS[name].title, *(shown(found.get(p, {}).get(name), "iou")[0] for p in AT_SIZE))
        for model, found in measured.items()
        for name in found.get("native", {})
    ]
    return markdown_table(("IoU", "data set", *(f"`{part}`" for part in AT_SIZE)), rows)


def false_alarms(measured: dict[str, Figures]) -> str:
    """Write the share of pixels marked as crack, and of photos in which any was."""
    rows = [
        (
            *(label(model), kind, str(one["photos"])),
            *(f"{one['pixels']:.2f} %", f"{one['photos_with_any']:.0f} %"),
        )
        for model, found in with_part(measured, CLEAN).items()
        for kind, one in found.items()
    ]
    columns = ("model", "crack-free photos", "number", "pixels marked as crack", "photos with any")
    return markdown_table(columns, rows)


def recall_by_width(measured: dict[str, Figures]) -> str:
    columns = [f"to {one.up_to:g} px" if one.up_to else f"over {one.above:g} px" for one in no_recall()]
    found = {model: sets["deepcrack"] for model, sets in with_part(measured, "native").items()}
    pixels = next(iter(found.values()))["by_width"] if found else [(None, 0, 0)] * len(columns)
    rows = [("annotated pixels", NOT_GIVEN, *(figure(number, 0) for number, _, _ in pixels))]
    rows += [
        (
            *(label(model), *shown(one, "precision")),
            *(f"{figure(exact, 1)} ({figure(nearby, 1)})" for _, exact, nearby in one["by_width"]),
        )
        for model, one in found.items()
    ]
    return markdown_table(("recall (within 2 px)", "precision", *columns), rows)


TABLES: dict[str, Callable[[dict[str, Figures]], str]] = {
    "models": models,
    "IoU under the protocol `paper`": comparison,
    "All measures": all_measures,
    "At native size and enlarged": sizes,
    "False alarms on crack-free photos": false_alarms,
    "Recall by the width of the crack": recall_by_width,
}
END = "<!-- end of table -->"


def empty_page() -> str:
    """Give a page with a place for each table."""
    places = (f"## {name}\n\n<!-- table: {name} -->\n{END}\n" for name in TABLES)
    return "\n".join(
        ("# Accuracy\n\nPer cent of crack pixels, pooled, tolerance 0 where none is named.\n", *places)
    )


def filled(page: str, measured: dict[str, Figures]) -> str:
    """Write each table into its place on a page, between ``<!-- table: NAME -->`` and ``END``."""
    for name, table in TABLES.items():
        before, place, rest = page.partition(f"<!-- table: {name} -->")
        _, end, after = rest.partition(END)
        if not end:
            raise DataError(f"the page has no place for the table '{name}'")
        page = f"{before}{place}\n\n{table(measured)}\n\n{END}{after}"
    return page
