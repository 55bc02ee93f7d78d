"""``upcracknet reproduce``: the paper's tables, trained and measured again row by row."""

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from upcracknet.cli import console

Minutes = Annotated[float, Parameter(validator=validators.Number(gt=0))]
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
    device: str = "auto",
    maximum_minutes: Minutes | None = None,
    piece_minutes: Minutes | None = None,
    together: AtLeastOne = 1,
    slow_one_in: AtLeastOne = 1,
    show_list: Annotated[bool, Parameter(name="--list", negative="")] = False,
    estimate: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Train and measure the rows of one of the paper's tables, or draw a figure.

    Tables and figures:

        table1, table2    combinations of losses; kinds of masks; on Crack500
        sensitivity       one change at a time, on DeepCrack and CFD
        table3 to table8  all systems, trained on Crack500 (3, 5, 6) or DeepCrack
                          (4, 7, 8); tested on Crack500, DeepCrack, CFD, DeepCrack,
                          CFD and Crack500
        comparison        tables 4, 7 and 8 in one, a line a system
        fig2, fig3        results of tables 3 and 4 side by side
        fig4              photos of table 4 on which UP-CrackNet fails
        seeds             ours, trained on both data sets, with three seeds
        all               tables 1 to 8 and seeds as one plan of trainings and
                          tests, what matters most first; then the figures
        pack              only packs the photos, for a machine without the data sets
        tables            only writes tables.md from the results that are there

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
        a number      32  that many patches, in at most 10 epochs

    For example:

        upcracknet reproduce table1 --budget smoke --data-root ~/crack-data

        upcracknet reproduce sensitivity --budget 1500 --filters 16 --rows 1 2 3

    Args:
        table: which table or figure.
        budget: what each row may spend: a name, or a number of patches.
        output: folder for the tables and all runs; one for each budget and seed keeps the tables apart.
        data_root: folder with the named datasets; else the variable UPCRACKNET_DATA.
        seed: seed of all rows.
        rows: names or numbers (from 1) of the rows to work on; without it all.
        base: training configuration, as YAML, that UP-CrackNet's rows start from; without it the paper's, for
            sensitivity that of up-cracknet-32.
        filters: channels of the first level of UP-CrackNet's networks in place of the budget's.
        device: where to train and to measure: auto, cpu, cuda, cuda:1 or mps.
        maximum_minutes: stop before the epoch or row that would pass this time, ready to go on.
        piece_minutes: of all: most time that one training gets in this call; it goes on in the next.
        together: of all: so many trainings and tests at a time, each in a process of its own.
        slow_one_in: of all: SCADN and RIAD, which look at a photo twelve times, are tested on one photo in
            so many; their rows say so.
        show_list: of all: only print the plan, with what is done and what is left.
        estimate: of all: only time a few steps of each row, and print how long each part will take.
    """
    with console.needs_training("reproducing tables trains networks and"):
        from upcracknet.reproduction.catalogue import reproduce_named
        from upcracknet.reproduction.result_files import ResultFiles
        from upcracknet.reproduction.run import Progress, Run
        from upcracknet.reproduction.whole import Whole
    shown = console.error_console()
    say = partial(console.print_line, shown)
    progress = Progress(say, partial(console.task_bar, shown), training=True)
    run = Run(ResultFiles(output), data_root, device, maximum_minutes, progress, piece_minutes)
    whole = Whole(together, slow_one_in, show_list, estimate)
    made = reproduce_named(
        table, run, budget=budget, filters=filters, seed=seed, base=base, rows=rows or (), whole=whole
    )
    for lines in made.shown:
        console.print_table(shown, *lines)
    for note in made.notes:
        say(note)
    console.print_json(made.record)
    return 0 if made.complete else console.EXIT_INCOMPLETE
