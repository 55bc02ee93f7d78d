"""Works through the rows of a table: trains, measures, resumes, and leaves the table on the disk."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from upcracknet.data.registry import open_dataset
from upcracknet.errors import UpCrackNetError
from upcracknet.files import claimed
from upcracknet.reproduction.measurement import measure, train_row
from upcracknet.reproduction.results import ResultFiles, RowState, what_is_missing
from upcracknet.reproduction.rows import Experiment, Row
from upcracknet.reproduction.table import write_tables


@runtime_checkable
class Watcher(Protocol):
    """Told how far the work is."""

    def row(self, number: int, total: int, row: Row, seconds_left: float | None) -> None:
        """Work on a row begins; ``seconds_left`` is for all rows, None while nothing is known."""

    def evaluation(self, dataset: str) -> AbstractContextManager[Callable[[int, int], None]]:
        """A row is measured; gives what is called with the samples done and all samples."""


class Silence:
    """Watches nothing."""

    def row(self, number: int, total: int, row: Row, seconds_left: float | None) -> None:
        """Nothing."""

    def evaluation(self, dataset: str) -> AbstractContextManager[Callable[[int, int], None]]:
        """Nothing."""
        return nullcontext(lambda done, total: None)


@dataclass
class Work:
    """How the rows are worked on.

    Attributes:
        files: where results go.
        data_root: folder of the datasets; None reads the environment variable UPCRACKNET_DATA.
        accelerator: where to train.
        maximum_minutes: no epoch begins that would pass this time, nor a row after it; but the first epoch of
            a row is always trained, and a trained row is measured.
        watcher: told how far the work is; None shows nothing.
    """

    files: ResultFiles
    data_root: Path | None = None
    accelerator: str = "auto"
    maximum_minutes: float | None = None
    watcher: Watcher | None = None
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
        """Whether the limit has passed."""
        return self.minutes_left is not None and self.minutes_left <= 0


def reproduce(experiment: Experiment, rows: Sequence[Row], work: Work) -> list[RowState]:
    """Train and measure rows of a table; the table files are rewritten after each.

    Finished rows are skipped, interrupted ones go on where they stopped, and a failing row does not stop the
    others. Rows that another process works on are left to it, and looked at once more in the end.

    Args:
        experiment: the table.
        rows: those of its rows to work on.
        work: where and how.

    Returns:
        The state of each of these rows.

    Raises:
        DataError: a dataset that an unfinished row needs is missing.
        OutputError: the folder cannot be written.
        KeyboardInterrupt: interrupted by the user; the same call goes on.
    """
    _require_data([row for row in rows if work.files.state(row).status != "done"], work.data_root)
    waiting, moving = list(rows), True
    try:
        while waiting and moving and not work.is_over():
            held = []
            for row in waiting:
                if work.is_over():
                    break
                if not _work_on(row, rows, work):
                    held.append(row)
                write_tables(experiment, work.files, work.notes)
            # Rows held by others are looked at again only if there was something else to do meanwhile.
            waiting, moving = held, len(held) < len(waiting)
    finally:
        write_tables(experiment, work.files, work.notes)
    return [work.files.state(row, work.notes) for row in rows]


def _require_data(rows: Sequence[Row], data_root: Path | None) -> None:
    """Tell at once what else would be found out after hours of training."""
    splits = {(photos, row.split) for row in rows for photos in row.photos}
    for photos, split in splits:
        open_dataset(photos, data_root, split)
    for test in {test for row in rows for test in row.tests}:
        open_dataset(test, data_root)


def _work_on(row: Row, rows: Sequence[Row], work: Work) -> bool:
    """Whether the row needs no further look: False if another process has it."""
    files, watcher = work.files, work.watcher or Silence()
    watcher.row(rows.index(row) + 1, len(rows), row, seconds_left(rows, files))
    if files.state(row).status == "done" or what_is_missing(row) is not None:
        return True
    with claimed(files.lock_file(row)) as holder:
        if holder is not None:
            work.notes[row.name] = holder
            return False
        work.notes.pop(row.name, None)
        if files.state(row).status == "done":  # by another process, a moment ago
            return True
        files.clear_failure(row)
        try:
            trained = train_row(
                row,
                files,
                data_root=work.data_root,
                accelerator=work.accelerator,
                maximum_minutes=work.minutes_left,
                progress=work.watcher is not None,
            )
            if trained:
                files.write(row, measure(row, files, work.data_root, watcher.evaluation))
        except UpCrackNetError as error:
            files.write_failure(row, str(error))
        except Exception as error:  # a row that runs out of memory must not cost the others
            files.write_failure(row, f"{type(error).__name__}: {error}")
    return True


def seconds_left(rows: Sequence[Row], files: ResultFiles) -> float | None:
    """How long the unfinished rows will take, by the speed of the finished ones; None if there are none."""
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
    training = sum(_patches_left(row, files) for row in runs.values()) * seconds / max(patches, 1)
    return training + len(open_rows) * evaluation


def _patches_left(row: Row, files: ResultFiles) -> float:
    return row.patches * (1 - len(files.metrics(row)) / max(row.epochs, 1))
