"""``upcracknet synthesize``: synthetic road photos whose cracks are known exactly."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Parameter, validators

from upcracknet.cli.console import error_console, print_json, progress_bar, task_bar
from upcracknet.data.photo import save_image_atomically
from upcracknet.data.synthetic import Surface, SyntheticRoad, synthesize_road
from upcracknet.data.synthetic.drive import Drive
from upcracknet.data.synthetic.drive_files import write_drive
from upcracknet.data.synthetic.own_files import Manifest
from upcracknet.files import json_bytes, write_atomically

FILES = {
    "photo": "photos/road-{:05d}.png",
    "mask": "masks/road-{:05d}.png",
    "undamaged": "undamaged/road-{:05d}.png",
    "axes": "axes/road-{:05d}.json",
}
MANIFEST = Manifest(
    "manifest.json", "roads", tuple(FILES), r"(photos|masks|undamaged)/road-\d+\.png|axes/road-\d+\.json"
)
AtLeastOne = Annotated[int, Parameter(validator=validators.Number(gte=1))]


def synthesize(
    output: Path,
    *,
    count: AtLeastOne | None = None,
    height: AtLeastOne | None = None,
    width: AtLeastOne | None = None,
    surface: Surface | None = None,
    seed: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 0,
    distractors: bool = True,
    drive: Literal["first", "later"] | None = None,
    overwrite: bool = False,
) -> None:
    """Make synthetic road photos with exact crack masks, and the same roads undamaged.

    Writes photos/, masks/ (255 = crack) and undamaged/ as PNG, axes/ as JSON, and manifest.json; a summary as
    JSON goes to standard output. The same seed makes the same photos.

    A file in axes/ has the photo's width and height and a list "axes", one for each strand of a crack: places
    [x, y, width of the crack] about a pixel apart, all in pixels; pixel centres are at whole numbers. It is
    what measuring the photo should find.

    With --drive it makes a car's drive instead: photos/ as JPEG with the camera's clock, which is an hour
    behind, masks/, track.gpx, and truth.json with the cracks of each photo and of each 100 m. A pixel is 2 mm
    of road.

    For example:

        upcracknet synthesize out/concrete --surface concrete --count 100 --height 256 --width 256

        upcracknet synthesize out/2025 --drive first

        upcracknet synthesize out/2026 --drive later

    Args:
        output: folder for the results; made as needed.
        count: number of photos; without it 12, of a drive 40.
        height: height of each photo in pixels; without it 384, of a drive 768.
        width: width of each photo in pixels; without it 544, of a drive 512.
        surface: material of all roads; without it each road draws its own, and a drive is on asphalt.
        seed: seed of the first road; each further road takes the next number. Of a drive, seed of its road.
        distractors: add shadows, stains, joints, paint and the like, which are no cracks; a drive has none.
        drive: photos straight down along a road: the first drive, or a later one, a year on, when the cracks
            of the same road have grown.
        overwrite: replace the roads of an earlier run; other files are never touched.
    """
    if drive is not None:
        given: dict[str, Any] = {"count": count, "height": height, "width": width, "surface": surface}
        given = {name: value for name, value in given.items() if value is not None}
        with task_bar(error_console(), "synthesizing") as show:
            chosen = Drive(seed=seed, later=drive == "later", **given)
            truth = write_drive(output, chosen, overwrite=overwrite, show=show)
        print_json({"folder": str(output)} | {key: truth[key] for key in truth if key != "photos"})
        return
    count, height, width = count or 12, height or 384, width or 544
    numbers = range(seed, seed + count)
    names = [name.format(number) for number in numbers for name in FILES.values()]
    with MANIFEST.writing(output, names, overwrite=overwrite) as manifest, progress_bar() as bar:
        entries = [
            _save(synthesize_road(number, height, width, surface=surface, distractors=distractors), output)
            for number in bar.track(numbers, description="synthesizing")
        ]
        manifest |= {"height": height, "width": width, "roads": entries}
    share = float(np.mean([entry["crack_share"] for entry in entries]))
    print_json({"folder": str(output), "roads": count, "seed": seed, "crack_share": round(share, 6)})


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
