"""What ``detect`` and ``measure`` show alike: what is wrong with a photo, the worst photos, the sums."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from upcracknet.cli.console import print_detail, print_json, print_line, print_table
from upcracknet.results.records import Counts, Record
from upcracknet.tables import NOT_GIVEN, figure

COLUMNS = ("photo", "cracks", "length", "greatest width", "severity", "share")


def print_problems(console: Console, record: Record) -> None:
    """Write why a photo failed, or what to know before its results are trusted; in detail what was found."""
    if record.status == "done":
        found = f"{figure(record.crack_count, 0)} cracks, {figure(record.crack_pixels, 0)} crack pixels"
        print_detail(console, f"{record.photo}: {record.width}×{record.height} pixels, {found}")
    if record.error:
        print_line(console, f"failed: {record.error}", "red")
    for warning in (record.warning, record.measure_warning):
        if warning:
            print_line(console, f"warning: {record.photo}: {warning}", "yellow")


def print_worst(console: Console, records: list[Record]) -> None:
    """Write a table of the worst photos: by severity, then by length; without measures by area."""
    if records:
        rows = [
            (
                record.name,
                figure(record.crack_count, 0),
                _length(record),
                NOT_GIVEN if record.crack_width_max_mm is None else f"{record.crack_width_max_mm:.1f} mm",
                record.severity or NOT_GIVEN,
                NOT_GIVEN if record.area_share is None else f"{record.area_share:.2%}",
            )
            for record in records
        ]
        print_table(console, "the worst photos; all are in photos.csv", COLUMNS, rows)


def print_sums(counts: Counts, output: Path, **more: Any) -> None:
    """Write the counts and the sums as JSON to standard output."""
    print_json(asdict(counts) | more | {"output": str(output)})


def summed_up(counts: Counts) -> str:
    """Give the counts in a line, for the log."""
    return "summary: " + ", ".join(f"{name} {value}" for name, value in asdict(counts).items())


def _length(record: Record) -> str:
    if record.crack_length_m is not None:
        return f"{record.crack_length_m:.2f} m"
    return NOT_GIVEN if record.crack_length_px is None else f"{record.crack_length_px:,.0f} px"
