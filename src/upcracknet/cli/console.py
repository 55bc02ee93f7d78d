"""What all commands show alike: one progress bar, JSON on standard output, errors in one line, exit codes."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from upcracknet.cli.verbosity import is_quiet, is_verbose
from upcracknet.errors import OutputError, UpCrackNetError
from upcracknet.files import json_bytes, one_line

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INCOMPLETE = 3
"""Done, but some photos, or rows of a table, failed or are left."""
EXIT_INTERRUPTED = 130


def error_console() -> Console:
    """Make the console for everything but results: standard error; with ``--quiet`` for errors alone."""
    return Console(stderr=True, quiet=is_quiet())


def progress_bar(console: Console | None = None) -> Progress:
    """Make a display with a bar for each task: how much is done, time spent, time left; on standard error."""
    console = console or error_console()
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        disable=console.quiet,
    )


def counter(bar: Progress, name: str) -> Callable[[int, int | None], None]:
    """Add a task to a bar, and give what shows how much of how much is done."""
    task = bar.add_task(name, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def print_json(content: Any) -> None:
    """Write a command's result to standard output.

    Raises:
        OutputError: the disk behind it is full, say.
        BrokenPipeError: who reads has ended.
    """
    print_text(json_bytes(content).decode(errors="replace"))


def print_text(text: str) -> None:
    """Write text to standard output as it is; raises what :func:`print_json` does."""
    if sys.stdout is None:  # closed by who called, as with `>&-`
        return
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(
            f"standard output cannot be written ({one_line(error)}); the files are whole, send it elsewhere"
        ) from error


def print_line(console: Console, text: str, style: str | None = None) -> None:
    """Write a line as it is: no markup, no colours of its own, not wrapped.

    Args:
        console: where to; with ``--quiet`` only errors are written.
        text: the line.
        style: ``red`` for an error, ``yellow`` for a warning, None for a note.
    """
    if style == "red" and console.quiet:
        console = Console(stderr=True)
    shown = text.encode(errors="backslashreplace").decode()
    console.print(shown, style=style, markup=False, highlight=False, soft_wrap=True)


def print_detail(console: Console, text: str) -> None:
    """Write a line where ``--verbose`` asks for details."""
    if is_verbose():
        print_line(console, text, "dim")


def print_table(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table, its first column to the left, the others to the right."""
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


@contextmanager
def task_bar(console: Console, description: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar for one task; gives what is called with what is done and how much there is."""
    with progress_bar(console) as bar:
        try:
            yield counter(bar, description)
        except BaseException:
            for task in bar.tasks:  # nothing had begun: an empty bar above the error says nothing
                bar.update(task.id, visible=task.total is not None)
            raise


@contextmanager
def needs_training(work: str) -> Iterator[None]:
    """Name the remedy where an import in the block fails because the extra ``train`` is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "pytorch_lightning":
            raise
        raise UpCrackNetError(f"{work} needs more packages; run: pip install 'upcracknet[train]'") from error


@contextmanager
def needs_server(work: str) -> Iterator[None]:
    """Name the remedy where an import in the block fails because the extra ``serve`` is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("fastapi", "pydantic", "starlette", "uvicorn"):
            raise
        raise UpCrackNetError(f"{work} needs more packages; run: pip install 'upcracknet[serve]'") from error
