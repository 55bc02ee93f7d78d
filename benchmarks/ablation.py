"""What each step away from the paper is worth, and each part of the default's detection: one line a change.

    UPCRACKNET_DATA=~/crack-data python benchmarks/ablation.py > ablation.md
    UPCRACKNET_DATA=~/crack-data python benchmarks/ablation.py runs/one.safetensors runs/other.safetensors

Without weights, each line changes one thing of a shipped model's detection; every scale of a photo passes the
network once for all lines. With weights, each line is a file or a run folder of crack removers, searched at
full size alone: what a change of the training is worth.

The tables judge; no setting was chosen by them.
"""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from upcracknet.corruption import SquareMasks, corrupt
from upcracknet.data.dataset import CrackDataset
from upcracknet.data.registry import open_dataset
from upcracknet.detection import (
    PRESETS,
    CrackDetector,
    CrackRemoverScorer,
    CrackRemoverSettings,
    RestorationScorer,
    Scorer,
    Threshold,
)
from upcracknet.detection.error_map import error_map, filter_error
from upcracknet.detection.pretrained import load_network, load_pretrained, weights_path
from upcracknet.evaluation import PAPER, evaluate
from upcracknet.networks import CrackRemover
from upcracknet.tables import markdown_table, percent
from upcracknet.weights import load_weights

TEST_SETS = ("deepcrack", "cfd", "crack500")
FILTER = ("filter_diameter", "sigma_color", "sigma_space", "eight_bit")
PLAIN = CrackRemoverSettings(level=0.5)


class Remembering(CrackRemoverScorer):
    """Answers for an image and a scale once, whatever the settings."""

    def __init__(
        self,
        network: CrackRemover,
        settings: CrackRemoverSettings,
        known: dict[tuple[bytes, float], Float[Tensor, "b h w"]],
    ) -> None:
        super().__init__(network, settings)
        self.known = known

    def logits(self, images: Float[Tensor, "b 3 h w"], scale: float) -> Float[Tensor, "b h w"]:
        key = (hashlib.sha256(images.contiguous().numpy().tobytes()).digest(), scale)
        if key not in self.known:
            self.known[key] = super().logits(images, scale).half()
        return self.known[key].float()


class NormalisedContrast(CrackRemoverScorer):
    """Gives the network photos whose contrast is the same everywhere: local mean 0.5, deviation 0.1."""

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        return super().score(torch.stack([self._normalised(image) for image in images]))

    @staticmethod
    def _normalised(image: Float[Tensor, "3 h w"]) -> Float[Tensor, "3 h w"]:
        photo = image.permute(1, 2, 0).numpy()
        mean = cv2.GaussianBlur(photo, (0, 0), 16)
        deviation = np.sqrt(cv2.GaussianBlur((photo - mean) ** 2, (0, 0), 16).mean(axis=-1, keepdims=True))
        normalised = 0.5 + 0.1 * (photo - mean) / (deviation + 0.01)
        return torch.from_numpy(np.clip(normalised, 0, 1).astype(np.float32)).permute(2, 0, 1)


class DarkerThanRestored(RestorationScorer):
    """The paper's procedure with a one-sided error: cracks are darker than the road put in their place."""

    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        return filter_error(error_map(images, torch.maximum(self.restore(images), images)), self.settings)


class RestoredFromSurroundings(RestorationScorer):
    """Masked multi-pass inference: what a mask removes is restored from what it leaves, for masks that
    together remove each pixel once for each size of their squares; the errors are averaged over the sizes."""

    masks = SquareMasks((64, 32))
    one_sided = False

    @torch.inference_mode()
    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        masks = self.masks.all(*images.shape[-2:])
        sides = len(masks) // 2
        errors = torch.zeros_like(images[:, 0])
        for mask in masks[:, None]:
            restored = self._restore(corrupt(images, mask.expand(len(images), -1, -1, -1)))
            if self.one_sided:
                restored = torch.maximum(restored, images)
            errors += (1 - mask[:, 0]) * error_map(images, restored) / sides
        return filter_error(errors, self.settings)


class DarkerThanSurroundings(RestoredFromSurroundings):
    """Both."""

    one_sided = True


def load(weights: Path) -> tuple[CrackRemover, CrackRemoverSettings]:
    network = load_network(weights)
    assert isinstance(network, CrackRemover)
    return network, CrackRemoverSettings.from_dict(load_weights(weights)[1].detection)


def variants(default: CrackRemoverSettings) -> dict[str, CrackRemoverSettings]:
    """Changes of the default's settings, each of one thing."""
    changes = {
        "the default": default,
        "without hysteresis": replace(default, hysteresis=0.0),
        "without hysteresis, level 0.5": replace(default, hysteresis=0.0, level=0.5),
        "specks kept": replace(default, minimum_extent=0),
        "with flips": replace(default, flips=True),
    }
    for scales in ((1.0,), (0.5, 1.0), (1.0, 2.0), (0.5, 1.0, 2.0), (0.25, 0.5, 1.0, 2.0)):
        if scales != default.scales:
            changes[f"scales {', '.join(f'{scale:g}' for scale in scales)}"] = replace(default, scales=scales)
    first, *others = changes.items()
    return dict([first, *((name, settings) for name, settings in others if settings != default)])


def fixed(settings: CrackRemoverSettings) -> Threshold:
    return Threshold(settings.level, minimum_extent=settings.minimum_extent, hysteresis=settings.hysteresis)


def detections() -> Iterator[tuple[str, Scorer, Threshold]]:
    """Lines of the table of detection."""
    restorer = load_pretrained("up-cracknet-32", "paper").scorer
    assert isinstance(restorer, RestorationScorer)
    paper = restorer.settings
    theirs = replace(paper, **{name: getattr(PRESETS["authors"], name) for name in FILTER})
    for name, changed in {
        "the paper's procedure, our filter": paper,
        "… without a filter": replace(paper, filter_diameter=0),
        "… with the authors' filter": theirs,
        "the authors' whole procedure": PRESETS["authors"],
    }.items():
        yield name, restorer.with_settings(changed), Threshold()
    for name, kind in {
        "… one-sided error": DarkerThanRestored,
        "… masked multi-pass inference": RestoredFromSurroundings,
        "… masked multi-pass inference, one-sided error": DarkerThanSurroundings,
    }.items():
        yield name, kind(restorer.network, restorer.settings, restorer.input_size), Threshold()
    network, settings = load(weights_path("default"))
    known: dict[tuple[bytes, float], Float[Tensor, "b h w"]] = {}
    for name, changed in variants(settings).items():
        yield name, Remembering(network, changed, known), fixed(changed)
    known.clear()
    alone = replace(settings, scales=(1.0,))
    yield "scale 1, local contrast normalised", NormalisedContrast(network, alone), fixed(alone)
    darkening = replace(settings, score="darkening")
    yield (
        "one-sided error of the road it restores, Otsu's method",
        CrackRemoverScorer(network, darkening),
        Threshold(),
    )


def trainings(paths: list[Path]) -> Iterator[tuple[str, Scorer, Threshold]]:
    """Lines of the table of trainings."""
    for path in paths:
        yield path.stem, CrackRemoverScorer(load(weights_path(path))[0], PLAIN), fixed(PLAIN)


def row(name: str, scorer: Scorer, threshold: Threshold, datasets: list[CrackDataset]) -> tuple[str, ...]:
    """The cells of a line: the IoU, and in brackets that at the best fixed threshold."""
    results = [evaluate(CrackDetector(scorer, threshold), dataset, PAPER) for dataset in datasets]
    exact = [result.whole.exact for result in results]
    return (name, *(f"{percent(at.scores.iou, 1)} ({percent(at.ods.scores.iou, 1)})" for at in exact))


def main() -> None:
    paths = [Path(path) for path in sys.argv[1:]]
    datasets = [open_dataset(name) for name in TEST_SETS]
    rows = []
    for name, scorer, threshold in trainings(paths) if paths else detections():
        rows.append(row(name, scorer, threshold, datasets))
        print(*rows[-1], sep="  ", file=sys.stderr, flush=True)
    print(markdown_table(("IoU (at the best fixed threshold)", *TEST_SETS), rows))


if __name__ == "__main__":
    main()
