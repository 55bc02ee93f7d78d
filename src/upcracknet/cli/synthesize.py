"""`upcracknet synthesize`: made road photos whose cracks are known exactly."""

import json
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter, validators
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from upcracknet.data.photo import save_image_atomically
from upcracknet.data.synthetic import Surface, SyntheticRoad, synthesize_road
from upcracknet.errors import OutputError
from upcracknet.files import write_atomically

AtLeastOne = Annotated[int, Parameter(validator=validators.Number(gte=1))]


def synthesize(
    output: Path,
    *,
    count: AtLeastOne = 12,
    height: AtLeastOne = 384,
    width: AtLeastOne = 544,
    surface: Surface | None = None,
    seed: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 0,
    distractors: bool = True,
    overwrite: bool = False,
) -> None:
    """Make road photos with exact crack masks, and the same roads undamaged.

    Writes photos/, masks/ (255 = crack) and undamaged/ as PNG, and
    manifest.json; a summary as JSON goes to standard output. The same seed
    makes the same photos.

    For example:

        upcracknet synthesize out/roads

        upcracknet synthesize out/concrete --surface concrete --count 100 --height 256 --width 256

    Args:
        output: Folder for the results; made as needed.
        count: Number of roads.
        height: Height of each photo in pixels.
        width: Width of each photo in pixels.
        surface: Material of all roads; without it each road draws its own.
        seed: Seed of the first road; each further road takes the next number.
        distractors: Add shadows, stains, joints, paint and the like, which are no
            cracks.
        overwrite: Replace the roads that are in the folder already.
    """
    manifest = output / "manifest.json"
    if manifest.exists() and not overwrite:
        raise OutputError(
            f"{manifest} is there already; choose another folder, or replace it with --overwrite"
        )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        numbers = bar.track(range(seed, seed + count), description="synthesizing")
        entries = [
            _save(synthesize_road(number, height, width, surface=surface, distractors=distractors), output)
            for number in numbers
        ]
    content = {"height": height, "width": width, "roads": entries}
    write_atomically(manifest, (json.dumps(content, indent=2) + "\n").encode())
    share = float(np.mean([entry["crack_share"] for entry in entries]))
    summary = {"folder": str(output), "roads": count, "seed": seed, "crack_share": round(share, 6)}
    sys.stdout.write(json.dumps(summary, indent=2) + "\n")


def _save(road: SyntheticRoad, output: Path) -> dict[str, str | int | float]:
    """Writes one road's three pictures; returns its line of the manifest."""
    name = f"road-{road.seed:05d}.png"
    save_image_atomically(output / "photos" / name, road.photo)
    save_image_atomically(output / "masks" / name, road.mask.astype(np.uint8) * np.uint8(255))
    save_image_atomically(output / "undamaged" / name, road.undamaged)
    return {
        "photo": f"photos/{name}",
        "mask": f"masks/{name}",
        "undamaged": f"undamaged/{name}",
        "surface": road.surface,
        "seed": road.seed,
        "crack_share": round(float(road.mask.mean()), 6),
    }
