"""``upcracknet reproduce``: the paper's tables, trained and measured again row by row."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter, validators

from upcracknet.cli.console import (
    EXIT_INCOMPLETE,
    error_console,
    print_json,
    print_line,
    print_table,
    progress_bar,
)
from upcracknet.errors import UpCrackNetError

AtLeastOne = Annotated[int, Parameter(validator=validators.Number(gte=1))]


def reproduce(
    table: str,
    /,
    *,
    budget: str = "minutes",
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("out/reproduce"),
    data_root: Path | None = None,
    seed: Annotated[int, Parameter(validator=validators.Number(gte=0, lt=2**32))] = 0,
    rows: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    base: Path | None = None,
    filters: AtLeastOne | None = None,
    accelerator: Literal["auto", "cpu", "gpu"] = "auto",
    maximum_minutes: Annotated[float | None, Parameter(validator=validators.Number(gt=0))] = None,
) -> int:
    """Train and measure the rows of one of the paper's tables, or draw a figure.

        table1, table2  combinations of losses; kinds of masks; on Crack500
        sensitivity     one change at a time, on DeepCrack and CFD
        table3 to 8     all systems, trained on Crack500 (3, 5, 6) or DeepCrack (4,
                        7, 8), tested on Crack500 (3, 8), DeepCrack (4, 6), CFD (5, 7)
        comparison      tables 4, 7 and 8 in one, a line a system
        fig2, fig3      results of tables 3 and 4 side by side
        fig4            photos of table 4 on which UP-CrackNet fails

    Writes TABLE.md, .csv and .json, with the paper's figures beside, after each
    row; the same command again goes on. Several processes may share an output
    folder. Exit code 3 if rows have no figures; the table says why.

    Budgets, the same for each row:

        name     filters  epochs × patches    a row on 2 plain cores
        smoke          8        1 × 16        seconds; shows only that it runs
        minutes       16        3 × 200       minutes
        hours         32       20 × 300       about an hour
        days          64       60 × 300       many hours
        paper         64  200 × the paper's   days; 300 patches of DeepCrack or
                                              1,896 of Crack500, patience 20
        a number      32  that many patches, in epochs of at most 300

    For example:

        upcracknet reproduce table1 --budget smoke --data-root ~/crack-data

        upcracknet reproduce sensitivity --budget 1500 --filters 16 --rows 1 2 3

    Args:
        table: Which table or figure.
        budget: What each row may spend: a name, or a number of patches.
        output: Folder for the tables and all runs; one for each budget and seed keeps the tables apart.
        data_root: Folder with the named datasets; else the variable UPCRACKNET_DATA.
        seed: Seed of all rows.
        rows: Names or numbers (from 1) of the rows to work on; without it all.
        base: Training configuration, as YAML, that UP-CrackNet's rows start from; without it the paper's, for
            sensitivity that of up-cracknet-32.
        filters: Channels of the first level of UP-CrackNet's networks in place of the budget's.
        accelerator: Where to train.
        maximum_minutes: Stop before the epoch or row that would pass this time, ready to go on.
    """
    try:
        from upcracknet.reproduction import catalogue, display
    except ModuleNotFoundError as error:
        if error.name != "pytorch_lightning":
            raise
        raise UpCrackNetError(
            "reproducing tables trains networks and needs more packages; run: pip install 'upcracknet[train]'"
        ) from error
