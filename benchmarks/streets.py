"""How often photos of road, and drawn street scenes, are taken for street scenes.

    python benchmarks/streets.py [--data-root DATA]

The table is in docs/where-the-road-is.md.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from upcracknet.data.photo import load_photo
from upcracknet.results.street import street_scene

SETS = {
    "DeepCrack, training": "DeepCrack/train_img/*.jpg",
    "DeepCrack, test": "DeepCrack/test_img/*.jpg",
    "CFD": "CFD/image/*.jpg",
    "Crack500 (640×360), training": "Crack500/train_img/*.jpg",
    "Crack500 (640×360), test": "Crack500/test_img/*.jpg",
}
SCENES = 300
SIZE = 480, 640

SKIES = [(120, 165, 225), (165, 195, 230), (235, 238, 242), (190, 192, 196)]
WALLS = [(150, 75, 60), (205, 190, 160), (160, 160, 158), (225, 222, 215), (120, 110, 100)]
TREES = [(60, 95, 45), (90, 115, 60), (130, 120, 70), (95, 85, 78)]
ROADS = [(95, 95, 97), (130, 128, 125), (160, 157, 150)]


def drawn_street(rng: np.random.Generator) -> UInt8[np.ndarray, "480 640 3"]:
    """Draw a street as a camera in a car sees it: sky, houses, trees and the road up to the horizon."""
    height, width = SIZE
    horizon = int(height * rng.uniform(0.35, 0.55))
    picture = np.empty((height, width, 3), np.uint8)
    picture[:horizon] = SKIES[rng.integers(len(SKIES))]
    picture[horizon:] = TREES[rng.integers(len(TREES))]
    for _ in range(rng.integers(2, 9)):  # houses, with windows
        left, wide = int(rng.uniform(-80, width)), int(rng.uniform(60, 220))
        top = int(horizon * rng.uniform(0.1, 0.8))
        cv2.rectangle(picture, (left, top), (left + wide, horizon + 15), WALLS[rng.integers(len(WALLS))], -1)
        for x in range(left + 12, left + wide - 12, 36):
            for y in range(top + 14, horizon - 14, 44):
                cv2.rectangle(picture, (x, y), (x + 16, y + 22), (50, 55, 65), -1)
    for _ in range(rng.integers(1, 10)):  # trees
        place = int(rng.uniform(0, width)), int(horizon * rng.uniform(0.4, 1.0))
        cv2.circle(picture, place, int(rng.uniform(20, 80)), TREES[rng.integers(len(TREES))], -1)
    vanishing = int(width * rng.uniform(0.35, 0.65))
    edges = [(vanishing - 12, horizon), (vanishing + 12, horizon)]
    edges += [(int(width * rng.uniform(0.8, 1.3)), height), (int(-width * rng.uniform(-0.2, 0.3)), height)]
    cv2.fillPoly(picture, [np.array(edges, np.int32)], ROADS[rng.integers(len(ROADS))])
    grain = rng.normal(0, rng.uniform(4, 14), (height, width, 1)) + rng.normal(0, 3, (height, width, 3))
    light = rng.uniform(0.6, 1.1)
    return np.rint((picture * light + grain).clip(0, 255)).astype(np.uint8)


def rows(root: Path) -> Iterator[tuple[str, int, int]]:
    """The name, the number of photos and of warnings of each set."""
    for name, pattern in SETS.items():
        photos = sorted(root.glob(pattern))
        yield name, len(photos), sum(bool(street_scene(load_photo(photo))) for photo in photos)
    scenes = (drawn_street(np.random.default_rng(number)) for number in range(SCENES))
    yield "drawn street scenes", SCENES, sum(bool(street_scene(scene)) for scene in scenes)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-root", type=Path, default=Path(os.environ.get("UPCRACKNET_DATA", "data")))
    print("| photos | number | with the warning |\n| --- | ---: | ---: |")
    for name, count, warned in rows(parser.parse_args().data_root):
        print(f"| {name} | {count} | {f'{warned} ({warned / count:.1%})' if count else 'not here'} |")


if __name__ == "__main__":
    main()
