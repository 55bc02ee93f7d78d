"""What 20 corrected photos bring on a new kind of road, and which 20: those of `suggest`, or any.

    python benchmarks/corrections.py -o out/corrections

A survey shows 160 photos of ordinary road (synthetic asphalt) and 40 of a kind of road that the default does
not know. Twenty photos are corrected: the truth, known as the photos are synthetic, stands for the inspector.
The default goes on learning from them by configs/corrected.yaml. What counts is the next 50 photos of the new
kind, which nobody saw before, and 50 more of ordinary road. Runs that are there already are not made again.
Writes docs/results/corrections.md whole if no file is given. Three minutes of a core for each kind and seed.
"""

import argparse
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import fmean, pstdev

import cv2
import numpy as np
import torch
from jaxtyping import Bool, UInt8

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.photo import load_mask, save_image_atomically
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import CrackDetector
from upcracknet.detection.pretrained import weights_path
from upcracknet.evaluation.metrics import ConfusionCounts, Scores, count
from upcracknet.files import json_bytes, write_atomically
from upcracknet.results import DetectionOptions, open_detection, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.results.suggesting import doubt, suggest
from upcracknet.training.configuration import as_dictionary, load_configuration
from upcracknet.training.recipe import train
from upcracknet.weights import load_weights, save_weights

SIZE = 256
ORDINARY, NEW, NEXT, CORRECTED = 160, 40, 50, 20
ROOT = Path(__file__).resolve().parents[1]
RECIPE = ROOT / "configs/corrected.yaml"
PAGE = ROOT / "docs/results/corrections.md"
NOTHING = "none: its settings alone"
KINDS = ("night", "paving", "gravel")

INTRODUCTION = """# What corrections bring

```sh
python benchmarks/corrections.py -o out/corrections
```

A survey shows ordinary road (synthetic asphalt, {ordinary} photos) and {new} photos of a kind of road
that the default does not know: asphalt at night, by a street lamp, with noise and a shaking camera;
asphalt with the open joints of paving stones; or gravel. All photos have {size}×{size} pixels.
{corrected} of them are corrected; the truth, known as the photos are synthetic, stands for the inspector.
Then the default goes on learning by `configs/corrected.yaml`, as it is: {epochs} epochs of {patches}
patches of {side} pixels.

IoU in per cent, pooled, at the photos' own size: before with the default as it is shipped, after with the
new weights as they are. *Next* are {next} photos of the new kind that nobody saw before; *usual* are
{next} more of ordinary road. Mean ± standard deviation over the seeds; each has other photos, other
corrected ones and another order of learning. Blend, level and hysteresis of the recipe were chosen at night
and on paving stones of seed 0, by its next and usual photos; how suggestions weigh doubt, on seeds 0 and 4.
Give other seeds to the table than these."""

READING = """- **{nothing}**: the default with the detection settings of the new weights; nothing is learned.
- **only the new kind**: {corrected} photos of the new kind, taken at random.
- **any**: {corrected} of all {survey} photos, taken at random.
- **`suggest`**: those that `upcracknet review --suggest {corrected}` puts first."""

DOUBT = """## Is the doubt right?

The doubt of a photo, from its scores alone, against the error of its mask (1 − IoU), in the {survey} photos
of each survey, and how many of the {corrected} suggested photos show the new kind. Means over the seeds."""

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


def of_new_kind(names: list[str]) -> list[str]:
    """Tell which photos of a survey show the new kind of road."""
    order = np.random.default_rng(ORDINARY + NEW).permutation(ORDINARY + NEW)
    return [name for name in names if order[int(Path(name).stem)] >= ORDINARY]


def at_random(names: list[str], seed: int) -> list[str]:
    """Choose any photos."""
    return sorted(np.random.default_rng(seed).choice(names, CORRECTED, replace=False).tolist())


def names_of(results: Path) -> list[str]:
    """Name the photos of a result folder."""
    return [record.name for record in read_results(results).records()]


CHOICES: dict[str, Callable[[Path, int], list[str]]] = {
    "only the new kind": lambda results, seed: at_random(of_new_kind(names_of(results)), seed),
    "any": lambda results, seed: at_random(names_of(results), seed),
    "`suggest`": lambda results, seed: suggest(read_results(results), CORRECTED),
}


def correct(results: Path, names: list[str], truth: Path, copy: Path) -> None:
    """Correct photos in a copy of a result folder, as the truth says."""
    shutil.copytree(results, copy, dirs_exist_ok=True, symlinks=True)
    for name in names:
        mask = cv2.imread(str(truth / name), cv2.IMREAD_GRAYSCALE) > 127
        write_correction(read_results(copy), Correction(name, "corrected", source="truth"), mask)


@cache  # the default is measured once for all runs
def iou(model: str | Path, dataset: CrackDataset) -> float:
    """The pooled IoU of a model on photos at their own size, in per cent."""
    detector, total = CrackDetector.from_pretrained(model), ConfusionCounts()
    for sample, crack_map in detector.detect_each((sample, sample.photo()) for sample in dataset):
        total += count(crack_map.mask, sample.mask())
    return 100 * Scores.of(total).iou


@cache
def doubts(results: Path, truth: Path) -> dict[str, float]:
    """Compare the doubt of each photo of a survey with the error of its mask."""
    folder, names = read_results(results), names_of(results)
    new = set(of_new_kind(names))
    doubtful = {record.name: doubt(folder, record) for record in folder.records()}
    errors = []
    for record in folder.records():
        counts = count(load_mask(folder.file(record.mask)), load_mask(truth / record.name))
        errors.append(1 - Scores.of(counts).iou)
    return {
        "correlation": float(np.corrcoef([doubtful[name] for name in names], errors)[0, 1]),
        "new": fmean(doubtful[name] for name in new),
        "usual": fmean(doubtful[name] for name in names if name not in new),
        "suggested": len(of_new_kind(suggest(folder, CORRECTED))),
    }


def default_with(settings: dict, path: Path) -> Path:
    """Give the default other detection settings."""
    tensors, record = load_weights(weights_path("default"))
    save_weights(path, tensors, replace(record, detection=settings))
    return path


def plain_recipe() -> dict:
    """Give all settings of the recipe as plain values."""
    return json.loads(json.dumps(as_dictionary(load_configuration(RECIPE))))


def learned(corrections: Path, run: Path, seed: int) -> Path:
    """Go on with the default on corrected photos."""
    settings = {"corrections.results": f"[{corrections}]", "seed": str(seed), "workers": "0"}
    return train(load_configuration(RECIPE, settings), run, device="cpu", progress=False)


def measure(out: Path, kind: str, seed: int, choice: str) -> dict:
    """Make one run: choose, correct, learn, and look at the next photos."""
    first = 100_000 * (seed + 1)
    survey = [("asphalt", first + place) for place in range(ORDINARY)]
    survey += [(kind, first + 1000 + place) for place in range(NEW)]
    following = [(kind, first + 2000 + place) for place in range(NEXT)]
    usual = [("asphalt", first + 3000 + place) for place in range(NEXT)]
    folder = out / f"{kind}-{seed}"
    write(folder, survey)
    datasets = {
        "next": write(out / f"{kind}-{seed}-next", following),
        "usual": write(out / f"usual-{seed}", usual),
    }

    def figures(model: str | Path) -> dict[str, float]:
        return {name: iou(model, dataset) for name, dataset in datasets.items()}

    results = found(folder)
    names = CHOICES[choice](results, seed)
    label = choice.strip("`").split()[0]
    copy, run = folder / f"corrected-{label}", folder / f"run-{label}"
    for old in (copy, run):  # of another recipe, or of a run that was stopped
        shutil.rmtree(old, ignore_errors=True)
    correct(results, names, folder / "truth", copy)
    model = learned(copy, run, seed)
    settings = load_weights(model)[1].detection
    set_alike = default_with(settings, folder / "default.safetensors")
    return {
        "kind": kind,
        "seed": seed,
        "choice": choice,
        "of_new_kind": len(of_new_kind(names)),
        "before": figures("default"),
        "settings": figures(set_alike),
        "after": figures(model),
        "doubt": doubts(results, folder / "truth"),
    }


def spread_of(values: Iterable[float]) -> str:
    """Write the mean of some figures, and their standard deviation if there are several."""
    values = [*values]
    mean = f"{round(fmean(values), 1) + 0.0:.1f}"  # never -0.0
    return mean if len(values) == 1 else f"{mean} ± {pstdev(values):.1f}"


def seeds_of(runs: Iterable[dict]) -> str:
    """Name the seeds of some runs."""
    return ", ".join(str(seed) for seed in sorted({run["seed"] for run in runs}))


def table(runs: list[dict]) -> str:
    """Write the table of all runs as Markdown: means over the seeds."""
    lines = [
        "| new kind | corrected | of it | seeds | next before | after | gain | usual before | after | gain |",
        "| --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind in dict.fromkeys(run["kind"] for run in runs):
        of_kind = [run for run in runs if run["kind"] == kind]
        for choice in (NOTHING, *CHOICES):
            rows, after = [run for run in of_kind if run["choice"] == choice], "after"
            if choice == NOTHING:  # the same whatever was corrected: once a seed
                rows, after = [*{run["seed"]: run for run in of_kind}.values()], "settings"
            if not rows:
                continue
            share = "0" if choice == NOTHING else f"{fmean(run['of_new_kind'] for run in rows):.1f}"
            cells = [kind, choice, share, seeds_of(rows)]
            for photos in ("next", "usual"):
                before, now = ([run[when][photos] for run in rows] for when in ("before", after))
                gains = [new - old for old, new in zip(before, now, strict=True)]
                cells += [spread_of(before), spread_of(now), spread_of(gains)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def table_of_doubt(runs: list[dict]) -> str:
    """Write how right the doubt is, and whom it finds: means over the seeds."""
    lines = [
        "| new kind | seeds | correlation | doubt, new kind | doubt, usual | suggested of it | by chance |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for kind in dict.fromkeys(run["kind"] for run in runs):
        of_kind = [run for run in runs if run["kind"] == kind]
        rows = {run["seed"]: run["doubt"] for run in of_kind}.values()
        cells = [seeds_of(of_kind)]
        cells += [f"{fmean(row[key] for row in rows):.2f}" for key in ("correlation", "new", "usual")]
        by_chance = CORRECTED * NEW / (ORDINARY + NEW)
        cells += [f"{fmean(row['suggested'] for row in rows):.1f}", f"{by_chance:.0f}"]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def page(runs: list[dict]) -> str:
    """Write the page of all runs as Markdown."""
    recipe = load_configuration(RECIPE)
    numbers = {
        "ordinary": ORDINARY,
        "new": NEW,
        "survey": ORDINARY + NEW,
        "next": NEXT,
        "corrected": CORRECTED,
        "size": SIZE,
        "epochs": recipe.epochs,
        "patches": recipe.data.patches_per_epoch,
        "side": recipe.data.size,
        "nothing": NOTHING,
    }
    sections = (INTRODUCTION, table(runs), READING, DOUBT, table_of_doubt(runs))
    return "\n\n".join(section.format(**numbers) for section in sections) + "\n"


def main() -> None:
    """Make the runs that are missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path, nargs="?", default=PAGE)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", default=[*KINDS])
    parser.add_argument("--choices", nargs="+", default=[*CHOICES], choices=[*CHOICES])
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.output.mkdir(parents=True, exist_ok=True)
    path, recipe = options.output / "corrections.json", plain_recipe()
    runs = json.loads(path.read_text()) if path.exists() else []
    runs = [run for run in runs if run["recipe"] == recipe]
    done = {(run["kind"], run["seed"], run["choice"]) for run in runs}
    for seed in options.seeds:
        for kind in options.kinds:
            for choice in options.choices:
                if (kind, seed, choice) not in done:
                    runs.append(measure(options.output, kind, seed, choice) | {"recipe": recipe})
                    write_atomically(path, json_bytes(runs))
                    print(json.dumps(runs[-1]), flush=True)
    write_atomically(options.page, page(runs).encode())


if __name__ == "__main__":
    main()
