"""``upcracknet report``: what was found, as a page that works offline, and as a PDF."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import print_json
from upcracknet.report.making import ReportOptions, make_report
from upcracknet.results import read_results


def report(
    results: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("report.html"),
    options: Annotated[ReportOptions, Parameter(name="*", negative="")] = ReportOptions(),  # noqa: B008 - frozen
) -> None:
    """Write a report of a result folder, to read, to print and to pass on.

    One HTML file with everything in it: summary, map, worst sections with photos,
    tables, widths, method, scale, limits, and photos that failed. It works without
    internet. With --pdf the same is written as a PDF beside it.

    For example:

        upcracknet report out -o report.html --pdf

        upcracknet report out -o bericht.html --language de --title "Hauptstraße"

    Args:
        results: output folder of `upcracknet detect`; `upcracknet map` adds map and sections to it.
        output: the HTML file; a report that is there is replaced.
        options: how.
    """
    content = make_report(read_results(results), output, options, datetime.now().astimezone().date())
    tally = content.tally
    print_json(
        {
            "photos": len(content.photos) + len(content.failed),
            "failed": len(content.failed),
            "sections": len(content.sections),
            "crack_length_m": round(tally.cracks.length_m, 1) if tally.has_scale else None,
            "report": str(output),
            "pdf": str(output.with_suffix(".pdf")) if options.pdf else None,
        }
    )
