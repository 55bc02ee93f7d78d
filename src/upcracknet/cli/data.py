"""``upcracknet data``: fetch the published datasets, list them, and cut undamaged patches."""

import os
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter, validators

from upcracknet.cli.console import counter, error_console, print_json, print_line, progress_bar
from upcracknet.data.download import download_dataset
from upcracknet.data.mining import save_patches
from upcracknet.data.patches import WINDOW_SIZES, UndamagedPatches
from upcracknet.data.registry import DATA_ROOT_VARIABLE, DATASETS, count_photos, data_root, open_dataset

app = App(name="data", help="Fetch the published datasets, list them, and cut undamaged patches.")
DataRoot = Annotated[Path | None, Parameter(name="--data-root")]


@app.command
def download(name: str, *, data_root: Path, url: str | None = None) -> None:
    """Download a published dataset; an interrupted download goes on where it stopped.

    Example: `upcracknet data download deepcrack --data-root ~/crack-data`

    Args:
        name: deepcrack or cfd; crack500 says where to get it by hand.
        data_root: folder for all datasets; made as needed.
        url: mirror to fetch the archive from, instead of the authors' address.
    """
    if name in DATASETS:
        print_line(error_console(), f"{name}: {DATASETS[name].page}\nterms of use: {DATASETS[name].terms}")
    with progress_bar() as bar:
        task = bar.add_task(f"{name} (bytes)", total=None)

        def show(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        folder = download_dataset(name, data_root, url=url, progress=show)
    print_json({"dataset": name, "folder": str(folder), "terms": DATASETS[name].terms})


@app.command(name="list")
def list_datasets(*, root: DataRoot = None) -> None:
    """List the published datasets, their terms, and how many photos of each part are there.

    Example: `upcracknet data list --data-root ~/crack-data`

    Args:
        root: folder with the datasets; without it the variable UPCRACKNET_DATA counts.
    """
    # Sources and terms are worth reading before there is a folder.
    folder = data_root(root) if root or os.environ.get(DATA_ROOT_VARIABLE) else None
    found = {name: {} if folder is None else count_photos(each, folder) for name, each in DATASETS.items()}
    print_json({n: {"page": d.page, "terms": d.terms, "photos": found[n]} for n, d in DATASETS.items()})


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
    root: DataRoot = None,
) -> None:
    """Cut undamaged patches from photos whose cracks are marked, or from photos without cracks.

    For example: upcracknet data mine deepcrack -o undamaged --count 300 --window-sizes 128 256

    Args:
        source: deepcrack, cfd, crack500, or a folder of photos with or without masks.
        output: folder for images/, manifest.json and contact-sheet.png.
        count: how many patches.
        size: side of a patch in pixels.
        window_sizes: sides of the windows cut from the photos in pixels; each is scaled to the patch's size.
        stride: step between candidate windows in pixels.
        margin: distance to keep from marked cracks in pixels.
        split: part of the dataset: train, val or test.
        seed: the same seed gives the same patches.
        root: folder with the datasets; without it the variable UPCRACKNET_DATA counts.
    """
    cut: dict[str, Any] = {"size": size, "window_sizes": window_sizes, "stride": stride, "margin": margin}
    patches = UndamagedPatches(
        open_dataset(source, root, split), **cut, augment=False, patches_per_epoch=count, seed=seed
    )
    with progress_bar() as bar:
        manifest = save_patches(patches, output, on_saved=counter(bar, "mining"))
    print_json({"folder": str(output), "patches": count} | {k: manifest[k] for k in ("photos", "windows")})
