"""What each part of the default's detection is worth: one line a change, on all three test sets.

    UPCRACKNET_DATA=~/crack-data python benchmarks/ablation.py [WEIGHTS.safetensors ...] > ablation.md

Each line changes one thing of the default's settings; further weights are measured with their own settings.
The table judges; no setting was chosen by it. Takes about 15 minutes on one core.
"""

import sys
from dataclasses import replace
from pathlib import Path

from upcracknet.data.dataset import open_dataset
from upcracknet.detection import (
    CrackDetector,
    CrackRemovalScorer,
    CrackRemovalSettings,
    FixedThreshold,
    OtsuThreshold,
    Threshold,
)
from upcracknet.detection.pretrained import build_crack_remover, weights_path
from upcracknet.evaluation import PAPER, evaluate
from upcracknet.weights import load_state, load_weights

TEST_SETS = ("deepcrack", "cfd", "crack500")


def own_settings(weights: Path) -> CrackRemovalSettings:
    return build_crack_remover(weights, load_weights(weights)[1])[1]


def variants(default: CrackRemovalSettings) -> dict[str, CrackRemovalSettings]:
    return {
        "the default": default,
        "without hysteresis": replace(default, seed_level=0.0),
        "without hysteresis, level 0.5": replace(default, seed_level=0.0, level=0.5),
        "full size alone": replace(default, scales=(1.0,)),
        "half and full size": replace(default, scales=(0.5, 1.0)),
        "full and double size": replace(default, scales=(1.0, 2.0)),
        "one-sided error of the restored road, Otsu's method": replace(
            default, score="darkening", seed_level=0.0
        ),
    }


def detector(weights: Path, settings: CrackRemovalSettings) -> CrackDetector:
    tensors, record = load_weights(weights)
    network, _ = build_crack_remover(weights, record)
    load_state(network, tensors, weights)
    threshold: Threshold = FixedThreshold(
        settings.level, minimum_extent=settings.minimum_extent, seed_level=settings.seed_level
    )
    if settings.score == "darkening":
        threshold = OtsuThreshold()
    return CrackDetector(CrackRemovalScorer(network, settings), threshold)


def line(name: str, weights: Path, settings: CrackRemovalSettings) -> str:
    cells = []
    for test_set in TEST_SETS:
        exact = evaluate(detector(weights, settings), open_dataset(test_set), PAPER).whole.exact
        cells.append(f"{100 * exact.scores.iou:.1f} ({100 * exact.ods.scores.iou:.1f})")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    print(f"| IoU (at the best fixed threshold) | {' | '.join(TEST_SETS)} |\n|---|---|---|---|", flush=True)
    shipped = weights_path("default")
    for name, settings in variants(own_settings(shipped)).items():
        print(line(name, shipped, settings), flush=True)
    for path in map(Path, sys.argv[1:]):
        print(line(path.stem, path, own_settings(path)), flush=True)


if __name__ == "__main__":
    main()
