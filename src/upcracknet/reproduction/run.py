"""Works through the rows of a table: trains, measures, resumes, and leaves the table on the disk."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from upcracknet.data.registry import open_dataset
from upcracknet.errors import OutputError, UpCrackNetError
from upcracknet.files import claimed, json_bytes, one_line, write_atomically
from upcracknet.losses.style import vgg19_file
from upcracknet.reproduction.experiment import Experiment, Row
from upcracknet.reproduction.measurement import Bar, RowResult, RowState, measure, train_row, trained_epochs
from upcracknet.reproduction.report import write_table
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
        epochs = len(trained_epochs(self.run_folder(row)))
        so_far = f"{epochs} of {row.epochs} epochs trained" if epochs else ""
        return RowState(row, "not yet", (notes or {}).get(row.name) or so_far)

    def _write(self, row: Row, content: dict[str, Any]) -> None:
        write_atomically(self.result_file(row), json_bytes({"identity": row.identity} | content))

    def _read(self, row: Row) -> dict[str, Any] | None:
        path = self.result_file(row)
        if not path.exists():
            return None
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content if content.pop("identity") == row.identity else None


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


@dataclass(frozen=True)
class Progress:
    """How a run shows what it does; without arguments it shows nothing.

    Attributes:
        say: called with a line for each row.
        bar: called with what is measured; gives what is called with the samples done and all samples.
        training: whether training shows its own progress on stderr.
    """

    say: Callable[[str], None] = lambda line: None
    bar: Bar = lambda description: nullcontext(lambda done, total: None)
    training: bool = False


@dataclass
class Run:
    """How the rows are worked on.

    Attributes:
        files: where results go.
        data_root: folder of the datasets; None reads the environment variable UPCRACKNET_DATA.
        device: where to train and to measure, see :func:`.choose_device`.
        maximum_minutes: no epoch begins that would pass this time, nor a row after it; but the first epoch of
            a row is always trained, and a trained row is measured.
        progress: how it shows what it does.
        notes: by name of a row, why another process has it.
    """

    files: ResultFiles
    data_root: Path | None = None
    device: str = "auto"
    maximum_minutes: float | None = None
    progress: Progress = Progress()
    notes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def minutes_left(self) -> float | None:
        """Until the limit; None without one."""
        if self.maximum_minutes is None:
            return None
        return self.maximum_minutes - (time.perf_counter() - self._started) / 60

    def is_over(self) -> bool:
        """Tell whether the limit has passed."""
        return self.minutes_left is not None and self.minutes_left <= 0

    def write_table(self, experiment: Experiment) -> dict[str, Any]:
        """Write a table with what is known of its rows now; gives what its JSON holds."""
        states = [self.files.state(row, self.notes) for row in experiment.rows]
        return write_table(experiment, states, self.files.folder)


def reproduce(experiment: Experiment, rows: Sequence[Row], run: Run) -> list[RowState]:
    """Train and measure rows of a table; the table files are rewritten after each.

    Finished rows are skipped, interrupted ones go on where they stopped, and a failing row does not stop the
    others. Rows that another process works on are left to it, and looked at once more in the end.

    Args:
        experiment: the table.
        rows: those of its rows to work on.
        run: where and how.

    Returns:
        the state of each of these rows.

    Raises:
        DataError: a dataset that an unfinished row needs is missing.
        OutputError: the folder cannot be written.
        KeyboardInterrupt: interrupted by the user; the same call goes on.
    """
    _require_data([row for row in rows if run.files.state(row).status != "done"], run.data_root)
    waiting, moving = list(rows), True
    try:
        while waiting and moving and not run.is_over():
            held = []
            for row in waiting:
                if run.is_over():
                    break
                if not _work_on(row, rows, run):
                    held.append(row)
                run.write_table(experiment)
            # Rows held by others are looked at again only if there was something else to do meanwhile.
            waiting, moving = held, len(held) < len(waiting)
    finally:
        run.write_table(experiment)
    return [run.files.state(row, run.notes) for row in rows]


def _require_data(rows: Sequence[Row], data_root: Path | None) -> None:
    """Fail at once where a dataset is missing, not after hours of training."""
    splits = {(photos, row.split) for row in rows for photos in row.photos}
    for photos, split in splits:
        open_dataset(photos, data_root, split)
    for test in {test for row in rows for test in row.tests}:
        open_dataset(test, data_root)


def _work_on(row: Row, rows: Sequence[Row], run: Run) -> bool:
    """Train and measure a row where needed; False if another process has it."""
    files, seconds = run.files, seconds_left(rows, run.files)
    left = f"; about {timedelta(seconds=round(seconds))} left in all" if seconds else ""
    run.progress.say(f"row {rows.index(row) + 1} of {len(rows)}: {row.label}{left}")
    if files.state(row).status == "done" or what_is_missing(row) is not None:
        return True
    with claimed(files.lock_file(row)) as holder:
        if holder is not None:
            run.notes[row.name] = holder
            return False
        run.notes.pop(row.name, None)
        if files.state(row).status == "done":  # by another process, a moment ago
            return True
        files.clear_failure(row)
        folder = files.run_folder(row)
        try:
            trained = train_row(
                row,
                folder,
                data_root=run.data_root,
                device=run.device,
                maximum_minutes=run.minutes_left,
                progress=run.progress.training,
            )
            if trained:
                files.write(row, measure(row, folder, run.data_root, run.progress.bar, run.device))
        except UpCrackNetError as error:
            files.write_failure(row, str(error))
        except Exception as error:  # a row that runs out of memory must not cost the others
            files.write_failure(row, f"{type(error).__name__}: {error}")
    return True


def seconds_left(rows: Sequence[Row], files: ResultFiles) -> float | None:
    """Estimate how long the unfinished rows take, by the speed of the finished ones; None without any."""
    states = [files.state(row) for row in rows]
    done = {state.row.run_name: state for state in states if state.result is not None}
    results = [state.result for state in states if state.result is not None]
    open_rows = [state.row for state in states if state.status in ("not yet", "failed")]
    if not results:
        return None
    patches = sum(state.row.patches for state in done.values())
    seconds = sum(state.result.training_seconds for state in done.values() if state.result is not None)
    runs = {row.run_name: row for row in open_rows if row.run_name not in done}
    evaluation = sum(result.evaluation_seconds for result in results) / len(results)
    left = sum(
        row.patches * (1 - len(trained_epochs(files.run_folder(row))) / max(row.epochs, 1))
        for row in runs.values()
    )
    return left * seconds / max(patches, 1) + len(open_rows) * evaluation
