"""`upcracknet evaluate --suite`: all figures that the package must show, in one go."""

import sys
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from upcracknet.evaluation.suite import SuiteResult, run_suite
from upcracknet.evaluation.suite_parts import PartStore
from upcracknet.evaluation.suite_plan import subjects_for
from upcracknet.evaluation.suite_report import gap_lines, suite_json, suite_tables, write_suite

ESTIMATE_SECONDS = 120.0
"""Time over which the speed is averaged: parts with and without a network differ."""


def evaluate_suite(
    model: str, preset: str | None, data_root: Path | None, output: Path, *, overwrite: bool
) -> bool:
    """Measure, write suite.md and suite.json after each part, and show them.

    Args:
        model: What is measured, beside the faithful model and the classical baseline.
        preset: Detection settings other than the model's own.
        data_root: Folder that holds the data sets; else the variable UPCRACKNET_DATA.
        output: Folder for the results; they go into its folder ``suite``.
        overwrite: Measure again what is finished.

    Returns:
        Whether everything could be measured.
    """
    console = Console(stderr=True)
    folder = output / "suite"
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, speed_estimate_period=ESTIMATE_SECONDS) as bar:
        task = bar.add_task("suite", total=1.0)
        result = run_suite(
            subjects_for(model, preset),
            data_root,
            PartStore(folder / "parts", overwrite=overwrite),
            finished=lambda so_far: write_suite(so_far, folder),
            progress=lambda title, share: bar.update(task, description=title, completed=share),
        )
        bar.update(task, description="suite", completed=1.0)
    _show(result, folder, console)
    sys.stdout.write(suite_json(result) + "\n")
    return result.complete


def _show(result: SuiteResult, folder: Path, console: Console) -> None:
    for shown in suite_tables(result):
        table = Table(title=shown.title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
        for column in shown.columns:
            if column not in shown.wide:
                left = column == shown.columns[0]
                table.add_column(column, justify="left" if left else "right", overflow="fold")
        for row in shown.rows:
            cells = zip(shown.columns, row, strict=True)
            table.add_row(*(Text(cell) for column, cell in cells if column not in shown.wide))
        console.print(table)
        for note in shown.notes:
            console.print(note, markup=False)
    for line in gap_lines(result):
        console.print(line, markup=False)
    console.print(f"Written to {folder}", markup=False)
