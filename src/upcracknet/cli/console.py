"""What all commands show alike: one progress bar, JSON on standard output, errors in one line, exit codes."""

import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from upcracknet.files import json_bytes

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INCOMPLETE = 3
"""Done, but some photos, or rows of a table, failed or are left."""
EXIT_INTERRUPTED = 130


def error_console() -> Console:
    """The console for everything but results: standard error."""
    return Console(stderr=True)


def progress_bar(console: Console | None = None) -> Progress:
    """A bar for each task: what is done, how much of it, time spent and time left; on standard error."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console or error_console(),
    )


def counter(bar: Progress, name: str) -> Callable[[int, int], None]:
    """Add a task to a bar, and give what shows how much of how much is done."""
    task = bar.add_task(name, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def print_json(content: Any) -> None:
    """Write a command's result to standard output."""
    sys.stdout.write(json_bytes(content).decode(errors="replace"))


def print_line(console: Console, text: str, style: str | None = None) -> None:
    """Write a line as it is: no markup, no colours of its own, not wrapped."""
    shown = text.encode(errors="backslashreplace").decode()
    console.print(shown, style=style, markup=False, highlight=False, soft_wrap=True)
