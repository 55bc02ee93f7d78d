"""``upcracknet synthesize``: synthetic road photos whose cracks are known exactly."""

import json
import os
import re
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter, validators

from upcracknet.cli.console import print_json, progress_bar
from upcracknet.data.photo import save_image_atomically
from upcracknet.data.synthetic import Surface, SyntheticRoad, synthesize_road
from upcracknet.errors import OutputError
from upcracknet.files import json_bytes, write_atomically

FILES = {
    "photo": "photos/road-{:05d}.png",
    "mask": "masks/road-{:05d}.png",
    "undamaged": "undamaged/road-{:05d}.png",
    "axes": "axes/road-{:05d}.json",
}
OWN = r"(photos|masks|undamaged)/road-\d+\.png|axes/road-\d+\.json"
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
    """Make synthetic road photos with exact crack masks, and the same roads undamaged.

    Writes photos/, masks/ (255 = crack) and undamaged/ as PNG, axes/ as JSON, and manifest.json; a summary as
    JSON goes to standard output. The same seed makes the same photos.

    A file in axes/ has the photo's width and height and a list "axes", one for each strand of a crack: places
    [x, y, width of the crack] about a pixel apart, all in pixels; pixel centres are at whole numbers. It is
    what measuring the photo should find.

    For example: upcracknet synthesize out/concrete --surface concrete --count 100 --height 256 --width 256

    Args:
        output: folder for the results; made as needed.
        count: number of roads.
        height: height of each photo in pixels.
        width: width of each photo in pixels.
        surface: material of all roads; without it each road draws its own.
        seed: seed of the first road; each further road takes the next number.
        distractors: add shadows, stains, joints, paint and the like, which are no cracks.
        overwrite: replace the roads of an earlier run; other files are never touched.
    """
    manifest = output / "manifest.json"
    own = _own_files(manifest, overwrite=overwrite)
    numbers = range(seed, seed + count)
    names = [name.format(number) for number in numbers for name in FILES.values()]
    foreign = [name for name in names if name not in own and os.path.lexists(output / name)]
    if foreign:
        raise OutputError(f"{output / foreign[0]} is there and not in {manifest}; choose another folder")
    with progress_bar() as bar:
        entries = [
            _save(synthesize_road(number, height, width, surface=surface, distractors=distractors), output)
            for number in bar.track(numbers, description="synthesizing")
        ]
    write_atomically(manifest, json_bytes({"height": height, "width": width, "roads": entries}))
    for name in own.difference(names):
        (output / name).unlink(missing_ok=True)
    share = float(np.mean([entry["crack_share"] for entry in entries]))
    print_json({"folder": str(output), "roads": count, "seed": seed, "crack_share": round(share, 6)})


def _own_files(manifest: Path, *, overwrite: bool) -> set[str]:
    """The files that an earlier run wrote, which may be replaced."""
    if not manifest.exists():
        return set()
    if not overwrite:
        raise OutputError(f"{manifest} is there already; choose another folder, or give --overwrite")
    try:
        roads = json.loads(manifest.read_bytes())["roads"]
        named = {road[kind] for road in roads for kind in FILES if kind in road}
        return {name for name in named if re.fullmatch(OWN, name)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{manifest} was not written by this command; choose another folder") from error


def _save(road: SyntheticRoad, output: Path) -> dict[str, str | int | float]:
    """Write one road's three pictures and its axes; return its line of the manifest."""
    files = {kind: name.format(road.seed) for kind, name in FILES.items()}
    save_image_atomically(output / files["photo"], road.photo)
    save_image_atomically(output / files["mask"], road.mask.astype(np.uint8) * np.uint8(255))
    save_image_atomically(output / files["undamaged"], road.undamaged)
    height, width = road.mask.shape
    axes = [axis.round(2).tolist() for axis in road.axes]
    write_atomically(output / files["axes"], json_bytes({"width": width, "height": height, "axes": axes}))
    share = round(float(road.mask.mean()), 6)
    return {**files, "surface": road.surface, "seed": road.seed, "crack_share": share}
