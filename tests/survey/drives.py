"""A synthetic drive as a result folder: detected or with its true masks, measured, and on the map."""

import json
import shutil
from pathlib import Path

from upcracknet.cli.main import run
from upcracknet.data.synthetic.drive import Drive
from upcracknet.data.synthetic.drive_files import write_drive

QUICK = ("--model", "local-contrast", "--runtime", "torch", "--no-overlays", "--no-measure")
"""Where the true masks take the place of what is found."""


def detect(folder: Path, drive: Drive, *options: str) -> Path:
    """Make a drive and find its cracks."""
    write_drive(folder / "drive", drive)
    results = folder / "out"
    assert run(["detect", str(folder / "drive/photos"), "-o", str(results), *options]) == 0
    return results


def mapped(results: Path) -> Path:
    """Put a drive's photos on the map."""
    track = str(results.parent / "drive/track.gpx")
    assert run(["map", str(results), "--gpx", track, "--clock-offset", "3600", "--straight-down"]) == 0
    return results


def with_true_masks(results: Path) -> Path:
    """Put the true masks in place of what was found, and measure them."""
    for mask in (results.parent / "drive/masks").iterdir():
        shutil.copy(mask, results / "masks" / f"{mask.stem}.jpg.png")
    assert run(["measure", str(results), "--millimetres-per-pixel", "2", "--overwrite"]) == 0
    return results


def truth_of(results: Path) -> dict:
    """What is true of the drive that a result folder is of."""
    return json.loads((results.parent / "drive/truth.json").read_text())
