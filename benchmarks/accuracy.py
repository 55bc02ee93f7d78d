"""How well a model finds cracks, on every test set and beside what it is compared with.

    make accuracy
    UPCRACKNET_DATA=~/crack-data python benchmarks/accuracy.py [MODEL] [OUTPUT FOLDER]

Measures a model (``default`` if none is given), the paper's procedure and the classical baseline, and writes
``accuracy.md`` and ``accuracy.json`` (in ``out/accuracy`` if no folder is given). About four minutes on two
cores.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float32
from numpy import ndarray

from upcracknet.baselines.classical import LocalContrast
from upcracknet.data.dataset import CrackDataset
from upcracknet.data.registry import PAPER_TEST_SETS, open_dataset
from upcracknet.detection import CrackDetector
from upcracknet.detection.pretrained import weights_path
from upcracknet.detection.systems import CLASSICAL
from upcracknet.errors import UpCrackNetError
from upcracknet.evaluation import NATIVE, PAPER, EvaluationResult, evaluate
from upcracknet.evaluation.false_alarms import (
    CleanPhotos,
    FalseAlarms,
    clean_roads,
    clean_windows,
    count_false_alarms,
)
from upcracknet.evaluation.published import EXCHANGED_FOOTNOTE, published_rows
from upcracknet.evaluation.report import result_record
from upcracknet.evaluation.widths import WidthRecall, WidthTally
from upcracknet.files import json_bytes, write_atomically
from upcracknet.tables import NOT_GIVEN, figure, markdown_table, percent
from upcracknet.weights import load_weights

PROCEDURE = "up-cracknet-32"
"""The shipped model that detects as the paper says."""

TEST_SETS = ("deepcrack", "cfd", "crack500")
CLEAN_TEST_SETS = ("deepcrack-deduplicated", "crack500")
"""Whose undamaged windows are taken: test photos that show no training scene. CFD has no training part that
would leave other photos to train on, so a model may have learned from any of them."""

WIDTHS_OF = "deepcrack"
"""Where recall by the width of cracks is measured, at native size: at 256×256 nearly every crack is thin."""

NOTES = (
    f"¹ As published, not measured here. {EXCHANGED_FOOTNOTE} The paper's CFD rows are of 200 patches cut at "
    "places it does not say, its Crack500 rows of 1,124 other crops.",
    "² Measured elsewhere on a sample of each set, not here.",
    "³ At the threshold that is best for all photos together, chosen on the annotation: what the score maps "
    "allow, not what a user gets.",
)
WIDTH_NOTE = (
    "Width: at a point of the annotation's medial axis the diameter of the largest disc in the annotation "
    "that covers this point; each annotated pixel has that of the nearest point. Recall alone is no merit: "
    "whoever marks everything has all of it. The precision is above."
)


@dataclass(frozen=True)
class Accuracy:
    """A model's figures on a test set under a protocol."""

    model: str
    test_set: str
    result: EvaluationResult
    widths: tuple[WidthRecall, ...] = ()

    @property
    def iou(self) -> float:
        return self.result.whole.exact.scores.iou


@dataclass(frozen=True)
class Clean:
    """What a model marks as crack on photos without cracks."""

    model: str
    photos: CleanPhotos
    alarms: FalseAlarms


CRACKPOT = "crackpot 2.0, a supervised U-Net in a desktop tool"
CRACKPOT_IOU = {"deepcrack": 0.607, "cfd": 0.411, "crack500": 0.472}
"""Measured elsewhere on a sample of each test set, protocol ``paper``; its network saw annotated cracks."""


def measure(
    detectors: dict[str, CrackDetector], datasets: dict[str, CrackDataset], clean: Sequence[CleanPhotos]
) -> Iterator[Accuracy | Clean]:
    """Measure the first detector and the classical baseline on everything, other networks on what compares.

    A network takes most of its time at native size, so one that only serves to compare is spared it, but for
    the recall by width.
    """
    known: dict[str, Float32[ndarray, " n"]] = {}
    for place, (model, detector) in enumerate(detectors.items()):
        compared = place > 0 and model not in CLASSICAL
        for name in TEST_SETS:
            yield Accuracy(model, name, evaluate(detector, datasets[name], PAPER))
            if name == WIDTHS_OF:
                tally = WidthTally(known)
                result = evaluate(detector, datasets[name], NATIVE, observe=tally.add)
                yield Accuracy(model, name, result, tally.ranges)
            elif not compared:
                yield Accuracy(model, name, evaluate(detector, datasets[name], NATIVE))
        for photos in () if compared else clean:
            yield Clean(model, photos, count_false_alarms(detector, photos))


def markdown(found: Sequence[Accuracy | Clean], head: Sequence[str]) -> str:
    """Write all tables, in per cent."""
    accuracy = [one for one in found if isinstance(one, Accuracy)]
    clean = [one for one in found if isinstance(one, Clean)]
    first = found[0].model
    protocols = {one.result.protocol: one.result.protocol_description for one in accuracy}
    missing = [
        f"{one.model}, {one.test_set}: {error}" for one in accuracy for _, error in one.result.unreadable
    ]
    missing += [
        f"{one.model}, {one.photos.name}: {error}" for one in clean for error in one.alarms.unreadable
    ]
    lines = [
        f"# Accuracy of `{first}`",
        "",
        "- Figures in per cent, of the crack class, from counts pooled over all photos of a set, tolerance 0 "
        "where none is named.",
        *(f"- {line}" for line in head),
        *(f"- **Incomplete**: {line}" for line in missing),
        *("", "## IoU, protocol `paper`", "", comparison(accuracy, first)),
        *("", "\n\n".join(NOTES), "", "## All measures", "", all_measures(accuracy)),
        *("", "Best IoU ³: at the best fixed threshold. Native − paper: what the IoU gains at native size."),
        *(f"\n`{name}`: {description}." for name, description in protocols.items()),
        *("", "## False alarms on crack-free photos, protocol `native`", "", false_alarms(clean)),
        *(
            f"\n{name}: {text}."
            for name, text in {c.photos.name: c.photos.description for c in clean}.items()
        ),
        *("", f"## Recall by width, {WIDTHS_OF}, protocol `native`", "", recall_by_width(accuracy), ""),
        WIDTH_NOTE,
    ]
    return "\n".join(lines) + "\n"


def comparison(accuracy: Sequence[Accuracy], first: str) -> str:
    """Write the IoU under the protocol ``paper`` beside what others reach."""
    at_256 = {(one.model, one.test_set): one for one in accuracy if one.result.protocol == PAPER.name}

    def published(name: str) -> str:
        rows = published_rows("UP-CrackNet", PAPER_TEST_SETS[name][0])
        return ", ".join(f"{figure(row.iou, 1)} (trained on {row.training_set})" for row in rows)

    def best(name: str) -> str:
        return percent(at_256[LocalContrast.name, name].result.whole.exact.ods.scores.iou, 1)

    others: dict[str, Callable[[str], str]] = {
        "UP-CrackNet as published ¹": published,
        f"{CRACKPOT} ²": lambda name: percent(CRACKPOT_IOU[name], 1),
        "local contrast, best possible fixed threshold ³": best,
    }
    models = [model for model in dict.fromkeys(one.model for one in accuracy) if model != first]
    measured = [
        (
            f"**`{model}`**" if model == first else f"`{model}`",
            *(percent(at_256[model, name].iou, 1) for name in TEST_SETS),
        )
        for model in (*models, first)
    ]
    heads = (at_256[first, name].result for name in TEST_SETS)
    columns = ("pooled IoU", *(f"{head.dataset}, {head.whole.images} images" for head in heads))
    return markdown_table(
        columns, [*((label, *map(cell, TEST_SETS)) for label, cell in others.items()), *measured]
    )


def all_measures(accuracy: Sequence[Accuracy]) -> str:
    """Write all measures of all models on all sets under both protocols."""
    at_256 = {(one.model, one.test_set): one.iou for one in accuracy if one.result.protocol == PAPER.name}
    rows = []
    for one in accuracy:
        exact, tolerant = one.result.whole.tolerances
        scores, native = exact.scores, one.result.protocol == NATIVE.name
        rows.append(
            (
                *(one.model, one.result.dataset, one.result.protocol, str(one.result.whole.images)),
                *map(percent, (scores.precision, scores.recall, scores.f1, scores.iou)),
                *map(percent, (exact.ods.scores.iou, tolerant.scores.f1)),
                percent(one.iou - at_256[one.model, one.test_set], signed=True) if native else NOT_GIVEN,
            )
        )
    columns = (
        *("model", "dataset", "protocol", "images", "precision", "recall", "F1", "IoU"),
        *("best IoU ³", "F1 within 2 px", "native − paper"),
    )
    return markdown_table(columns, rows)


def false_alarms(clean: Sequence[Clean]) -> str:
    """Write what is marked as crack where there is none."""
    rows = [
        (
            *(one.model, one.photos.name, str(one.alarms.photos)),
            *(percent(one.alarms.share, 3), percent(one.alarms.photo_share, 1)),
        )
        for one in clean
    ]
    return markdown_table(("model", "photos", "number", "pixels marked as crack", "photos with any"), rows)


def recall_by_width(accuracy: Sequence[Accuracy]) -> str:
    """Write the recall by the width of the cracks."""
    rows = [
        (
            *(one.model, f"over {width.above:g}" + (f" to {width.up_to:g}" if width.up_to else "")),
            *(figure(width.annotated, 0), percent(width.recall), percent(width.recall_nearby)),
        )
        for one in accuracy
        for width in one.widths
    ]
    return markdown_table(("model", "width in px", "annotated pixels", "recall", "recall within 2 px"), rows)


def record(one: Accuracy | Clean) -> dict[str, Any]:
    """Give the figures of a part as plain values, for JSON; fractions of 1."""
    if isinstance(one, Clean):
        figures = asdict(one.alarms) | {"share": one.alarms.share}
        return {"model": one.model, "photos": one.photos.name, "figures": figures}
    names = {"model": one.model, "test_set": one.test_set, "protocol": one.result.protocol}
    widths = [asdict(width) | {"recall": width.recall} for width in one.widths]
    return result_record(one.result) | names | {"recall_by_width": widths}


def describe(model: str, detector: CrackDetector) -> str:
    """Say what a model's figures depend on."""
    weights = "no weights"
    if model not in CLASSICAL:
        _, known = load_weights(weights_path(model))
        weights = (
            f"weights sha256 `{known.sha256}`, trained on {known.provenance.get('data', 'unknown data')}"
        )
    return f"`{model}`: {detector.scorer.name}, {weights}; threshold: {detector.threshold}."


def main(model: str = "default", folder: str = "out/accuracy") -> None:
    began = time.monotonic()
    models = dict.fromkeys((model, PROCEDURE, LocalContrast.name))
    detectors = {name: CrackDetector.from_pretrained(name) for name in models}
    datasets = {name: open_dataset(name) for name in (*TEST_SETS, *CLEAN_TEST_SETS)}
    clean = [*(clean_windows(datasets[name]) for name in CLEAN_TEST_SETS), clean_roads()]
    found = []
    for one in measure(detectors, datasets, clean):
        found.append(one)
        where = one.photos.name if isinstance(one, Clean) else f"{one.test_set}, {one.result.protocol}"
        print(f"{time.monotonic() - began:4.0f} s  {one.model}: {where}", file=sys.stderr, flush=True)
    took = (
        f"Measured in {time.monotonic() - began:.0f} seconds; PyTorch's threads: {torch.get_num_threads()}."
    )
    head = [*(describe(*pair) for pair in detectors.items()), took]
    write_atomically(Path(folder, "accuracy.md"), markdown(found, head).encode())
    write_atomically(Path(folder, "accuracy.json"), json_bytes([record(one) for one in found]))
    print(f"Written to {folder}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except UpCrackNetError as error:
        sys.exit(f"error: {error}")
