"""``upcracknet prepare``: picks undamaged patches from photos that have cracks and no masks."""

from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators
from rich.progress import TaskID

from upcracknet.cli.console import EXIT_INCOMPLETE, print_json, print_line, progress_bar
from upcracknet.data.dataset import Sample
from upcracknet.errors import PhotoError
from upcracknet.preparation import PreparationSettings, prepare_patches

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
    device: str = "auto",
    seed: AtLeastZero = 0,
    split: str = "train",
    data_root: Path | None = None,
) -> int:
    """Pick undamaged patches from photos that have cracks, without any masks.

    Ranks windows of all photos by what a model finds in them, then in rounds
    also by a small classifier that learns from the cleanest of them, as they
    are and with painted cracks. A window in which the model marks a crack is
    never picked. Writes images/ (windows at their own size), manifest.json,
    contact-sheet.png with the most doubtful chosen windows and rejected.png
    with those just beyond the limit: look at both, delete what has cracks, then
    give the folder to `upcracknet train --photos`. A photo that cannot be read
    is reported and the others go on (exit code 3). Where fewer windows than
    asked for look undamaged, a warning says how many; where none does, the
    command fails (exit code 1).

    For example:

        upcracknet prepare roads/ -o patches

        upcracknet prepare roads/ 'more/*.jpg' -o patches --model local-contrast --count 500

    Args:
        photos: files, folders (with all subfolders; where one has a folder images or photos, that alone),
            globs, or names of datasets; masks that lie with them are used only to say, afterwards, how many
            chosen patches are free of cracks.
        output: folder for the results; made as needed.
        count: how many patches; fewer where no more look undamaged.
        sizes: sides of the windows in pixels, multiples of 16 from 64 on.
        rounds: how often the classifier learns and the choice is made again; 0 leaves it to the model.
        per_photo: at most so many patches from one photo; without it twice a photo's fair share.
        model: a shipped model, a run folder, a .safetensors file, or local-contrast (nothing learned).
        device: where model and classifier run: auto, cpu, cuda, cuda:1 or mps; auto takes a card where there
            is one.
        seed: the same seed gives the same patches, on the same device.
        split: part of the datasets: train, val or test.
        data_root: folder with the named datasets; else the variable UPCRACKNET_DATA.
    """
    settings = PreparationSettings(count, sizes, rounds, per_photo, seed)
    with progress_bar() as bar:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done)

        def fail(sample: Sample, error: PhotoError) -> None:
            print_line(bar.console, f"failed: {error}", "red")

        work = partial(prepare_patches, model=model, device=device, split=split, data_root=data_root)
        summary = work(photos, output, settings, on_failure=fail, progress=show)
        if summary["patches"] < count:
            found = f"warning: only {summary['patches']} of {count} windows were found that look undamaged"
            print_line(bar.console, f"{found}; give more photos, or smaller --sizes", "yellow")
    print_json(summary)
    return EXIT_INCOMPLETE if summary["failed"] else 0
