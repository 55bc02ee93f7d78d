"""What 20 corrected photos bring on a new kind of road, and which 20: those of `suggest`, or any.

    python benchmarks/corrections.py -o out/corrections [--kinds paving night gravel] [--seeds 2]

A survey shows ordinary road (synthetic asphalt) and, in one photo of four, a kind of road that the default
does not know. Twenty photos of it are corrected: the truth, known as the photos are synthetic, stands for the
inspector. The default goes on learning from them. What counts is the next 50 photos of the new kind, which
nobody saw before. Runs that are there already are not made again. The table: docs/results/corrections.md.
"""

import argparse
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import torch
from jaxtyping import Bool, UInt8

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackDetector
from upcracknet.evaluation.metrics import ConfusionCounts, Scores, count
from upcracknet.results import DetectionOptions, open_detection, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.results.suggesting import suggest
from upcracknet.training.configuration import load_configuration
from upcracknet.training.recipe import train

SIZE = 256
ORDINARY, NEW, NEXT, CORRECTED = 90, 30, 50, 20

Photo = UInt8[np.ndarray, "h w 3"]
Made = tuple[Photo, Bool[np.ndarray, "h w"]]


def at_night(photo: Photo, generator: np.random.Generator) -> Photo:
    """Take a photo by the light of a street lamp: dark, yellow, shaken, noisy."""
    y, x = np.mgrid[:SIZE, :SIZE]
    lamp_x, lamp_y = generator.uniform(0, SIZE, 2)
    light = 0.12 + 0.35 * np.exp(-((x - lamp_x) ** 2 + (y - lamp_y) ** 2) / SIZE**2)
    scene = (photo / 255) ** 1.3 * light[..., None] * (1.0, 0.75, 0.45)
    shaken = cv2.blur(scene, (int(generator.integers(3, 8)), 1)) + generator.normal(0, 0.025, scene.shape)
    return np.clip(np.rint(shaken * 255), 0, 255).astype(np.uint8)


def paved(photo: Photo, generator: np.random.Generator) -> Photo:
    """Draw the open joints of paving stones, darker than the road, 2 pixels wide."""
    scene, side = photo.astype(np.float32), int(generator.integers(28, 60))
    top, left = generator.integers(0, side, 2)
    for row, y in enumerate(range(int(top) - side, SIZE, side)):
        scene[max(y, 0) : max(y + 2, 0)] *= 0.55
        for x in range(int(left) - (row % 2) * side // 2, SIZE, side):
            scene[max(y, 0) : y + side, max(x, 0) : max(x + 2, 0)] *= 0.55
    return np.rint(scene).astype(np.uint8)


def road(kind: str, seed: int) -> Made:
    """Make a photo of a kind of road, and its truth."""
    made = synthesize_road(seed, SIZE, SIZE, surface="gravel" if kind == "gravel" else "asphalt")
    change = {"night": at_night, "paving": paved}.get(kind)
    return (made.photo if change is None else change(made.photo, np.random.default_rng(seed))), made.mask


def write(folder: Path, roads: list[tuple[str, int]]) -> CrackDataset:
    """Write photos and masks, in an order that does not tell their kinds."""
    samples = []
    for number, place in enumerate(np.random.default_rng(len(roads)).permutation(len(roads))):
        sample = Sample(f"{number:03}", folder / f"photos/{number:03}.png", folder / f"truth/{number:03}.png")
        if not sample.mask_path.exists():
            photo, mask = road(*roads[place])
            save_image_atomically(sample.photo_path, photo)
            save_image_atomically(sample.mask_path, mask.astype(np.uint8) * np.uint8(255))
        samples.append(sample)
    return CrackDataset(folder.name, "all", folder, tuple(samples))


def found(folder: Path) -> Path:
    """Find the cracks of photos with the default, with scores; gives the result folder."""
    options = DetectionOptions("default", runtime="torch", scores="png")
    with open_detection([str(folder / "photos")], folder / "found", options, None) as detection:
        detection.run(lambda record: None)
    return folder / "found"


def at_random(results: Path, count: int, seed: int) -> list[str]:
    """Choose any photos."""
    names = [record.name for record in read_results(results).records()]
    return sorted(np.random.default_rng(seed).choice(names, count, replace=False).tolist())


CHOICES: dict[str, Callable[[Path, int, int], list[str]]] = {
    "only the new kind": at_random,
    "any": at_random,
    "suggest": lambda results, count, seed: suggest(read_results(results), count),
}


def correct(results: Path, names: list[str], truth: Path, copy: Path) -> None:
    """Correct photos in a copy of a result folder, as the truth says."""
    shutil.copytree(results, copy, dirs_exist_ok=True, symlinks=True)
    for name in names:
        mask = cv2.imread(str(truth / name), cv2.IMREAD_GRAYSCALE) > 127
        write_correction(read_results(copy), Correction(name, "corrected", source="truth"), mask)


def iou(model: str | Path, dataset: CrackDataset) -> float:
    """The pooled IoU of a model on photos at their own size, in per cent."""
    detector, total = CrackDetector.from_pretrained(model), ConfusionCounts()
    for sample, crack_map in detector.detect_each((sample, sample.photo()) for sample in dataset):
        total += count(crack_map.mask, sample.mask())
    return 100 * Scores.of(total).iou


def before(out: Path, datasets: dict[str, CrackDataset]) -> dict[str, float]:
    """The IoU of the default, measured once for all runs."""
    path = out / f"before-{datasets['next'].name}.json"
    if not path.exists():
        figures = {name: iou("default", dataset) for name, dataset in datasets.items()}
        path.write_text(json.dumps(figures))
    return json.loads(path.read_text())


def learned(corrections: Path, run: Path, seed: int, epochs: int) -> Path:
    """Go on with the default on corrected photos, by configs/own-road.yaml in small."""
    small = {"data.size": "128", "data.patches_per_epoch": "400", "data.validation_patches": "48"}
    small |= {"corrections.results": f"[{corrections}]", "epochs": str(epochs), "seed": str(seed)}
    configuration = load_configuration(Path("configs/own-road.yaml"), small | {"workers": "0"})
    return train(configuration, run, device="cpu", progress=False)


def measure(out: Path, kind: str, seed: int, choice: str, epochs: int) -> dict[str, object]:
    """Make one run: choose, correct, learn, and look at the next photos."""
    first = 100_000 * (seed + 1)
    mixed = choice != "only the new kind"
    survey = [("asphalt", first + place) for place in range(ORDINARY)] if mixed else []
    survey += [(kind, first + 1000 + place) for place in range(NEW)]
    folder = out / f"{kind}-{seed}-{'mixed' if mixed else 'new'}"
    write(folder, survey)
    following = write(out / f"{kind}-{seed}-next", [(kind, first + 2000 + place) for place in range(NEXT)])
    usual = write(out / f"usual-{seed}", [("asphalt", first + 3000 + place) for place in range(NEXT // 2)])
    datasets = {"next": following, "usual": usual}
    results = found(folder)
    names = CHOICES[choice](results, CORRECTED, seed)
    order = np.random.default_rng(len(survey)).permutation(len(survey))
    of_new_kind = sum(survey[order[int(Path(name).stem)]][0] == kind for name in names)
    copy, run = folder / f"corrected-{choice.split()[0]}", folder / f"run-{choice.split()[0]}"
    correct(results, names, folder / "truth", copy)
    model = learned(copy, run, seed, epochs)
    return {
        "kind": kind, "seed": seed, "choice": choice, "epochs": epochs, "of_new_kind": of_new_kind,
        "before": before(out, datasets), "after": {name: iou(model, part) for name, part in datasets.items()},
    }  # fmt: skip


def table(runs: list[dict]) -> str:
    """Write the table of all runs as Markdown: means over the seeds."""
    lines = [
        "| new kind | corrected | seeds | of the new kind | IoU before | after | usual road before | after |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind in dict.fromkeys(run["kind"] for run in runs):
        for choice in CHOICES:
            rows = [run for run in runs if (run["kind"], run["choice"]) == (kind, choice)]
            if rows:
                share = f"{fmean(run['of_new_kind'] for run in rows):.1f} of {CORRECTED}"
                figures = [
                    fmean(run[when][photos] for run in rows)
                    for photos in ("next", "usual")
                    for when in ("before", "after")
                ]
                cells = (kind, choice, str(len(rows)), share, *(f"{figure:.1f}" for figure in figures))
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Make the runs that are missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=["paving", "night", "gravel"])
    parser.add_argument("--choices", nargs="+", default=[*CHOICES])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=14)
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = options.output / "corrections.json"
    runs = json.loads(path.read_text()) if path.exists() else []
    done = {(run["kind"], run["seed"], run["choice"]) for run in runs}
    for seed in range(options.seeds):
        for kind in options.kinds:
            for choice in options.choices:
                if (kind, seed, choice) not in done:
                    runs.append(measure(options.output, kind, seed, choice, options.epochs))
                    path.write_text(json.dumps(runs, indent=1) + "\n")
                    print(json.dumps(runs[-1]), flush=True)
    print(table(runs))


if __name__ == "__main__":
    main()
