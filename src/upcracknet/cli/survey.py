"""``upcracknet survey``: the cracks of any number of photos, on any number of machines."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from upcracknet.detection.pretrained import load_scorer, weights_checksum
from upcracknet.errors import OutputError
from upcracknet.files import claimed
from upcracknet.runtime import Precision, Runtime
from upcracknet.survey.engines import Engine, run_survey
from upcracknet.survey.records import COLUMNS, finished_record, require_parquet, write_tables
from upcracknet.survey.storage import PhotoReference, find_photos
from upcracknet.survey.worker import SurveySettings

SOME_FAILED = 3


def survey(
    photos: list[str],
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    engine: Engine = "local",
    workers: Annotated[int | None, Parameter(validator=validators.Number(gte=1))] = None,
    address: str | None = None,
    model: str = "default",
    preset: str | None = None,
    runtime: Runtime = "auto",
    precision: Precision = "fp32",
    overlays: bool = True,
    scores: bool = False,
    millimetres_per_pixel: Annotated[float | None, Parameter(validator=validators.Number(gt=0))] = None,
    overlap: int | None = None,
) -> int:
    """Find the cracks of any number of photos, on any number of machines.

    Writes masks/ (255 = crack), overlays/ (the photo, cracks in red), records/ (one
    JSON a photo, written last), and photos.parquet and summary.json of them all. The
    same command again does only what is missing, also after a crash; a photo that
    cannot be used is recorded and the others go on (exit code 3). Memory does not
    grow with the number of photos.

    For example:

        upcracknet survey roads/ -o out

        upcracknet survey s3://roads/2026/ -o out --no-overlays

        upcracknet survey roads/ -o /shared/out --engine ray --address auto

    Args:
        photos: Files, folders, globs, or addresses that fsspec knows, such as s3://bucket/folder.
        output: Folder for the results; workers on several machines need one that all share.
        engine: local works in this process; ray spreads the photos over processes and machines.
        workers: Workers of Ray; without it one for each two processors.
        address: Cluster of Ray to join; without it one is started on this machine.
        model: As for `detect`.
        preset: Detection settings other than the model's own.
        runtime: What runs the network: torch, onnx or openvino; auto takes the fastest that is installed.
        precision: bf16 and int8 are faster and slightly different. bf16 needs a processor that has it, and
            torch or openvino; int8 onnx or openvino.
        overlays: Write the photo with its cracks in red.
        scores: Write the score map, as 16-bit PNG.
        millimetres_per_pixel: Size of a pixel on the road; adds the crack area in cm².
        overlap: Overlap of neighbouring tiles of large photos, in pixels; without it 96, for the
            paper's network 64.
    """
    require_parquet()
    found = find_photos(photos, output)
    settings = SurveySettings(
        model, weights_checksum(model), preset, runtime, precision, overlap, overlays, scores,
        millimetres_per_pixel,
    )  # fmt: skip
    settings = replace(settings, runtime=_engine_of(settings))
    with claimed(output / ".lock") as holder:
        if holder is not None:
            raise OutputError(f"{output}: {holder}; wait for it, or give another folder")
        _clear(output)  # of a run that was killed
        known = [finished_record(output, photo, settings.to_dict()) for photo in found]
        records = [_row(record) for record in known if record is not None]
        missing = [photo for photo, record in zip(found, known, strict=True) if record is None]
        new = run_survey(missing, output, settings, engine=engine, workers=workers, address=address)
        try:
            records.extend(map(_row, _shown(found, missing, new)))
        finally:
            counts = write_tables(output, records)
        _clear(output)  # of workers that were killed
    sys.stdout.write(json.dumps(counts | {"output": str(output)}, indent=2) + "\n")
    return SOME_FAILED if counts["failed"] else 0


def _clear(output: Path) -> None:
    """Remove what was half-written."""
    for left in [*output.rglob(".*.part"), *output.rglob(".*.part.tif"), *output.rglob(".*.scores")]:
        left.unlink(missing_ok=True)


def _row(record: dict[str, Any]) -> dict[str, Any]:
    """What the tables need of a record: there may be very many."""
    return {column: record[column] for column in COLUMNS if column in record}


def _engine_of(settings: SurveySettings) -> Runtime:
    """The engine that will run, checked before any photo is read, and exported once for all workers."""
    from upcracknet.detection.acceleration import engine_of

    scorer, _ = load_scorer(
        settings.model, settings.preset, runtime=settings.runtime, precision=settings.precision
    )
    engine: Runtime = engine_of(scorer)
    return engine


def _shown(
    found: list[PhotoReference], missing: list[PhotoReference], records: Iterator[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("surveying", total=len(found), completed=len(found) - len(missing))
        if not missing:
            return
        for record in records:
            if record["status"] == "failed":
                bar.console.print(
                    f"failed: {record['error']}", style="red", markup=False, highlight=False, soft_wrap=True
                )
            bar.advance(task)
            yield record
