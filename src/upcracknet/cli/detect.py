"""``upcracknet detect``: the cracks of one photo or a million, resumable, on one machine or many."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.progress import TaskID

from upcracknet.cli.console import EXIT_INCOMPLETE, error_console, print_line, progress_bar
from upcracknet.cli.photos_done import print_problems, print_sums, print_worst, summed_up
from upcracknet.results import DetectionOptions, MeasureOptions, Record, open_detection
from upcracknet.results.by_ray import Cluster
from upcracknet.results.log import logged
from upcracknet.results.planning import Work
from upcracknet.results.run import Executor


def detect(
    photos: list[str],
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    options: Annotated[DetectionOptions, Parameter(name="*")] = DetectionOptions(),  # noqa: B008 - frozen
    measure: bool = True,
    measuring: Annotated[MeasureOptions, Parameter(name="*")] = MeasureOptions(),  # noqa: B008 - frozen
    overwrite: Annotated[bool, Parameter(negative="")] = False,
    engine: Executor = "local",
    workers: int | None = None,
    address: str | None = None,
) -> int:
    """Find the cracks in photos and measure them: one photo, or any number.

    Writes a result folder (docs/results-folder.md): masks/ (255 = crack), overlays/
    (the photo, cracks in red), cracks/ (all that was measured, one JSON a photo), on
    request scores/ and pictures/, records/ (one JSON a photo), photos.csv, cracks.csv
    and the same as Parquet (with pyarrow), and summary.json. Georeferenced and very
    large images are read in windows (with rasterio); their masks and scores are
    GeoTIFFs that lie where the image lies. Frames of videos are photos like any other
    (with PyAV; docs/video.md). The same command again does what is missing, also after
    a crash. A photo that cannot be used costs no other (exit code 3).

    For example:

        upcracknet detect photo.jpg -o out

        upcracknet detect photos/ 'more/*.jpg' s3://roads/2026/ -o out --scores png

        upcracknet detect photos/ -o out --scale scale.json --standard fhwa-ltpp

        upcracknet detect photos/ -o out --region region.json

        upcracknet detect drive.mp4 -o out --gpx track.gpx --every 2m

        upcracknet detect photos/ -o /shared/out --engine ray --address auto

    Args:
        photos: files, folders with all their subfolders, globs, addresses such as s3://bucket/folder, or
            videos.
        output: folder for the results; made as needed. Workers on several machines need one that all share.
        options: how cracks are found.
        measure: measure the cracks, in millimetres where there is a scale.
        measuring: how cracks are measured.
        overwrite: detect again in photos that are finished.
        engine: local works in this process; ray spreads the photos over processes and machines.
        workers: workers of Ray; without it one for each two processors, on cards one for each card.
        address: cluster of Ray to join; without it one is started on this machine.
    """
    console = error_console()
    with (
        open_detection(photos, output, options, measuring.or_none(measure), overwrite=overwrite) as detection,
        logged(output, "detect", detection.described) as log,
        progress_bar(console) as bar,
    ):
        print_line(console, detection.what_runs)
        if detection.left_out:
            print_line(console, detection.left_out, "yellow")
        plan, tiles = detection.plan, dict[str, TaskID]()
        total = plan.finished + len(plan.to_measure) + len(plan.todo)
        task = bar.add_task("detecting", total=total, completed=plan.finished)

        def show_tiles(work: Work, done: int, total: int) -> None:
            if work.name not in tiles:
                tiles[work.name] = bar.add_task(f"  {work.name}, tiles", total=total)
            bar.update(tiles[work.name], completed=done, visible=done < total)

        def show(record: Record) -> None:
            print_problems(console, record)
            log.record(record)
            bar.advance(task)

        counts, worst = detection.run(show, engine, Cluster(workers, address), show_tiles)
        log.note(summed_up(counts))
    print_worst(console, worst)
    print_sums(counts, output)
    return EXIT_INCOMPLETE if counts.failed else 0
