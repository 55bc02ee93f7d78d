"""``upcracknet detect``: the cracks of one photo or a million, resumable, on one machine or many."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.progress import TaskID

from upcracknet.cli.console import (
    EXIT_INCOMPLETE,
    error_console,
    print_json,
    print_line,
    print_table,
    progress_bar,
)
from upcracknet.results import DetectionOptions, Record, open_detection
from upcracknet.results.by_ray import Cluster
from upcracknet.results.run import Executor
from upcracknet.results.writing import Work


def detect(
    photos: list[str],
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    options: Annotated[DetectionOptions, Parameter(name="*")] = DetectionOptions(),  # noqa: B008 - frozen
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    engine: Executor = "local",
    workers: int | None = None,
    address: str | None = None,
) -> int:
    """Find the cracks in photos: one, or any number, on one machine or many.

    Writes a result folder (docs/results-folder.md): masks/ (255 = crack), overlays/
    (the photo, cracks in red), on request scores/, records/ (one JSON a photo),
    photos.csv, photos.parquet (with pyarrow) and summary.json. Georeferenced and very
    large images are read in windows (with rasterio); their masks and scores are
    GeoTIFFs that lie where the image lies. The same command again does what is missing,
    also after a crash. A photo that cannot be used costs no other (exit code 3).

    For example:

        upcracknet detect photo.jpg -o out

        upcracknet detect photos/ 'more/*.jpg' s3://roads/2026/ -o out --scores png

        upcracknet detect photos/ -o /shared/out --engine ray --address auto

    Args:
        photos: files, folders with all their subfolders, globs, or addresses such as s3://bucket/folder.
        output: folder for the results; made as needed. Workers on several machines need one that all share.
        options: how.
        overwrite: detect again in photos that are finished.
        engine: local works in this process; ray spreads the photos over processes and machines.
        workers: workers of Ray; without it one for each two processors.
        address: cluster of Ray to join; without it one is started on this machine.
    """
    console = error_console()
    with (
        open_detection(photos, output, options, overwrite=overwrite) as detection,
        progress_bar(console) as bar,
    ):
        if detection.left_out:
            print_line(console, detection.left_out, "yellow")
        plan, tiles = detection.plan, dict[str, TaskID]()
        task = bar.add_task("detecting", total=plan.finished + len(plan.todo), completed=plan.finished)

        def show_tiles(work: Work, done: int, total: int) -> None:
            if work.name not in tiles:
                tiles[work.name] = bar.add_task(f"  {work.name}, tiles", total=total)
            bar.update(tiles[work.name], completed=done, visible=done < total)

        def show(record: Record) -> None:
            if record.error:
                print_line(console, f"failed: {record.error}", "red")
            if record.warning:
                print_line(console, f"warning: {record.photo}: {record.warning}", "yellow")
            bar.advance(task)

        counts, largest = detection.run(show, engine, Cluster(workers, address), show_tiles)
    if largest:
        cells = [(r.name, f"{r.crack_pixels:,}", f"{r.area_share:.2%}") for r in largest]
        print_table(
            console, "largest shares; all are in photos.csv", ("photo", "crack pixels", "share"), cells
        )
    print_json(asdict(counts) | {"output": str(output)})
    return EXIT_INCOMPLETE if counts.failed else 0
