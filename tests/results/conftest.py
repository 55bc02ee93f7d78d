import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from upcracknet.results import DetectionOptions, MeasureOptions, Record, open_detection
from upcracknet.results.log import LOG
from upcracknet.results.records import Counts
from upcracknet.results.remeasuring import open_remeasuring

LIGHT = DetectionOptions("local-contrast", runtime="torch")
IN_MM = MeasureOptions(millimetres_per_pixel=2.0)


def write_photos(folder: Path, count: int, size: tuple[int, int] = (64, 96)) -> Path:
    for number in range(count):
        photo = np.random.default_rng(number).normal(150, 9, (*size, 3)).clip(0, 255).astype(np.uint8)
        for x in range(size[1]):  # not straight, which would be a joint
            y = 20 + number % 30 + round(5 * np.sin(x / 7))
            photo[y : y + 4, x] = 40
        path = folder / f"day-{number % 2}" / f"{number:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), photo)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """All files of a result folder but the lock and the log."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    files.pop(LOG, None)
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(".upcracknet")}


@pytest.fixture
def photos(tmp_path) -> Path:
    return write_photos(tmp_path / "photos", 6)


@pytest.fixture
def detect(tmp_path) -> Callable[..., tuple[list[Record], Counts]]:
    """Finds cracks with the light model; gives the records made and the counts."""
    usual = MeasureOptions()

    def run(*photos, out=tmp_path / "out", options=LIGHT, measure=usual, overwrite=False, **how):
        with open_detection([*map(str, photos)], out, options, measure, overwrite=overwrite) as detection:
            records = list[Record]()
            counts, _ = detection.run(records.append, **how)
            return records, counts

    return run


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "photos.csv").open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def cracks(folder: Path) -> list[dict[str, str]]:
    with (folder / "cracks.csv").open(newline="") as file:
        return [*csv.DictReader(file)]


def of(records: list[Record]) -> dict[str, Record]:
    return {record.name: record for record in records}


@pytest.fixture
def measure(tmp_path):
    """Measures a result folder; gives the records made, the counts and the photos without a mask."""

    def run(options, folder=tmp_path / "out", *, overwrite=False):
        with open_remeasuring(folder, options, overwrite=overwrite) as remeasuring:
            records = list[Record]()
            counts, _ = remeasuring.run(records.append)
            return records, counts, remeasuring.without_mask

    return run
