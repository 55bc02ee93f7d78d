"""``upcracknet compare``: what has changed between two surveys of one road."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import EXIT_INCOMPLETE, error_console, print_json, print_line, task_bar
from upcracknet.report.comparing import compare_and_write


def compare(
    old: Path,
    new: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("comparison"),
) -> int:
    """Compare two surveys of the same road.

    Sections are matched by their places. Photos taken within 3 m of each other are laid
    on each other, and refused where they do not show the same place. Writes
    comparison.html, comparison.csv (a row a section), comparison_photos.csv (a row a
    pair of photos) and comparison.geojson. Both folders need a survey: run
    `upcracknet map` on them first. Pairs of photos that cannot be read cost no others
    (exit code 3).

    For example:

        upcracknet compare out/2025 out/2026 -o out/growth

    Args:
        old: output folder of `upcracknet detect` of the earlier survey.
        new: that of the later one.
        output: folder for the comparison; made as needed, files of an earlier one are replaced.
    """
    console = error_console()
    with task_bar(console, "comparing photos") as show:
        done = compare_and_write(old, new, output, show)
    for warning in done.comparison.warnings:
        print_line(console, f"warning: {warning}", "yellow")
    unread = [pair for pair in done.comparison.pairs if not pair.read]
    if unread:
        first, pairs = unread[0], len(done.comparison.pairs)
        print_line(
            console, f"left out: {len(unread)} of {pairs} pairs of photos; the first: {first.problem}", "red"
        )
    print_json(done.summary())
    return EXIT_INCOMPLETE if unread else 0
