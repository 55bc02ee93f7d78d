"""One row: its weights trained, then measured by the one inference path under the paper's protocol."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from upcracknet.data.dataset import open_dataset
from upcracknet.detection import CrackDetector, DetectionSettings, OtsuThreshold, RestorationScorer
from upcracknet.detection.pretrained import load_restorer
from upcracknet.errors import DataError
from upcracknet.evaluation import PAPER, EvaluationResult, evaluate
from upcracknet.evaluation.report import to_json
from upcracknet.reproduction.results import ResultFiles, RowResult
from upcracknet.reproduction.rows import Row
from upcracknet.training.recipe import train
from upcracknet.weights import load_weights

WEIGHTS = "generator.safetensors"

Watch = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


def train_row(
    row: Row,
    files: ResultFiles,
    *,
    data_root: Path | None = None,
    accelerator: str = "auto",
    maximum_minutes: float | None = None,
    progress: bool = False,
) -> bool:
    """Train a row, or go on with it; a finished run is left alone.

    Args:
        row: the row.
        files: where its run folder is.
        data_root: folder of the datasets.
        accelerator: where to train.
        maximum_minutes: time for this row; None trains to the end.
        progress: show live progress on stderr.

    Returns:
        Whether it is trained to its end.

    Raises:
        UpCrackNetError: as :func:`upcracknet.training.recipe.train`.
        KeyboardInterrupt: interrupted by the user.
    """
    folder = files.run_folder(row)
    if not _finished(folder):
        train(
            row.training,
            folder,
            data_root=data_root,
            accelerator=accelerator,
            maximum_minutes=maximum_minutes,
            progress=progress,
        )
    return _finished(folder)


def measure(row: Row, files: ResultFiles, data_root: Path | None, watch: Watch) -> RowResult:
    """Measure a trained row on all its test sets.

    Args:
        row: the row.
        files: where its run folder is.
        data_root: folder of the datasets.
        watch: told the dataset; gives what follows the samples.

    Raises:
        DataError: a test set is missing, or a part of it cannot be read: figures of a part are no figures.
        WeightsError: the weights are damaged.
    """
    folder, started = files.run_folder(row), time.perf_counter()
    _, record = load_weights(folder / WEIGHTS)
    evaluations = []
    for name in row.tests:
        with watch(name) as progress:
            # A new detector each time: dropout and statistics are those of these settings alone.
            evaluation = evaluate(
                detector(folder / WEIGHTS, row.detection, row.label),
                open_dataset(name, data_root),
                PAPER,
                progress=progress,
            )
        if not evaluation.complete:
            failed = evaluation.unreadable
            raise DataError(
                f"{len(failed)} photos of {name} could not be measured; the first: {failed[0][1]}; fetch the "
                "dataset again"
            )
        evaluations.append(_report(evaluation))
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return RowResult(
        patches_seen=int(record.provenance["images_seen"]),
        epoch=int(record.provenance["epoch"]),
        weights_sha256=record.sha256,
        style_features=str(record.provenance["style_features"]),
        training_seconds=round(sum(line["seconds"] for line in files.metrics(row)), 1),
        evaluation_seconds=round(time.perf_counter() - started, 1),
        run=str(folder.relative_to(files.folder)),
        environment={key: run[key] for key in ("code", "torch", "processor", "accelerator", "threads")},
        evaluations=tuple(evaluations),
    )


def detector(weights: Path, settings: DetectionSettings, name: str) -> CrackDetector:
    """A detector with any settings, also such as no preset has.

    Raises:
        WeightsError: the weights cannot be used.
    """
    loaded = load_restorer(weights)
    scorer = RestorationScorer(loaded.generator, settings, loaded.input_size, name=name)
    threshold = OtsuThreshold(floor=settings.level_floor, minimum_extent=settings.minimum_extent)
    return CrackDetector(scorer, threshold)


def _finished(folder: Path) -> bool:
    record = folder / "run.json"
    if not record.exists() or not (folder / WEIGHTS).exists():
        return False
    return json.loads(record.read_text(encoding="utf-8")).get("finished") is True


def _report(evaluation: EvaluationResult) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(to_json([evaluation]))
    del report["paper"]  # stands in the table
    return report
