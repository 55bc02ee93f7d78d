"""The results of rows as files: one a result, found again by the row's configuration."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from upcracknet.errors import OutputError
from upcracknet.files import json_bytes, one_line, write_atomically
from upcracknet.losses.style import vgg19_file
from upcracknet.reproduction.experiment import Row
from upcracknet.reproduction.kept import damaged, read_kept
from upcracknet.reproduction.measurement import RowResult, RowState, trained_epochs
from upcracknet.training.configuration import TrainingConfiguration


class ResultFiles:
    """The row results in a folder, one file a result, shared by all tables and processes there.

    Args:
        folder: the folder of the command's results; where it cannot be written, methods raise
            ``OutputError``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run_folder(self, row: Row) -> Path:
        """Name the folder where a row is trained."""
        return self.folder / "runs" / row.run_name

    def lock_file(self, row: Row) -> Path:
        """Name the file that keeps two processes from one run."""
        return self.folder / "locks" / f"{row.run_name}.lock"

    def result_file(self, row: Row) -> Path:
        """Name the file where a row's result is kept."""
        return self.folder / "results" / f"{row.result_name}.json"

    def write(self, row: Row, result: RowResult) -> None:
        """Keep the figures of a row."""
        self._write(row, {"status": "done"} | asdict(result))

    def write_failure(self, row: Row, reason: str) -> None:
        """Keep why a row has no figures; the next time it is tried again."""
        self._write(row, {"status": "failed", "reason": reason})

    def clear_failure(self, row: Row) -> None:
        """Forget that a row failed, because it is tried again."""
        if self.state(row).status == "failed":
            path = self.result_file(row)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(
                    f"{path}: cannot be removed ({one_line(error)}); choose a writable folder"
                ) from error

    def state(self, row: Row, notes: Mapping[str, str] | None = None) -> RowState:
        """Read what is known of a row now.

        Args:
            row: the row.
            notes: by name of a run folder, what is known beyond the files of a row without figures.
        """
        kept = self._read(row)
        if kept is not None and kept.pop("status") == "done":
            try:
                evaluations = tuple(kept.pop("evaluations"))
                return RowState(row, "done", result=RowResult(**kept, evaluations=evaluations))
            except (TypeError, KeyError) as error:
                raise damaged(self.result_file(row), one_line(error)) from error
        missing = what_is_missing(row)
        if missing is not None:
            return RowState(row, "skipped", missing)
        if kept is not None:
            return RowState(row, "failed", str(kept.get("reason")))
        epochs = len(trained_epochs(self.run_folder(row)))
        so_far = f"{epochs} of {row.epochs} epochs trained" if epochs else ""
        return RowState(row, "not yet", (notes or {}).get(row.run_name) or so_far)

    def _write(self, row: Row, content: dict[str, Any]) -> None:
        write_atomically(self.result_file(row), json_bytes({"identity": row.identity} | content))

    def _read(self, row: Row) -> dict[str, Any] | None:
        path = self.result_file(row)
        if not path.exists():
            return None
        content: dict[str, Any] = read_kept(path, dict[str, Any])
        if content.pop("identity", None) != row.identity:
            return None
        if content.get("status") not in ("done", "failed"):
            raise damaged(path, "without a status")
        return content


def what_is_missing(row: Row) -> str | None:
    """Say which file a row's training needs that is not at hand; None where nothing is missing.

    Training alone would fetch VGG-19's weights; a table shall not download half a gigabyte unasked.
    """
    training = row.training
    if not isinstance(training, TrainingConfiguration):
        return None
    if training.style_features != "vgg19" or training.losses.style == 0:
        return None
    path = vgg19_file(training.vgg19_weights)
    return None if path.is_file() else f"no VGG-19 weights at {path}; put the published file there"
