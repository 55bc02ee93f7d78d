"""``upcracknet import``: masks that people corrected in other programs, back to the result folder."""

from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import EXIT_INCOMPLETE, error_console, print_json, print_line, task_bar
from upcracknet.exchange.exporting import Format
from upcracknet.exchange.importing import import_annotations
from upcracknet.exchange.reading import ImportOptions


def import_corrections(
    results: Path,
    file: Path,
    /,
    *,
    kind: Annotated[Format | None, Parameter(name="--from")] = None,
    options: Annotated[ImportOptions, Parameter(name="*")] = ImportOptions(),  # noqa: B008 - frozen
) -> int:
    """Take over masks that people corrected in annotation programs.

    They go to corrections/ in the result folder, and count from the next
    `upcracknet measure` on; the model's masks stay as they are. Photos are found by
    their names. One that is not found, or has another size, costs no other (exit
    code 3).

    For example:

        upcracknet import out annotations.zip

        upcracknet import out corrected-masks/ --accept-unchanged

    Args:
        results: output folder of `upcracknet detect`.
        file: COCO or Label Studio JSON, CVAT XML, an archive with one of them, or a folder of masks.
        kind: its format, if it is to be checked.
        options: how it is read.
    """
    console = error_console()
    with task_bar(console, "importing") as show_count:
        counted = count(1)

        def show(problem: str | None) -> None:
            if problem is not None:
                print_line(console, f"left out: {problem}", "red")
            show_count(next(counted), None)

        imported = import_annotations(results, file, options, kind, show)
    print_json(asdict(imported) | {"output": str(results)})
    return EXIT_INCOMPLETE if imported.left_out else 0
