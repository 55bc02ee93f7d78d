"""One row: its weights trained, then measured by the one inference path under the paper's protocol."""

import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor

from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackDetector, RestorationScorer, Scorer, Threshold
from upcracknet.detection.cost import parameter_count
from upcracknet.detection.pretrained import load_pretrained, weights_of_run, weights_path
from upcracknet.detection.scorer import BaseScorer
from upcracknet.detection.systems import CLASSICAL
from upcracknet.errors import DataError
from upcracknet.evaluation import PAPER, evaluate
from upcracknet.evaluation.protocol import one_in
from upcracknet.evaluation.report import report_record
from upcracknet.reproduction.experiment import Pretrained, Row
from upcracknet.reproduction.former_ruler import FormerRuler
from upcracknet.reproduction.kept import read_kept, read_lines
from upcracknet.runtime import Engine
from upcracknet.training.provenance import environment
from upcracknet.training.recipe import train
from upcracknet.weights import load_weights

ENVIRONMENT = ("code", "torch", "processor", "accelerator", "threads")

Bar = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Called with what is measured; gives what is called with the samples done and all samples."""


@dataclass(frozen=True)
class RowResult:
    """The figures of a row and where they come from.

    Attributes:
        patches_seen: patches that the measured weights have learned from.
        epoch: epoch of these weights: the one with the lowest validation loss.
        weights_sha256: checksum of the weights.
        style_features: what the style loss compared.
        training_seconds: of the whole training, validation included; rows of one run share it.
        evaluation_seconds: of all test sets.
        run: the run folder, relative to the folder of results.
        environment: code version, torch and processor.
        evaluations: one report a test set, as ``upcracknet evaluate`` writes it; fractions of 1.
        parameters: of the network that detects; 0 for a method without one.
        milliseconds: time of scoring one image of the test sets.
    """

    patches_seen: int
    epoch: int
    weights_sha256: str
    style_features: str
    training_seconds: float
    evaluation_seconds: float
    run: str
    environment: dict[str, Any]
    evaluations: tuple[dict[str, Any], ...]
    parameters: int | None = None
    milliseconds: float | None = None


@dataclass(frozen=True)
class RowState:
    """A row and what is known of it.

    Attributes:
        row: the row.
        status: "done" only if there are figures of this very configuration.
        note: why there are no figures.
        result: the figures.
    """

    row: Row
    status: Literal["done", "failed", "skipped", "not yet"]
    note: str = ""
    result: RowResult | None = None


def train_row(
    row: Row,
    folder: Path,
    *,
    data_root: Path | None = None,
    device: str = "auto",
    maximum_minutes: float | None = None,
    workers: int | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> None:
    """Train a row, or go on with it; a finished run is left alone, and needs its checkpoint no more.

    Args:
        row: the row.
        folder: its run folder.
        data_root: folder of the datasets.
        device: where to train.
        maximum_minutes: time for this row; None trains to the end.
        workers: processes that prepare images; None takes the configuration's number.
        threads: of the processor; None takes all of its cores.
        progress: show live progress on stderr.

    Raises:
        UpCrackNetError: as ``upcracknet.training.recipe.train``.
        KeyboardInterrupt: interrupted by the user.
    """
    if isinstance(row.training, Pretrained):
        return
    if not is_trained(row, folder):
        configuration = row.training if workers is None else replace(row.training, workers=workers)
        train(
            configuration,
            folder,
            data_root=data_root,
            device=device,
            maximum_minutes=maximum_minutes,
            threads=threads,
            progress=progress,
        )
    if is_trained(row, folder):
        # All checkpoints of the tables together are tens of gigabytes.
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def is_trained(row: Row, folder: Path) -> bool:
    """Tell whether a row's weights are those of a whole training; a model that does not train here is."""
    if isinstance(row.training, Pretrained):
        return True
    record = folder / "run.json"
    if not record.exists() or weights_of_run(folder) is None:
        return False
    return read_kept(record, dict[str, Any]).get("finished") is True


def measure(row: Row, folder: Path, data_root: Path | None, bar: Bar, device: str = "auto") -> RowResult:
    """Measure a trained row on all its test sets.

    Args:
        row: the row.
        folder: its run folder, in a folder of runs in the folder of results.
        data_root: folder of the datasets.
        bar: opened for each test set.
        device: where the network runs.

    Raises:
        DataError: a test set is missing, or a part of it cannot be read: figures of a part are no figures.
        WeightsError: the weights are damaged.
    """
    started = time.perf_counter()
    reports, scoring, images = [], 0.0, 0
    for name in row.tests:
        with bar(f"measuring on {name}") as progress:
            found = detector(row, folder, device)
            timed = _Timed(found.scorer, row.label)
            dataset = one_in(row.one_in, open_dataset(name, data_root))
            former = FormerRuler(dataset)
            evaluation = evaluate(
                CrackDetector(timed, found.threshold),
                dataset,
                PAPER,
                progress=progress,
                observe=former.add,
            )
        if not evaluation.complete:
            failed = evaluation.unreadable
            raise DataError(
                f"{len(failed)} photos of {name} could not be measured; the first: {failed[0][1]}; fetch the "
                "dataset again"
            )
        report = report_record([evaluation])
        del report["paper"]  # stands in the table
        report["former_ruler"] = former.figures()
        reports.append(report)
        scoring, images = scoring + timed.seconds, images + timed.images
    return RowResult(
        **_origin(row, folder, device),
        evaluation_seconds=round(time.perf_counter() - started, 1),
        evaluations=tuple(reports),
        parameters=0 if timed.network is None else parameter_count(timed.network),
        milliseconds=round(1000 * scoring / max(images, 1), 1),
    )


def detector(row: Row, folder: Path, device: str = "auto") -> CrackDetector:
    """Load the detector of a row from its run folder.

    Raises:
        WeightsError: the weights cannot be used.
    """
    model = row.training.model if isinstance(row.training, Pretrained) else weights_path(folder)
    here = "cpu" if model in CLASSICAL else device
    pretrained = load_pretrained(model, engine=Engine(device=here))
    scorer, threshold = pretrained.scorer, pretrained.threshold
    if row.detection is not None and isinstance(scorer, RestorationScorer):
        settings = row.detection
        scorer = scorer.with_settings(settings)
        threshold = Threshold(floor=settings.level_floor, minimum_extent=settings.minimum_extent)
    return CrackDetector(scorer, threshold)


def trained_epochs(folder: Path) -> list[dict[str, Any]]:
    """Read the figures of the epochs that a run has behind it."""
    return read_lines(folder / "metrics.jsonl")


class _Timed(BaseScorer):
    """A scorer whose time is taken."""

    def __init__(self, scorer: Scorer, name: str) -> None:
        self.scorer, self.name = scorer, name
        self.input_size, self.network = scorer.input_size, scorer.network
        self.seconds, self.images = 0.0, 0

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        started = time.perf_counter()
        scores = self.scorer.score(images).cpu()  # a card is only done when its answer is here
        self.seconds, self.images = self.seconds + time.perf_counter() - started, self.images + len(images)
        return scores


def _origin(row: Row, folder: Path, device: str) -> dict[str, Any]:
    """Where the weights of a row come from."""
    if isinstance(row.training, Pretrained):
        here = environment(device)
        return {
            "patches_seen": row.training.patches,
            "epoch": 0,
            "weights_sha256": row.training.weights,
            "style_features": "none",
            "training_seconds": 0.0,
            "run": row.training.model,
            "environment": {key: here[key] for key in ENVIRONMENT if key in here},
        }
    _, record = load_weights(weights_path(folder))
    run = read_kept(folder / "run.json", dict[str, Any])
    return {
        "patches_seen": record.images_seen,
        "epoch": int(record.provenance["epoch"]),
        "weights_sha256": record.sha256,
        "style_features": str(record.provenance.get("style_features", "none")),
        "training_seconds": round(sum(epoch["seconds"] for epoch in trained_epochs(folder)), 1),
        "run": f"{folder.parent.name}/{folder.name}",
        "environment": {key: run[key] for key in ENVIRONMENT},
    }
