"""All that ``upcracknet reproduce`` makes, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from upcracknet.errors import ConfigurationError
from upcracknet.reproduction.experiment import Experiment, budget_named
from upcracknet.reproduction.figures import FIGURES, draw_figure
from upcracknet.reproduction.report import summary, write_overview
from upcracknet.reproduction.run import Run, reproduce
from upcracknet.reproduction.tables import COMPARISONS, comparison, seeds, sensitivity, table1, table2
from upcracknet.reproduction.whole import WHOLE, Whole, reproduce_whole
from upcracknet.training.configuration import TrainingConfiguration, load_configuration

EXPERIMENTS: dict[str, Callable[..., Experiment]] = {
    "table1": table1,
    "table2": table2,
    "sensitivity": sensitivity,
    **{name: partial(comparison, name) for name in COMPARISONS},
    "seeds": seeds,
}

OVERVIEWS = {"comparison": ("table4", "table7", "table8")}
"""Tables in one: trained on DeepCrack; tested there, on CFD, and on Crack500."""

NAMES = (*EXPERIMENTS, *OVERVIEWS, *FIGURES, *WHOLE)


Shown = tuple[str, Sequence[str], Sequence[Sequence[str]]]
"""A table for a terminal: title, columns and rows."""


@dataclass(frozen=True)
class Reproduced:
    """What was made.

    Attributes:
        record: what the JSON of the table or overview holds.
        shown: title, columns and rows of what a terminal shows.
        complete: whether all rows that were asked for have figures.
        notes: lines for the reader: which rows have no figures and why, what was written where.
    """

    record: dict[str, Any]
    shown: tuple[Shown, ...]
    complete: bool
    notes: tuple[str, ...]


def reproduce_named(
    name: str,
    run: Run,
    *,
    budget: str,
    filters: int | None = None,
    seed: int = 0,
    base: Path | None = None,
    rows: Sequence[str] = (),
    whole: Whole = Whole(),  # noqa: B008 - frozen
) -> Reproduced:
    """Train and measure the rows of a table, an overview or a figure, and write or draw it.

    Args:
        name: one of ``NAMES``.
        run: where and how.
        budget: as of ``budget_named``.
        filters: as of ``budget_named``.
        seed: seed of all rows.
        base: YAML file of the configuration that UP-CrackNet's rows start from; None takes the table's own.
        rows: names or numbers of the rows to work on; all where none is given. Of the whole plan names alone.
        whole: how the whole plan is worked on, which no single table needs.

    Raises:
        ConfigurationError: an unknown name, budget or row, a configuration of another method, a figure
            without a measured row, or a single table asked for what only the whole plan does.
        DataError: a dataset that an unfinished row needs is missing.
        OutputError: the folder cannot be written.
        KeyboardInterrupt: interrupted by the user; the same call goes on.
    """
    if name not in NAMES:
        raise ConfigurationError(f"nothing to reproduce is named {name!r}; expected {', '.join(NAMES)}")
    start = None if base is None else load_configuration(base)
    if not isinstance(start, TrainingConfiguration | None):
        raise ConfigurationError(f"{base}: of the method {start.method}; give a configuration of UP-CrackNet")
    spent, files = budget_named(budget, filters), run.files
    if name in WHOLE:
        made = reproduce_whole(name, run, spent, seed, start, rows, whole)
        return Reproduced(made.record, (made.shown,), made.complete, made.notes)
    if whole != Whole() or run.piece_minutes is not None:
        raise ConfigurationError(
            f"--list, --estimate, --together, --slow-one-in and --piece-minutes are for the whole plan, not "
            f"for {name}; leave them out, or take `all`, with --rows for some of its rows"
        )
    tables = OVERVIEWS.get(name, (FIGURES.get(name, name),))
    experiments = [EXPERIMENTS[table](spent, seed, start) for table in tables]
    chosen = [experiment.chosen(rows) for experiment in experiments]
    states = [state for each in zip(experiments, chosen, strict=True) for state in reproduce(*each, run)]
    records = tuple(run.write_table(experiment) for experiment in experiments)
    record, written = records[0], [*tables]
    missing = [state for state in states if state.status != "done"]
    notes = [": ".join(filter(None, (state.row.name, state.status, state.note))) for state in missing]
    if name in OVERVIEWS:
        record = write_overview(name, records, files.folder)
        written.append(name)
    notes += [f"Written to {files.folder / table}.md, .csv and .json" for table in written]
    if name in FIGURES:
        picture, shown = draw_figure(name, experiments[0], files, run.data_root)
        notes.append(f"{len(shown)} of {len(experiments[0].rows)} rows drawn in {picture}")
    return Reproduced(record, tuple(map(summary, records)), not missing, tuple(notes))
