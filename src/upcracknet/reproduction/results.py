"""What is known of a row: its figures, why there are none, or that they are still to come."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from upcracknet.errors import OutputError
from upcracknet.files import write_atomically
from upcracknet.losses.features import vgg19_file
from upcracknet.reproduction.rows import Row
from upcracknet.training.up_cracknet_configuration import TrainingConfiguration

Status = Literal["done", "failed", "skipped", "not yet"]


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
        evaluations: one report a test set, as `upcracknet evaluate` writes it; fractions of 1.
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
    status: Status
    note: str = ""
    result: RowResult | None = None


class ResultFiles:
    """The row results in a folder, one file a result, shared by all tables and processes there.

    Args:
        folder: the folder of the command's results.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run_folder(self, row: Row) -> Path:
        """Where a row is trained."""
        return self.folder / "runs" / row.run_name

    def lock_file(self, row: Row) -> Path:
        """What keeps two processes from one run."""
        return self.folder / "locks" / f"{row.run_name}.lock"

    def result_file(self, row: Row) -> Path:
        """Where a row's result is kept."""
        return self.folder / "results" / f"{row.result_name}.json"

    def write(self, row: Row, result: RowResult) -> None:
        """Keep the figures of a row.

        Raises:
            OutputError: the file cannot be written.
        """
        self._write(row, {"status": "done"} | asdict(result))

    def write_failure(self, row: Row, reason: str) -> None:
        """Keep why a row has no figures; the next time it is tried again.

        Raises:
            OutputError: the file cannot be written.
        """
        self._write(row, {"status": "failed", "reason": reason})

    def clear_failure(self, row: Row) -> None:
        """Forget that a row failed, because it is tried again.

        Raises:
            OutputError: the file cannot be removed.
        """
        if self.state(row).status == "failed":
            path = self.result_file(row)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(
                    f"{path}: cannot be removed ({error.strerror}); choose a writable folder"
                ) from error

    def state(self, row: Row, notes: Mapping[str, str] | None = None) -> RowState:
        """What is known of a row now.

        Args:
            row: the row.
            notes: by name of the row, what is known beyond the files of a row without figures.
        """
        kept = self._read(row)
        if kept is not None and kept.pop("status") == "done":
            evaluations = tuple(kept.pop("evaluations"))
            return RowState(row, "done", result=RowResult(**kept, evaluations=evaluations))
        missing = what_is_missing(row)
        if missing is not None:
            return RowState(row, "skipped", missing)
        if kept is not None:
            return RowState(row, "failed", kept["reason"])
        return RowState(row, "not yet", (notes or {}).get(row.name) or self._so_far(row))

    def _so_far(self, row: Row) -> str:
        epochs = len(self.metrics(row))
        return f"{epochs} of {row.epochs} epochs trained" if epochs else ""

    def metrics(self, row: Row) -> list[dict[str, Any]]:
        """The epochs that a row's training has behind it."""
        path = self.run_folder(row) / "metrics.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def _write(self, row: Row, content: dict[str, Any]) -> None:
        text = json.dumps({"identity": row.identity} | content, indent=2, ensure_ascii=False)
        write_atomically(self.result_file(row), (text + "\n").encode())

    def _read(self, row: Row) -> dict[str, Any] | None:
        path = self.result_file(row)
        if not path.exists():
            return None
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content if content.pop("identity") == row.identity else None


def what_is_missing(row: Row) -> str | None:
    """Why a row cannot be trained here: it needs a file that is not at hand; None where nothing is missing.

    Training alone would fetch VGG-19's weights; a table shall not download half a gigabyte unasked.
    """
    training = row.training
    if not isinstance(training, TrainingConfiguration):
        return None
    if training.style_features != "vgg19" or training.losses.style == 0:
        return None
    path = vgg19_file(training.vgg19_weights)
    if path.is_file():
        return None
    return f"no VGG-19 weights at {path}; put the published file there"
