"""``upcracknet export-results``: masks for annotation programs and for training."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import EXIT_INCOMPLETE, error_console, print_json, print_line, progress_bar
from upcracknet.exchange.exporting import ExportOptions, Format, write_export
from upcracknet.results import read_results


def export_results(
    results: Path,
    /,
    *,
    to: Format,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    options: Annotated[ExportOptions, Parameter(name="*")] = ExportOptions(),  # noqa: B008 - frozen
) -> int:
    """Write found cracks for annotation programs, or as plain masks.

    Corrected masks take the place of the model's. What people correct in those
    programs comes back with `upcracknet import` (docs/corrections.md). Masks (255
    is crack) and photos are laid out as `train` and `evaluate` take them. A photo
    that cannot be used, or could not in `detect`, costs no other (exit code 3).

    For example:

        upcracknet export-results out --to cvat -o for-cvat --least-length-px 20

        upcracknet export-results out --to masks -o annotated

    Args:
        results: output folder of `upcracknet detect`.
        to: format.
        output: folder for the export; made as needed.
        options: what goes into it.
    """
    console, folder = error_console(), read_results(results)
    with progress_bar(console) as bar:
        task = bar.add_task("exporting", total=None)

        def show(problem: str | None) -> None:
            if problem is not None:
                print_line(console, f"left out: {problem}", "red")
            bar.advance(task)

        exported = write_export(folder, to, output, options, show)
    print_json(asdict(exported) | {"output": str(output)})
    return EXIT_INCOMPLETE if exported.left_out or exported.failed else 0
