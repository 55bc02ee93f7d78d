"""Tables I–VIII as one plan: trainings of a row on one data set, tests on one, what matters most first."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from upcracknet.data.registry import open_dataset
from upcracknet.detection.systems import SYSTEMS
from upcracknet.errors import DataError, PhotoError
from upcracknet.reproduction.experiment import Budget, Experiment, Pretrained, Row
from upcracknet.reproduction.measurement import is_trained, trained_epochs
from upcracknet.reproduction.result_files import ResultFiles
from upcracknet.reproduction.tables import COMPARISONS, comparison, seeds, table1, table2
from upcracknet.training.configuration import TrainingConfiguration

Status = Literal["done", "failed", "skipped", "not yet"]

FIRST = ("up-cracknet", "crack-remover")
"""Rows of Tables III–VIII that matter most: the paper's network before all others, then ours."""

COLUMNS = ("piece", "estimate, s", "state")


@dataclass(frozen=True)
class Piece:
    """A part of the work that needs no other piece but the training before it.

    Attributes:
        kind: a training, or the test of a trained row.
        rows: the rows that stand on a training; of a test the one that is measured.
        table: name of the first table that it stands in.
    """

    kind: Literal["train", "test"]
    rows: tuple[Row, ...]
    table: str

    @property
    def row(self) -> Row:
        """The row that names it."""
        return self.rows[0]

    @property
    def name(self) -> str:
        """What it does, for people."""
        trained = f" on {' and '.join(self.row.photos)}" if self.row.photos else ""
        if self.kind == "train":
            return f"{self.table}: train {self.row.label}{trained}"
        learned = f" (trained{trained})" if trained else ""
        return f"{self.table}: test {self.row.label}{learned} on {' and '.join(self.row.tests)}"


def experiments_of(
    budget: Budget, seed: int = 0, base: TrainingConfiguration | None = None, slow_one_in: int = 1
) -> list[Experiment]:
    """Make Tables III–VIII, I and II, and that of three seeds.

    Args:
        budget: what each row may spend.
        seed: seed of all rows, and the first of three.
        base: configuration that UP-CrackNet's rows start from; None takes the paper's.
        slow_one_in: rows whose network sees a photo many times (SCADN, RIAD) are tested on one photo in so
            many; UP-CrackNet and ours are tested on these photos as well, so that they can be compared.
    """
    order = ("table4", "table7", "table8", "table3", "table6", "table5")
    compared = [comparison(table, budget, seed, base) for table in order]
    made = [*compared, table1(budget, seed, base), table2(budget, seed, base), seeds(budget, seed)]
    if slow_one_in == 1:
        return made
    return [replace(each, rows=tuple(_thinned(each, slow_one_in))) for each in made]


def _thinned(experiment: Experiment, one_in: int) -> Iterator[Row]:
    compared = experiment.name in COMPARISONS and any(is_slow(row) for row in experiment.rows)
    for row in experiment.rows:
        if not is_slow(row):
            yield row
        if is_slow(row):
            yield row.thinned(one_in)
        elif compared and row.name in FIRST:
            yield replace(row.thinned(one_in), name=f"{row.name}-1-in-{one_in}")


def is_slow(row: Row) -> bool:
    """Tell whether a row's network sees each photo several times."""
    return not isinstance(row.training, Pretrained) and SYSTEMS[row.training.method].passes > 1


def plan(
    experiments: Sequence[Experiment], estimates: Mapping[str, float] | None = None, names: Sequence[str] = ()
) -> list[Piece]:
    """Put the pieces in order: what matters most and costs least comes first.

    First UP-CrackNet on both data sets, then ours, then the other rows of Tables III–VIII by their estimated
    seconds (without estimates those that do not train, the slow ones last), then Tables I and II, then seeds.

    Args:
        experiments: as of :func:`experiments_of`.
        estimates: seconds by run name and result name; rows without one come after the others.
        names: rows to keep; without it all.
    """
    known, found, tables = estimates or {}, dict[str, Row](), dict[str, str]()
    for experiment in experiments:
        for row in experiment.rows:
            if not names or row.name in names:
                found.setdefault(row.result_name, row)
                tables.setdefault(row.run_name, experiment.name)
    runs: dict[str, list[Row]] = {}
    for row in found.values():
        runs.setdefault(row.run_name, []).append(row)

    def rank(run: str) -> tuple[int, int, float, bool, bool]:
        row, table = runs[run][0], tables[run]
        stage = 1 + ["table1", "table2", "seeds"].index(table) if table not in COMPARISONS else 0
        first = FIRST.index(row.name) if row.name in FIRST and not stage else len(FIRST)
        seconds = known.get(run, 0.0) + sum(known.get(row.result_name, 0.0) for row in runs[run])
        return stage, first, seconds or math.inf, bool(row.photos), is_slow(row)

    pieces = []
    for run in sorted(runs, key=rank):
        rows = tuple(runs[run])
        if rows[0].photos:
            pieces.append(Piece("train", rows, tables[run]))
        pieces += [Piece("test", (row,), tables[run]) for row in rows]
    return pieces


def status(piece: Piece, files: ResultFiles, notes: Mapping[str, str] | None = None) -> tuple[Status, str]:
    """Tell whether a piece is done, and why not."""
    states = [files.state(row, notes) for row in piece.rows]
    if piece.kind == "test":
        return states[0].status, states[0].note
    folder = files.run_folder(piece.row)
    if is_trained(piece.row, folder) or all(state.status == "done" for state in states):
        return "done", ""
    state = next(state for state in states if state.status != "done")
    epochs = len(trained_epochs(folder))
    return state.status, state.note or f"{epochs} of {piece.row.epochs} epochs trained"


def listing(
    pieces: Sequence[Piece],
    files: ResultFiles,
    estimates: Mapping[str, float],
    notes: Mapping[str, str] | None = None,
) -> list[tuple[str, str, str]]:
    """Give a line under ``COLUMNS`` for each piece: what it does, its estimated seconds, how far it is."""
    lines = []
    for piece in pieces:
        key = piece.row.run_name if piece.kind == "train" else piece.row.result_name
        state = ": ".join(filter(None, status(piece, files, notes)))
        lines.append((piece.name, f"{estimates[key]:,.0f}" if key in estimates else "", state))
    return lines


def missing_data(data_root: Path | None) -> Callable[[Piece], str | None]:
    """Make a function that tells which photos a piece lacks; each data set is looked at once."""
    known: dict[tuple[str, str], str | None] = {}

    def look(name: str, split: str) -> str | None:
        if (name, split) not in known:
            try:
                open_dataset(name, data_root, split)
                known[name, split] = None
            except (DataError, PhotoError) as error:
                known[name, split] = str(error)
        return known[name, split]

    def missing(piece: Piece) -> str | None:
        row = piece.row
        wanted = [(name, "test") for name in row.tests]
        if piece.kind == "train":
            wanted = [(name, row.split) for name in row.photos]
        return next((problem for name, split in wanted if (problem := look(name, split))), None)

    return missing
