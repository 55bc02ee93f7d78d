"""Works through the rows of a table: trains, measures, resumes, and leaves the table on the disk."""

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from upcracknet.data.registry import open_dataset
from upcracknet.errors import UpCrackNetError
from upcracknet.locks import claimed
from upcracknet.reproduction.experiment import Experiment, Row
from upcracknet.reproduction.measurement import Bar, RowState, is_trained, measure, train_row, trained_epochs
from upcracknet.reproduction.report import write_table
from upcracknet.reproduction.result_files import ResultFiles, what_is_missing
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration


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
        piece_minutes: most time that one training gets in this call, at least an epoch; None sets no limit.
        workers: processes that paint the images of a training, while images that are only cut out are
            prepared between the steps; None takes the configuration's number for both.
        threads: of the processor; None takes all of its cores.
        notes: by name of a run folder, why another process has it.
    """

    files: ResultFiles
    data_root: Path | None = None
    device: str = "auto"
    maximum_minutes: float | None = None
    progress: Progress = Progress()
    piece_minutes: float | None = None
    workers: int | None = None
    threads: int | None = None
    notes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._started = time.perf_counter()

    @property
    def minutes_left(self) -> float | None:
        """Until the limit; None without one."""
        if self.maximum_minutes is None:
            return None
        return self.maximum_minutes - (time.perf_counter() - self._started) / 60

    @property
    def minutes_for_training(self) -> float | None:
        """Most time that the next training gets; None without a limit."""
        limits = [limit for limit in (self.minutes_left, self.piece_minutes) if limit is not None]
        return min(limits, default=None)

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
                _announce(row, rows, run)
                if not work_on([row], run):
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


def _announce(row: Row, rows: Sequence[Row], run: Run) -> None:
    """Say which row is next, and how long all of them take."""
    seconds = seconds_left(rows, run.files)
    left = f"; about {timedelta(seconds=round(seconds))} left in all" if seconds else ""
    run.progress.say(f"row {rows.index(row) + 1} of {len(rows)}: {row.label}{left}")


def work_on(rows: Sequence[Row], run: Run, *, train: bool = True, test: bool = True) -> bool:
    """Train and measure rows of one run where needed.

    Args:
        rows: rows with one training. If it fails, each of them says so.
        run: where and how.
        train: train, or go on with it; else only a run that is trained already is measured.
        test: measure each of them, if the run is trained to its end.

    Returns:
        False if another process has this run.

    Raises:
        OutputError: the folder cannot be written.
        KeyboardInterrupt: interrupted by the user.
    """
    files, first = run.files, rows[0]
    if what_is_missing(first) is not None or all(files.state(row).status == "done" for row in rows):
        return True
    with claimed(files.lock_file(first)) as holder:
        if holder is not None:
            run.notes[first.run_name] = holder
            return False
        run.notes.pop(first.run_name, None)
        # Another process may have finished some a moment ago.
        rows = [row for row in rows if files.state(row).status != "done"]
        for row in rows:
            files.clear_failure(row)
        try:
            if train and rows:
                _train(first, run)
            for row in rows if test and is_trained(first, files.run_folder(first)) else ():
                folder = files.run_folder(row)
                files.write(row, measure(row, folder, run.data_root, run.progress.bar, run.device))
        except UpCrackNetError as error:
            _fail(rows, files, str(error))
        except Exception as error:  # a row that runs out of memory must not cost the others
            _fail(rows, files, f"{type(error).__name__}: {error}")
    return True


def _train(row: Row, run: Run) -> None:
    train_row(
        row,
        run.files.run_folder(row),
        data_root=run.data_root,
        device=run.device,
        maximum_minutes=run.minutes_for_training,
        workers=run.workers if run.workers is None or _paints(row) else 0,
        threads=run.threads,
        progress=run.progress.training,
    )


def _paints(row: Row) -> bool:
    """Tell whether images take long to prepare: painted ones take sixty times as long as those cut out."""
    return isinstance(row.training, CrackRemoverConfiguration)


def _fail(rows: Sequence[Row], files: ResultFiles, reason: str) -> None:
    for row in rows:
        if files.state(row).status != "done":
            files.write_failure(row, reason)


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
