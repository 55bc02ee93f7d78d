"""``upcracknet detect``: crack maps of photos, one after the other, resumable."""

import json
import sys
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter, validators
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from upcracknet.cli.results import ResultLog, photos_to_detect, result_paths
from upcracknet.data.photo import load_photo
from upcracknet.detection import CrackDetector
from upcracknet.detection.acceleration import engine_of
from upcracknet.detection.detector import check_size
from upcracknet.detection.pretrained import weights_checksum
from upcracknet.errors import PhotoError
from upcracknet.runtime.engines import Precision, Runtime
from upcracknet.survey import detect_raster, is_for_windows

SOME_FAILED = 3
SHOWN = 20
"""Rows of the table on the terminal."""


def detect(
    photos: list[str],
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    model: str = "default",
    preset: str | None = None,
    score: Literal["none", "png", "npy"] = "none",
    millimetres_per_pixel: Annotated[float | None, Parameter(validator=validators.Number(gt=0))] = None,
    overlap: int | None = None,
    batch_size: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 8,
    runtime: Runtime = "auto",
    precision: Precision = "fp32",
    overwrite: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Find the cracks in photos.

    Writes overlays/ (the photo, cracks in red), masks/ (255 = crack), on
    request scores/, and one summary.csv and summary.json with crack pixels and
    their share of each photo. Georeferenced and very large images are read in
    windows (with the package rasterio), and their masks and scores are GeoTIFFs
    that lie where the image lies. Photos that are finished already are skipped. A
    photo that cannot be read is reported and the others go on (exit code 3).

    For example:

        upcracknet detect photo.jpg -o out

        upcracknet detect survey/ 'more/*.jpg' -o out --score png

        upcracknet detect photo.jpg -o out --model up-cracknet-32 --preset authors

    Args:
        photos: Files, folders (searched for photos in all subfolders), or globs.
        output: Folder for the results; made as needed.
        model: default, teacher, up-cracknet-32, up-cracknet-32-calibrated, a run folder of `upcracknet
            train`, a .safetensors file, a file of `upcracknet export`, or a classical method of
            `upcracknet methods`, such as sauvola.
        preset: Detection settings other than the model's own: paper, paper-running or authors; for
            weights of Deepcrack19 guided-filter.
        score: Also write the score map, as 16-bit PNG or as float32 NumPy array; of images in windows as
            16-bit GeoTIFF.
        millimetres_per_pixel: Size of a pixel on the road; adds the crack area in cm² to the summary. Images
            that are georeferenced in metres know it.
        overlap: Overlap of neighbouring tiles of large photos, in pixels; without it 96, for the
            paper's network 64.
        batch_size: Tiles scored at a time; more is faster and takes more memory.
        runtime: What runs the network: torch, onnx or openvino; auto takes the fastest that is installed.
            The first time a model is exported, which takes about ten seconds.
        precision: bf16 and int8 are faster and slightly different. bf16 needs a processor that has it, and
            torch or openvino; int8 onnx or openvino.
        overwrite: Detect again in photos that are finished.
    """
    found = photos_to_detect(photos, output)
    detector = CrackDetector.from_pretrained(
        model, preset=preset, overlap=overlap, batch_size=batch_size, runtime=runtime, precision=precision
    )
    weights = weights_checksum(model)
    settings = {"model": model, "weights": weights, "preset": preset, "score": score, "overlap": overlap}
    settings |= {"engine": engine_of(detector.scorer), "precision": precision}
    log = ResultLog(output, settings | {"millimetres_per_pixel": millimetres_per_pixel}, overwrite=overwrite)
    paths = result_paths(found)
    waiting = [photo for photo in found if not log.is_finished(photo)]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(
            *columns, TextColumn("left"), TimeRemainingColumn(), console=Console(stderr=True)
        ) as bar:
            task = bar.add_task("detecting", total=len(found), completed=len(found) - len(waiting))
            queue: deque[Path] = deque()
            large: list[Path] = []

            def failed(photo: Path, error: PhotoError) -> None:
                log.add_failure(photo, str(error))
                bar.console.print(
                    f"failed: {error}", style="red", markup=False, highlight=False, soft_wrap=True
                )
                bar.advance(task)

            def readable() -> Iterator[np.ndarray]:
                for photo in waiting:
                    if is_for_windows(photo):
                        large.append(photo)
                        continue
                    try:
                        loaded = load_photo(photo)
                        check_size(loaded.shape[0], loaded.shape[1], str(photo))
                    except PhotoError as error:
                        failed(photo, error)
                        continue
                    queue.append(photo)
                    yield loaded

            for crack_map in detector.detect_many(readable()):
                photo = queue.popleft()
                log.add(photo, crack_map, paths[photo], score, millimetres_per_pixel)
                bar.advance(task)
            for photo in large:
                name = paths[photo]
                files = {"overlay": f"overlays/{name}.png", "mask": f"masks/{name}.tif"}
                files["score"] = "" if score == "none" else f"scores/{name}.tif"
                tiles = bar.add_task(f"  {photo.name}, tiles")
                try:
                    found_cracks = detect_raster(
                        detector,
                        photo,
                        output / files["mask"],
                        overlay=output / files["overlay"],
                        score=output / files["score"] if files["score"] else None,
                        progress=partial(_tiles, bar, tiles),
                    )
                    log.add_written(photo, found_cracks, files, millimetres_per_pixel)
                    bar.advance(task)
                except PhotoError as error:
                    failed(photo, error)
                bar.remove_task(tiles)
    finally:
        summary = log.write_summary(found)
    Console(stderr=True).print(_table([log.rows[str(photo)] for photo in found if str(photo) in log.rows]))
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    return SOME_FAILED if summary["failed"] else 0


def _tiles(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)


def _table(rows: list[dict[str, Any]]) -> Table:
    """The photos with the largest crack share first; the rest is in the summary."""
    table = Table(box=SIMPLE_HEAD)
    for column, justify in (("photo", "left"), ("crack pixels", "right"), ("share", "right")):
        table.add_column(column, justify=justify, overflow="ellipsis", no_wrap=True)  # type: ignore[arg-type]
    done = sorted((row for row in rows if row["status"] == "done"), key=lambda row: -row["area_share"])
    for row in done[:SHOWN]:
        table.add_row(row["photo"], f"{row['crack_pixels']:,}", f"{row['area_share']:.2%}")
    if len(done) > SHOWN:
        table.add_row(f"… and {len(done) - SHOWN} more in summary.csv", "", "")
    return table
