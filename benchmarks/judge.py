"""Judges models without any label: on painted cracks, crack-free roads, things that are none, and changes.

    make judge
    UPCRACKNET_DATA=~/crack-data python benchmarks/judge.py [MODEL …] [--quick] [--output FOLDER]

A MODEL is what ``upcracknet detect --model`` takes; ``default`` if none is given. Writes ``judge.md`` and
``judge.json`` (in ``out/judge`` if no folder is given). About three minutes a model on two cores, one with
``--quick``, which judges on a part of the photos. docs/results/painted.md says what the figures mean.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from agreement import agreements
from judge_tables import report, summary
from judging import Clean, Judgement, compare

from upcracknet.calibration.strata import (
    PHOTOGRAPHED,
    Draw,
    backgrounds,
    judged_photo,
    kept_apart,
    painted_strata,
)
from upcracknet.calibration.things import distractor_road, things_alone
from upcracknet.data.dataset import CrackDataset
from upcracknet.detection import CrackDetector
from upcracknet.detection.pretrained import load_pretrained
from upcracknet.errors import UpCrackNetError
from upcracknet.evaluation.false_alarms import clean_windows
from upcracknet.evaluation.metrics import within
from upcracknet.files import json_bytes, write_atomically
from upcracknet.runtime import Engine, Runtime

SAME = 3  # pixels: what is marked so near to what is marked on the bare road is not the thing's


@dataclass(frozen=True)
class Amount:
    """How many photos of each kind are judged on."""

    roads: int = 96
    pictures: int = 24
    photos: int = 24


FULL, QUICK = Amount(), Amount(roads=32, pictures=8, photos=8)


Pairs = Sequence[tuple[CrackDetector, Judgement]]


def judge(pairs: Pairs, datasets: Sequence[CrackDataset], *, quick: bool) -> Iterator[str]:
    """Judge all detectors on the same photos; gives the name of each part when it is done."""
    amount, draws = QUICK if quick else FULL, backgrounds(datasets)
    for stratum in painted_strata(list(draws), quick=quick):
        painted = judged_photo(stratum, draws)
        for detector, judgement in pairs:
            judgement.painted.append(compare(painted, detector.detect(painted.photo)))
    yield "painted cracks"
    kinds = [clean_windows(dataset) for dataset in datasets]
    for kind in kinds:
        photos = [photo for index in range(kind.sources) for photo in kind.load(index)]
        judge_clean(pairs, kind.name, photos)
    judge_clean(pairs, "synthetic roads", [distractor_road(number) for number in range(amount.roads)])
    yield "crack-free photos"
    for number in range(amount.pictures):
        bare, pictures = things_alone(number)
        for detector, judgement in pairs:
            known = within(detector.detect(bare).mask, SAME)
            for name, picture in pictures.items():
                marked = bool((detector.detect(picture).mask & ~known).any())
                judgement.things.setdefault(name, []).append(marked)
    yield "things that are no cracks"
    photos = agreement_photos(datasets, draws, amount.photos)
    for detector, judgement in pairs:
        judgement.agreements += agreements(detector, photos)
    yield "self-agreement"


def judge_clean(pairs: Pairs, name: str, photos: Sequence[np.ndarray]) -> None:
    for detector, judgement in pairs:
        judgement.clean[name] = Clean()
        for crack_map in detector.detect_many(photos):
            judgement.clean[name].add(crack_map)


def agreement_photos(
    datasets: Sequence[CrackDataset], draws: dict[str, Draw], number: int
) -> list[np.ndarray]:
    """Take small photos, half with painted cracks, half real ones with whatever cracks they have."""
    small = [stratum for stratum in painted_strata(list(draws)) if stratum.megapixels < 1]
    real = [sample for dataset in datasets for sample in dataset]
    painted = [judged_photo(stratum, draws).photo for stratum in spread(small, number // 2)]
    return [*painted, *(sample.photo() for sample in spread(real, number - number // 2))]


def spread(items: Sequence[Any], number: int) -> list[Any]:
    """Choose so many items, evenly over all."""
    return [items[int(place)] for place in np.linspace(0, len(items) - 1, min(number, len(items)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models", nargs="*", default=["default"], metavar="MODEL")
    parser.add_argument("--quick", action="store_true", help="judge on a part of the photos")
    parser.add_argument("--runtime", choices=get_args(Runtime), default="auto", help="engine of the networks")
    parser.add_argument("--output", type=Path, default=Path("out/judge"), metavar="FOLDER")
    chosen = parser.parse_args()
    began = time.monotonic()
    datasets = [kept_apart(name) for name in PHOTOGRAPHED]
    judgements, detectors = [], []
    for model in dict.fromkeys(chosen.models):
        loaded = load_pretrained(model, engine=Engine(chosen.runtime))
        detectors.append(CrackDetector(loaded.scorer, loaded.threshold))
        judgements.append(Judgement(model, loaded.sha256, str(loaded.threshold), str(loaded.engine)))
    for part in judge(list(zip(detectors, judgements, strict=True)), datasets, quick=chosen.quick):
        print(f"{time.monotonic() - began:4.0f} s  {part}", file=sys.stderr, flush=True)
    text = report(judgements, quick=chosen.quick)
    write_atomically(chosen.output / "judge.md", text.encode())
    write_atomically(chosen.output / "judge.json", json_bytes([summary(one) for one in judgements]))
    print(text)


if __name__ == "__main__":
    try:
        main()
    except UpCrackNetError as error:
        sys.exit(f"error: {error}")
