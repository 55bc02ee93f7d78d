"""``upcracknet prepare``: picks undamaged patches from photos that have cracks and no masks."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, validators
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from upcracknet.data.dataset import Sample
from upcracknet.errors import DataError, PhotoError
from upcracknet.preparation import (
    PreparationSettings,
    choose_undamaged,
    find_photos,
    measure_purity,
    open_detector,
    require_no_patches,
    save_choice,
    survey_photos,
    windows_by_chance,
)

SOME_FAILED = 3

AtLeastOne = Annotated[int, Parameter(validator=validators.Number(gte=1))]
AtLeastZero = Annotated[int, Parameter(validator=validators.Number(gte=0))]


def prepare(
    photos: list[str],
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    count: AtLeastOne = 300,
    sizes: Annotated[tuple[int, ...], Parameter(consume_multiple=True, negative="")] = (128, 192, 256),
    rounds: AtLeastZero = 2,
    per_photo: AtLeastOne | None = None,
    model: str = "default",
    seed: AtLeastZero = 0,
    split: str = "train",
    data_root: Path | None = None,
) -> int:
    """Pick undamaged patches from photos that have cracks, without any masks.

    Ranks windows of all photos by what a model finds in them, then in rounds
    also by a small classifier that learns from the cleanest of them, as they
    are and with painted cracks. Writes images/ (windows at their own size),
    manifest.json, contact-sheet.png with the most doubtful chosen windows and
    rejected.png with those just beyond the limit: look at both, delete what has
    cracks, then give the folder to `upcracknet train --photos`. A photo that
    cannot be read is reported and the others go on (exit code 3).

    For example:

        upcracknet prepare survey/ -o patches

        upcracknet prepare survey/ 'more/*.jpg' -o patches --model local-contrast --count 500

    Args:
        photos: Files, folders (searched for photos in all subfolders), globs, or names of datasets; masks
            that lie with them are used only to tell, afterwards, how many chosen patches are free of cracks.
        output: Folder for the results; made as needed.
        count: How many patches; fewer where no more look undamaged.
        sizes: Sides of the windows in pixels, multiples of 16 from 64 on.
        rounds: How often the classifier learns and the choice is made anew; 0 leaves it to the model.
        per_photo: At most so many patches from one photo; without it twice a photo's fair share.
        model: default, paper, a run folder, a .safetensors file, or local-contrast (nothing learned).
        seed: The same seed gives the same patches.
        split: Part of the datasets: train, val or test.
        data_root: Folder with the named datasets; else the variable UPCRACKNET_DATA.
    """
    require_no_patches(output)
    settings = PreparationSettings(count, sizes, rounds, per_photo, seed)
    samples = find_photos(photos, output=output, root=data_root, split=split)
    detector, weights = open_detector(model)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    failed: list[dict[str, str]] = []
    with Progress(*columns, TextColumn("left"), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        tasks: dict[str, TaskID] = {}

        def tell(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        def fail(sample: Sample, error: PhotoError) -> None:
            failed.append({"photo": str(sample.photo_path), "error": str(error)})
            bar.console.print(f"failed: {error}", style="red", markup=False, highlight=False, soft_wrap=True)

        surveyed = survey_photos(samples, detector, on_failure=fail, progress=tell)
        choice = choose_undamaged(surveyed, settings, progress=tell)
        giving = len({ranked.sample.photo_path for ranked in choice.chosen})
        counts = {
            "photos": len(samples),
            "failed": len(failed),
            "photos_with_patches": giving,
            "photos_without_patches": len(surveyed) - giving,
            "patches": len(choice.chosen),
        }
        notes = {"model": model, "weights": weights, "counts": counts, "failed": failed}
        save_choice(choice, output, notes, on_saved=lambda done, total: tell("writing", done, total))
    if not choice.chosen:
        raise DataError(
            f"no window of {len(surveyed)} photos looks undamaged; look at {output / 'rejected.png'}, "
            "then give more photos, or smaller --sizes"
        )
    summary: dict[str, Any] = {"folder": str(output), **counts, "limit": choice.limit}
    windows = [(ranked.sample, ranked.window) for ranked in choice.chosen]
    purity = measure_purity(windows)
    if purity is not None:
        chance = measure_purity(windows_by_chance(windows, [photo.sample for photo in surveyed], seed))
        summary |= {"purity": asdict(purity), "purity_by_chance": chance and asdict(chance)}
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")
    return SOME_FAILED if failed else 0
