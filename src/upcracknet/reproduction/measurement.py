"""One row: its weights trained, then measured by the one inference path under the paper's protocol."""

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from jaxtyping import Float
from torch import Tensor

from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackDetector, RestorationScorer, Scorer, Threshold
from upcracknet.detection.cost import parameter_count
from upcracknet.detection.pretrained import load_pretrained, weights_of_run, weights_path
from upcracknet.errors import DataError
from upcracknet.evaluation import PAPER, EvaluationResult, evaluate
from upcracknet.evaluation.report import report_record
from upcracknet.reproduction.results import ResultFiles, RowResult
from upcracknet.reproduction.rows import Ready, Row
from upcracknet.runtime import BaseScorer
from upcracknet.training.provenance import environment
from upcracknet.training.recipe import train
from upcracknet.weights import load_weights

ENVIRONMENT = ("code", "torch", "processor", "accelerator", "threads")

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
    if isinstance(row.training, Ready):
        return True
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
    started = time.perf_counter()
    evaluations, scoring, images = [], 0.0, 0
    for name in row.tests:
        with watch(name) as progress:
            found = detector(row, files)
            timed = _Timed(found.scorer)
            evaluation = evaluate(
                CrackDetector(timed, found.threshold), open_dataset(name, data_root), PAPER, progress=progress
            )
        if not evaluation.complete:
            failed = evaluation.unreadable
            raise DataError(
                f"{len(failed)} photos of {name} could not be measured; the first: {failed[0][1]}; fetch the "
                "dataset again"
            )
        evaluations.append(_report(evaluation))
        scoring, images = scoring + timed.seconds, images + timed.images
    return RowResult(
        **_origin(row, files),
        evaluation_seconds=round(time.perf_counter() - started, 1),
        evaluations=tuple(evaluations),
        parameters=parameter_count(timed.network) if timed.network is not None else 0,
        milliseconds=round(1000 * scoring / max(images, 1), 1),
    )


def detector(row: Row, files: ResultFiles) -> CrackDetector:
    """A detector of a row, named as the row is.

    Raises:
        WeightsError: the weights cannot be used.
    """
    model = row.training.model if isinstance(row.training, Ready) else weights_path(files.run_folder(row))
    pretrained = load_pretrained(model)
    scorer, threshold = pretrained.scorer, pretrained.threshold
    if row.detection is not None and isinstance(scorer, RestorationScorer):
        settings = row.detection
        scorer = scorer.with_settings(settings)
        threshold = Threshold(floor=settings.level_floor, minimum_extent=settings.minimum_extent)
    return CrackDetector(scorer.with_network(scorer.network, row.label), threshold)


class _Timed(BaseScorer):
    """A scorer under the clock."""

    def __init__(self, scorer: Scorer) -> None:
        self.scorer, self.seconds, self.images = scorer, 0.0, 0
        self.name, self.input_size, self.network = scorer.name, scorer.input_size, scorer.network

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Score images, and note the time."""
        started = time.perf_counter()
        scores = self.scorer.score(images)
        self.seconds, self.images = self.seconds + time.perf_counter() - started, self.images + len(images)
        return scores


def _origin(row: Row, files: ResultFiles) -> dict[str, Any]:
    """Where the weights of a row come from."""
    if isinstance(row.training, Ready):
        here = environment()
        return {
            "patches_seen": row.training.patches,
            "epoch": 0,
            "weights_sha256": row.training.weights,
            "style_features": "none",
            "training_seconds": 0.0,
            "run": row.training.model,
            "environment": {key: here[key] for key in ENVIRONMENT if key in here},
        }
    folder = files.run_folder(row)
    _, record = load_weights(weights_path(folder))
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return {
        "patches_seen": record.images_seen,
        "epoch": int(record.provenance["epoch"]),
        "weights_sha256": record.sha256,
        "style_features": str(record.provenance.get("style_features", "none")),
        "training_seconds": round(sum(line["seconds"] for line in files.metrics(row)), 1),
        "run": str(folder.relative_to(files.folder)),
        "environment": {key: run[key] for key in ENVIRONMENT},
    }


def _finished(folder: Path) -> bool:
    record = folder / "run.json"
    if not record.exists() or weights_of_run(folder) is None:
        return False
    return json.loads(record.read_text(encoding="utf-8")).get("finished") is True


def _report(evaluation: EvaluationResult) -> dict[str, Any]:
    report = report_record([evaluation])
    del report["paper"]  # stands in the table
    return report
