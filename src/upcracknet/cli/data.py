"""``upcracknet data``: fetch the published datasets, list them, and mine undamaged patches."""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter, validators
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from upcracknet.data.crack500 import SPLITS
from upcracknet.data.dataset import data_root, open_dataset
from upcracknet.data.download import SOURCES, download_dataset
from upcracknet.data.mining import save_patches
from upcracknet.data.patches import WINDOW_SIZES, UndamagedPatches
from upcracknet.errors import DataError

app = App(
    name="data",
    help="Fetch the published datasets, list them, and mine undamaged patches.",
)


@app.command
def download(name: str, *, data_root: Path, url: str | None = None) -> None:
    """Download a published dataset; an interrupted download goes on where it stopped.

    Example: `upcracknet data download deepcrack --data-root ~/crack-data`

    Args:
        name: deepcrack or cfd; crack500 says where to get it by hand.
        data_root: Folder for all datasets; made as needed.
        url: Mirror to fetch the archive from, instead of the authors' address.
    """
    console = Console(stderr=True)
    if name in SOURCES:
        console.print(f"{name}: {SOURCES[name].page}\nterms of use: {SOURCES[name].terms}", highlight=False)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as bar:
        task = bar.add_task(name, total=None)
        folder = download_dataset(
            name,
            data_root,
            url=url,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _write_json({"dataset": name, "folder": str(folder), "terms": SOURCES[name].terms})


@app.command(name="list")
def list_datasets(*, root: Annotated[Path | None, Parameter(name="--data-root")] = None) -> None:
    """List the published datasets, their terms, and how many photos of each part are there.

    Example: `upcracknet data list --data-root ~/crack-data`

    Args:
        root: Folder with the datasets; without it the variable UPCRACKNET_DATA counts.
    """
    folder = data_root(root)
    _write_json(
        {
            name: {"page": source.page, "terms": source.terms, "photos": _count_photos(name, folder)}
            for name, source in SOURCES.items()
        }
    )


@app.command
def mine(
    source: str,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    count: int = 300,
    size: int = 256,
    window_sizes: Annotated[tuple[int, ...], Parameter(consume_multiple=True, negative="")] = WINDOW_SIZES,
    stride: int = 16,
    margin: int = 4,
    split: str = "train",
    seed: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 0,
    root: Annotated[Path | None, Parameter(name="--data-root")] = None,
) -> None:
    """Cut undamaged patches from photos whose cracks are marked, or from photos without cracks.

    Example: `upcracknet data mine deepcrack -o undamaged --count 300 --window-sizes 128 256`

    Args:
        source: deepcrack, cfd, crack500, or a folder of photos with or without masks.
        output: Folder for images/, manifest.json and contact-sheet.png.
        count: How many patches.
        size: Side of a patch in pixels.
        window_sizes: Sides of the windows cut from the photos in pixels; each is scaled to the patch's size.
        stride: Step between candidate windows in pixels.
        margin: Distance to keep from marked cracks in pixels.
        split: Part of the dataset: train, val or test.
        seed: The same seed gives the same patches.
        root: Folder with the datasets; without it the variable UPCRACKNET_DATA counts.
    """
    patches = UndamagedPatches(
        open_dataset(source, root, split),
        size=size,
        window_sizes=window_sizes,
        stride=stride,
        margin=margin,
        augment=False,
        patches_per_epoch=count,
        seed=seed,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("mining", total=count)
        save_patches(patches, output, on_saved=lambda done: bar.update(task, completed=done))
    _write_json(
        {
            "folder": str(output),
            "patches": count,
            "photos": patches.photo_count,
            "windows": patches.window_count,
        }
    )


def _count_photos(name: str, root: Path) -> dict[str, int]:
    """Photos by variant and split; splits that are not there, or not whole, are left out."""
    found = {}
    for split in SPLITS:
        try:
            dataset = open_dataset(name, root, split)
        except DataError:
            continue
        found[f"{dataset.name} {split}"] = len(dataset)
    return found


def _write_json(result: object) -> None:
    sys.stdout.write(json.dumps(result, indent=2) + "\n")
