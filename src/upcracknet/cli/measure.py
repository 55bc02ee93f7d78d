"""``upcracknet measure``: the cracks of a finished result folder, measured again without the network."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import EXIT_INCOMPLETE, error_console, print_line, progress_bar
from upcracknet.cli.photos_done import print_problems, print_sums, print_worst, summed_up
from upcracknet.results.log import logged
from upcracknet.results.records import Record
from upcracknet.results.remeasuring import open_remeasuring
from upcracknet.results.settings import MeasureOptions


def measure(
    results: Path,
    /,
    *,
    options: Annotated[MeasureOptions, Parameter(name="*")] = MeasureOptions(),  # noqa: B008 - frozen
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Measure the cracks that `upcracknet detect` found, again, by another scale or standard.

    Reads the masks of a result folder, and the photos where they still are. Writes
    cracks/ (one JSON a photo), cracks.csv, cracks.parquet (with pyarrow), and the
    measures in records/ and photos.csv. What people corrected (corrections/) counts in
    place of the masks, which stay as they are. Without a scale each photo keeps the one
    that it was measured by. The same command again does what is missing, also after a
    crash.

    For example:

        upcracknet measure out --scale scale.json

        upcracknet measure out --millimetres-per-pixel 1.2 --standard fhwa-ltpp

    Args:
        results: output folder of `upcracknet detect`.
        options: how.
        overwrite: measure again what was measured so already.
    """
    console = error_console()
    with (
        open_remeasuring(results, options, overwrite=overwrite) as remeasuring,
        logged(results, "measure", {"settings": options}) as log,
        progress_bar(console) as bar,
    ):
        for photo in remeasuring.without_mask:
            print_line(
                console, f"warning: {photo}: its mask is gone; run `upcracknet detect` again", "yellow"
            )
        for name in remeasuring.damaged:
            print_line(
                console, f"warning: {name}: its record is damaged; run `upcracknet detect` again", "yellow"
            )
        plan = remeasuring.plan
        total = plan.finished + len(plan.to_measure)
        task = bar.add_task("measuring", total=total, completed=plan.finished)

        def show(record: Record) -> None:
            print_problems(console, record)
            log.record(record)
            bar.advance(task)

        counts, worst = remeasuring.run(show)
        log.note(summed_up(counts))
    print_worst(console, worst)
    print_sums(counts, results, without_mask=len(remeasuring.without_mask))
    left = remeasuring.without_mask or remeasuring.damaged or counts.measured < counts.done
    return EXIT_INCOMPLETE if left else 0
