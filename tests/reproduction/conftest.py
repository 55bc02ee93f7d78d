from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from upcracknet.reproduction.experiment import Budget, Row
from upcracknet.reproduction.measurement import RowResult
from upcracknet.reproduction.result_files import ResultFiles
from upcracknet.reproduction.tables import BASE
from upcracknet.training.configuration import DataConfiguration, NetworkConfiguration, TrainingConfiguration

TINY = Budget("tiny", filters=2, epochs=1, patches_per_epoch=4)

TINY_BASE = TrainingConfiguration(
    data=DataConfiguration(size=64, window_sizes=(48, 64), validation_share=0.3),
    networks=NetworkConfiguration(generator_depth=5),
    batch_size=2,
    precision="32",
    workers=0,
)


@pytest.fixture
def budget() -> Budget:
    return TINY


@pytest.fixture
def base() -> TrainingConfiguration:
    return TINY_BASE


@pytest.fixture
def sensitivity_base() -> TrainingConfiguration:
    """Departs from the paper where the table's own base does, so that each of its rows differs."""
    return replace(TINY_BASE, mask_edges=BASE.mask_edges, optimizer=BASE.optimizer)


@pytest.fixture
def files(tmp_path: Path) -> ResultFiles:
    return ResultFiles(tmp_path / "out")


def report_of(test: str, iou: float) -> dict[str, Any]:
    """What a table takes from a report of `upcracknet evaluate`."""
    pooled = {"precision": 0.5, "recall": 0.25, "accuracy": 0.75, "f1": 2 * iou / (1 + iou), "iou": iou}
    at = {"tolerance_pixels": 0, "pooled": pooled, "ods": {"threshold": 0.1, "iou": 0.5}}
    group = {"name": "all", "images": 93, "tolerances": [{"tolerance_pixels": 2}, at]}
    return {
        "dataset": {"crack500": "crack500-640x360"}.get(test, test),
        "split": "test",
        "protocol": {"name": "paper", "description": "256×256 pixels"},
        "results": [{"threshold_rule": "Otsu on each photo", "groups": [group]}],
    }


@pytest.fixture
def result_of() -> Callable[..., RowResult]:
    """Makes the result of a row, with an IoU of 0.4 unless given."""

    def make(row: Row, iou: float = 0.4, **more: Any) -> RowResult:
        result = RowResult(
            patches_seen=592,
            epoch=2,
            weights_sha256="0123456789abcdef",
            style_features="random-filters-seed0",
            training_seconds=100.0,
            evaluation_seconds=10.0,
            run=f"runs/{row.run_name}",
            environment={"code": "0.1.0"},
            evaluations=tuple(report_of(test, iou) for test in row.tests),
        )
        return replace(result, **more)

    return make
