"""``reproduce all``, ``tables`` and ``pack``: everything that Tables I–VIII need, in one folder."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upcracknet.data.registry import DATA_ROOT_VARIABLE
from upcracknet.errors import ConfigurationError, UpCrackNetError
from upcracknet.files import json_bytes, write_atomically
from upcracknet.reproduction.experiment import Budget, Experiment
from upcracknet.reproduction.figures import FIGURES, draw_figure
from upcracknet.reproduction.kept import read_kept
from upcracknet.reproduction.packs import CHECKSUMS, unpacked, write_packs
from upcracknet.reproduction.page import write_page
from upcracknet.reproduction.plan import COLUMNS, Piece, experiments_of, listing, plan, status
from upcracknet.reproduction.result_files import ResultFiles
from upcracknet.reproduction.run import Run
from upcracknet.reproduction.timing import estimated
from upcracknet.reproduction.work import Shared, work_through, work_together, workers_for
from upcracknet.training.configuration import TrainingConfiguration

WHOLE = ("all", "tables", "pack")
ESTIMATES = "estimate.json"


@dataclass(frozen=True)
class Whole:
    """How the whole plan is worked on.

    Attributes:
        together: processes that share it.
        slow_one_in: rows whose network sees a photo many times are tested on one photo in so many.
        only_list: do nothing, show the plan.
        only_estimate: time a few steps of each row, and show the plan.
    """

    together: int = 1
    slow_one_in: int = 1
    only_list: bool = False
    only_estimate: bool = False


@dataclass(frozen=True)
class Made:
    """What was made of the plan.

    Attributes:
        record: the pieces with their states; plain values.
        shown: title, columns and rows of what is left.
        complete: whether all pieces are done.
        notes: lines for the reader.
    """

    record: dict[str, Any]
    shown: tuple[str, Sequence[str], Sequence[Sequence[str]]]
    complete: bool
    notes: tuple[str, ...]


def reproduce_whole(
    name: str,
    run: Run,
    budget: Budget,
    seed: int,
    base: TrainingConfiguration | None,
    names: Sequence[str],
    how: Whole,
) -> Made:
    """Work through the plan of all tables, or only write what is there.

    Args:
        name: ``all``; ``tables``, which only writes; or ``pack``, which packs the photos.
        run: where and how.
        budget: what each row may spend.
        seed: seed of all rows.
        base: configuration that UP-CrackNet's rows start from; None takes the paper's.
        names: rows to work on; all where none is given.
        how: what only this plan needs.

    Raises:
        ConfigurationError: there is no row of a name.
        DataError: a pack of photos is damaged, or there are no photos to pack.
        OutputError: the folder cannot be written.
        KeyboardInterrupt: interrupted by the user; the same call goes on.
    """
    packs = run.files.folder / "packs"
    if name == "pack":
        written = [str(path) for path in write_packs(run.data_root, packs)]
        shown = ("Packed photos", ("file", "MiB"), [(path, _mebibytes(path)) for path in written])
        return Made({"packs": written}, shown, True, ())
    if (packs / CHECKSUMS).exists() and not (run.data_root or os.environ.get(DATA_ROOT_VARIABLE)):
        run.data_root = unpacked(packs, run.files.folder / "data")
    experiments = experiments_of(budget, seed, base, how.slow_one_in)
    known = {row.name for experiment in experiments for row in experiment.rows}
    if unknown := sorted(set(names) - known):
        raise ConfigurationError(
            f"no table has a row {', '.join(unknown)}; the rows are {', '.join(sorted(known))}"
        )
    estimates = _estimates(run.files)
    pieces, notes = plan(experiments, estimates, names), list[str]()
    if name == "all" and how.only_estimate:
        for key, seconds in estimated(pieces, run):
            estimates[key] = seconds
            write_atomically(run.files.folder / ESTIMATES, json_bytes(estimates))
        pieces = plan(experiments, estimates, names)
    elif name == "all" and not how.only_list:
        _work(pieces, experiments, run, how.together)
        notes += _drawn(experiments, run)
    if name == "tables" or not (how.only_list or how.only_estimate):
        notes.append(f"Written to {write_page(experiments, run)}")
    states = [status(piece, run.files, run.notes) for piece in pieces]
    done = sum(state == "done" for state, _ in states)
    lines = listing(pieces, run.files, estimates, run.notes)
    title = f"{done} of {len(pieces)} pieces done; budget {budget.name}, seed {seed}"
    record = {
        "budget": budget.name,
        "seed": seed,
        "pieces": [
            {"piece": piece.name, "status": state, "note": note}
            for piece, (state, note) in zip(pieces, states, strict=True)
        ],
        "complete": done == len(pieces),
    }
    return Made(record, (title, COLUMNS, lines), done == len(pieces), tuple(notes))


def _mebibytes(path: str) -> str:
    return f"{Path(path).stat().st_size / 1024**2:.1f}"


def _work(pieces: Sequence[Piece], experiments: Sequence[Experiment], run: Run, together: int) -> None:
    run.workers = workers_for(run.device)
    if together == 1:
        work_through(pieces, experiments, run)
        return
    shared = Shared(
        run.files.folder, run.data_root, run.device, run.maximum_minutes, run.piece_minutes, run.workers
    )
    work_together(pieces, experiments, shared, together)


def _drawn(experiments: Sequence[Experiment], run: Run) -> list[str]:
    """Draw Figs. 2–4 of the rows whose weights are here; gives what could not be drawn, and why."""
    notes, tables = [], {experiment.name: experiment for experiment in experiments}
    for name, table in FIGURES.items():
        if run.is_over():
            notes.append(f"{name}: no time was left to draw it")
            continue
        try:
            path, rows = draw_figure(name, tables[table], run.files, run.data_root, run.device)
            notes.append(f"{len(rows)} of {len(tables[table].rows)} rows drawn in {path}")
        except UpCrackNetError as error:
            notes.append(str(error))
    return notes


def _estimates(files: ResultFiles) -> dict[str, float]:
    path = files.folder / ESTIMATES
    found: dict[str, float] = read_kept(path, dict[str, float]) if path.exists() else {}
    return found
