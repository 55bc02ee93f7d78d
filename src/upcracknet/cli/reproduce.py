"""``upcracknet reproduce``: the paper's tables anew, trained and measured row by row."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter, validators
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from upcracknet.errors import ConfigurationError, UpCrackNetError

if TYPE_CHECKING:
    from upcracknet.reproduction.results import RowState
    from upcracknet.reproduction.rows import Experiment, Row

Name = Literal[
    "table1",
    "table2",
    "gap",
    "table3",
    "table4",
    "table5",
    "table6",
    "table7",
    "table8",
    "comparison",
    "fig2",
    "fig3",
    "fig4",
]

INCOMPLETE = 3
"""Exit code when some rows have no figures; the table then says why."""

NOT_GIVEN = "–"

OVERVIEW = ("table4", "table7", "table8")
"""Trained on DeepCrack; tested there, on CFD, and on Crack500."""


def reproduce(
    table: Name,
    /,
    *,
    budget: str = "minutes",
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("out/reproduce"),
    data_root: Path | None = None,
    seed: Annotated[int, Parameter(validator=validators.Number(gte=0, lt=2**32))] = 0,
    rows: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    base: Path | None = None,
    filters: Annotated[int | None, Parameter(validator=validators.Number(gte=1))] = None,
    accelerator: Literal["auto", "cpu", "gpu"] = "auto",
    maximum_minutes: Annotated[float | None, Parameter(validator=validators.Number(gt=0))] = None,
) -> int:
    """Train and measure the rows of one of the paper's tables, or draw a figure.

    table1 is the nine combinations of losses and table2 the three kinds of masks,
    on Crack500. gap changes one thing at a time, on DeepCrack and CFD, to show
    what the published figures depend on. table3 to table8 compare all systems,
    trained on Crack500 (3, 5, 6) or DeepCrack (4, 7, 8) and tested on Crack500
    (3, 8), DeepCrack (4, 6) or CFD (5, 7); what is trained for one is trained for
    all. comparison is tables 4, 7 and 8 in one, a line a system. fig2 and fig3 draw
    the results of tables 3 and 4 side by side, fig4 the photos of table 4 on which
    UP-CrackNet fails. Writes TABLE.md, TABLE.csv and TABLE.json, with the paper's
    figures beside, after each row; the same command again skips finished rows and
    goes on with interrupted ones. The table goes to the terminal (standard error),
    the JSON to standard output.

    Budgets, the same for each row:

        name     filters  epochs × patches    a row on 2 plain cores
        smoke          8        1 × 16        seconds; shows only that it runs
        minutes       16        3 × 200       minutes
        hours         32       20 × 300       about an hour; the shipped model's
        days          64       60 × 300       many hours
        paper         64  200 × the paper's   days; 300 patches of DeepCrack or
                                              1,896 of Crack500, patience 20
        a number      32  that many patches, in epochs of at most 300

    For example:

        upcracknet reproduce table1 --budget smoke --data-root ~/crack-data

        upcracknet reproduce table1 --budget hours --rows 1 2 3

        upcracknet reproduce gap --budget 1500 --filters 16 -o out/gap

    Several processes may share an output folder: each row is trained by one.

    Args:
        table: Which table or figure.
        budget: What each row may spend: a name, or a number of patches.
        output: Folder for the tables and all runs; one for each budget and seed keeps the tables apart.
        data_root: Folder with the named datasets; else the variable UPCRACKNET_DATA.
        seed: Seed of all rows.
        rows: Names or numbers (from 1) of the rows to work on; without it all.
        base: Training configuration that the rows start from, as YAML; without it the paper's for table1
            and table2 and for UP-CrackNet's row of the others, the shipped model's for gap.
        filters: Channels of the first level of UP-CrackNet's networks in place of the budget's.
        accelerator: Where to train.
        maximum_minutes: Stop before the epoch or row that would pass this time, ready to go on.

    Returns:
        Exit code: 0, or 3 if some of the rows have no figures.
    """
    try:
        from upcracknet.reproduction.run import Work
        from upcracknet.reproduction.run import reproduce as work_through
    except ModuleNotFoundError as error:
        if error.name != "pytorch_lightning":
            raise
        raise UpCrackNetError(
            "reproducing tables trains networks and needs more packages; run: pip install 'upcracknet[train]'"
        ) from error
    from upcracknet.reproduction.ablations import table1, table2
    from upcracknet.reproduction.budget import budget_named
    from upcracknet.reproduction.comparison import TABLES, comparison
    from upcracknet.reproduction.figures import FIGURES, draw_figure
    from upcracknet.reproduction.gap import gap
    from upcracknet.reproduction.overview import write_overview
    from upcracknet.reproduction.results import ResultFiles
    from upcracknet.training.configuration import load_configuration
    from upcracknet.training.up_cracknet_configuration import TrainingConfiguration

    experiments: dict[str, Callable[..., Experiment]] = {"table1": table1, "table2": table2, "gap": gap}
    experiments |= {name: partial(comparison, name) for name in TABLES}
    start = None if base is None else load_configuration(base)
    if not isinstance(start, TrainingConfiguration | None):
        raise ConfigurationError(f"{base}: of the method {start.method}; give a configuration of UP-CrackNet")
    spent = budget_named(budget, filters)
    names = OVERVIEW if table == "comparison" else (FIGURES.get(table, table),)
    chosen = [experiments[name](spent, seed, start) for name in names]
    console = Console(stderr=True)
    work = Work(
        ResultFiles(output),
        data_root=data_root,
        accelerator=accelerator,
        maximum_minutes=maximum_minutes,
        watcher=_Display(console),
    )
    states: list[RowState] = []
    for experiment in chosen:
        found = work_through(experiment, experiment.chosen(rows or ()), work)
        _show(experiment, found, console)
        console.print(f"Written to {output / experiment.name}.md, .csv and .json", markup=False)
        states += found
    written = experiment.name
    if table == "comparison":
        write_overview(table, chosen, work.files)
        console.print(f"All together in {output / table}.md, .csv and .json", markup=False)
        written = table
    if table in FIGURES:
        picture, shown = draw_figure(table, experiment, work.files, data_root)
        console.print(f"{len(shown)} of {len(experiment.rows)} rows drawn in {picture}", markup=False)
    sys.stdout.write((output / f"{written}.json").read_text(encoding="utf-8"))
    return 0 if all(state.status == "done" for state in states) else INCOMPLETE


class _Display:
    """A line for each row, a bar for each measurement; training has a display of its own."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def row(self, number: int, total: int, row: "Row", seconds_left: float | None) -> None:
        left = "" if seconds_left is None else f"; about {_duration(seconds_left)} left in all"
        self._console.print(f"row {number} of {total}: {row.label}{left}", markup=False)

    @contextmanager
    def evaluation(self, dataset: str) -> Iterator[Callable[[int, int], None]]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(f"measuring on {dataset}", total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def _show(experiment: "Experiment", states: "list[RowState]", console: Console) -> None:
    from upcracknet.reproduction.table import table_record

    tests = experiment.rows[0].tests
    shown = Table(
        title=f"{experiment.title}; seed {experiment.seed}, per cent, protocol paper",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    shown.add_column("row")
    for test in tests:
        for column in (f"{test} F1", "IoU", "paper's F1", "IoU"):
            shown.add_column(column, justify="right")
    for record in table_record(experiment, states)["rows"]:
        cells = []
        for test in tests:
            ours, paper = record["tests"][test]["ours"], record["tests"][test]["paper"]
            cells += [_figure(ours, "f1"), _figure(ours, "iou"), _figure(paper, "f1"), _figure(paper, "iou")]
        shown.add_row(record["label"], *cells)
    console.print(shown)
    for state in states:
        if state.status != "done":
            reason = f": {state.note}" if state.note else ""
            console.print(f"{state.row.name}: {state.status}{reason}", markup=False)


def _figure(figures: dict[str, Any] | None, measure: str) -> str:
    return NOT_GIVEN if figures is None else f"{figures[measure]:.2f}"
