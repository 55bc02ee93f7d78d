"""Pictures of what models mark: things that are no cracks, and a photo of 12 megapixels.

    UPCRACKNET_DATA=~/crack-data python benchmarks/pictures.py [MODEL …] [--output FOLDER]

Writes ``things.jpg``, a row for each thing, and ``large.jpg``: the photo, its cracks, and what each model
marks (``default`` if none is given). Cracks and marks are red. All is synthetic, as the judge's photos are.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from upcracknet.calibration.strata import Stratum, backgrounds, judged_photo
from upcracknet.calibration.things import things_alone
from upcracknet.data.photo import save_image_atomically
from upcracknet.detection import CrackDetector, CrackMap

ROADS = 4
"""Pictures of each thing."""

LARGE = (Stratum(12.0, (12.0, 30.0), "deep", "concrete"), Stratum(12.0, (60.0, 120.0), "medium", "asphalt"))
"""Photos of 12 megapixels that are shown, one below the other."""

WIDTH = 640  # pixels of each photo in the picture


def shrunk(picture: np.ndarray, width: int) -> np.ndarray:
    size = width, round(picture.shape[0] * width / picture.shape[1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def marked(photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return CrackMap(photo, mask.astype(np.float32), mask, 0.5).overlay()


def things(detectors: list[CrackDetector]) -> np.ndarray:
    columns = []
    for number in range(ROADS):
        _, pictures = things_alone(number)
        shown = [list(pictures.values())]
        shown += [[detector.detect(photo).overlay() for photo in pictures.values()] for detector in detectors]
        columns += [np.vstack([shrunk(one, WIDTH // 4) for one in column]) for column in shown]
    return np.hstack(columns)


def large(detectors: list[CrackDetector]) -> np.ndarray:
    rows, draws = [], backgrounds(())
    for stratum in LARGE:
        painted = judged_photo(stratum, draws)
        masks = [painted.cracks, *(detector.detect(painted.photo).mask for detector in detectors)]
        shown = [painted.photo, *(marked(painted.photo, mask) for mask in masks)]
        rows.append(np.hstack([shrunk(one, WIDTH) for one in shown]))
    return np.vstack(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", default=["default"], metavar="MODEL")
    parser.add_argument("--output", type=Path, default=Path("out/pictures"), metavar="FOLDER")
    chosen = parser.parse_args()
    detectors = [CrackDetector.from_pretrained(model) for model in chosen.models]
    save_image_atomically(chosen.output / "things.jpg", things(detectors))
    save_image_atomically(chosen.output / "large.jpg", large(detectors))


if __name__ == "__main__":
    main()
