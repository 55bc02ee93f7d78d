"""The small network that tells cracked from undamaged road (Section V), and the crops that it learns from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.data.dataset import Sample
from upcracknet.data.synthetic import paint_cracks
from upcracknet.data.undamaged import Window
from upcracknet.preparation.scores import CELL, cell_sums, cells_near

CLEARLY_CRACKED = 8
"""Crack pixels from which on a painted cell counts as cracked; cells with fewer teach nothing."""

CONFIDENT_SHARE = 0.05
"""Share of all cells, those with the highest scores, of which the detector counts as confident."""


@dataclass(frozen=True, eq=False)
class TrainingCrop:
    """A crop and what is known of its cells.

    Attributes:
        photo: uint8 H×W×3 RGB, sides multiples of a cell.
        cracked: float32, for each cell 1 is cracked, 0 undamaged, NaN not known.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    cracked: Float32[np.ndarray, "rows columns"]


def painted_crops(
    windows: Sequence[tuple[Sample, Window]],
    side: int,
    generator: np.random.Generator,
    *,
    pairs: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[TrainingCrop]:
    """Cut crops from undamaged windows, each as it is and with painted cracks.

    Args:
        windows: windows that look undamaged.
        side: side of the crops in pixels, not larger than the windows.
        generator: source of randomness.
        pairs: how many crops to cut and paint.
        progress: called after each pair.
    """
    turns = [
        windows[place]
        for _ in range(-(-pairs // len(windows)))
        for place in generator.permutation(len(windows))
    ]
    turns = sorted(turns[:pairs], key=lambda turn: str(turn[0].photo_path))  # so that each photo is read once
    crops: list[TrainingCrop] = []
    photo, opened = None, None
    for done, (sample, window) in enumerate(turns, 1):
        if photo is None or opened != sample:
            photo, opened = sample.photo(), sample
        top, left = generator.integers(0, (window.height - side) // CELL + 1, 2) * CELL
        crop = np.ascontiguousarray(photo[window.top + top :, window.left + left :][:side, :side])
        painted, mask = paint_cracks(crop, generator)
        cracked = np.where(cells_near(mask), np.nan, 0).astype(np.float32)
        cracked[cell_sums(mask) >= CLEARLY_CRACKED] = 1
        crops += [TrainingCrop(crop, np.zeros_like(cracked)), TrainingCrop(painted, cracked)]
        progress(done, len(turns))
    return crops


def confident_cells(
    scores: Sequence[Float32[np.ndarray, "_ _"]], probabilities: Sequence[Float32[np.ndarray, "_ _"]]
) -> list[Bool[np.ndarray, "_ _"]]:
    """Find the cells that detector and classifier take for cracks.

    Args:
        scores: the detector's score of each cell of each photo.
        probabilities: the classifier's probability of a crack in each cell of each photo.
    """
    level = np.quantile(np.concatenate([score.ravel() for score in scores]), 1 - CONFIDENT_SHARE)
    return [(score > level) & (each > 0.5) for score, each in zip(scores, probabilities, strict=True)]


def confident_crops(
    samples: Sequence[Sample],
    cells: Sequence[Bool[np.ndarray, "_ _"]],
    side: int,
    generator: np.random.Generator,
    *,
    count: int,
) -> list[TrainingCrop]:
    """Cut crops around real cracks; what is beside them is not known, and teaches nothing.

    Args:
        samples: the photos.
        cells: the cells of each photo that are cracked beyond doubt.
        side: side of the crops in pixels.
        generator: source of randomness.
        count: how many crops at most.
    """
    reach = side // CELL
    places = [
        (number, row, column)
        for number, cracked in enumerate(cells)
        if min(cracked.shape) >= reach
        for row, column in np.argwhere(cracked).tolist()
    ]
    drawn = generator.permutation(len(places))[:count]
    crops = []
    photo, opened = None, None
    for number, row, column in sorted(places[index] for index in drawn):
        if photo is None or opened != number:
            photo, opened = samples[number].photo(), number
        cracked = cells[number]
        top, left = (
            int(np.clip(place - generator.integers(reach), 0, length - reach))
            for place, length in zip((row, column), cracked.shape, strict=True)
        )
        known = np.where(cracked[top : top + reach, left : left + reach], 1, np.nan).astype(np.float32)
        crop = photo[top * CELL :, left * CELL :][:side, :side]
        crops.append(TrainingCrop(np.ascontiguousarray(crop), known))
    return crops


NEIGHBOURHOOD = 65
"""Side of the square in pixels by which tone and roughness of the road are measured."""

LEARNING_RATE = 3e-3
BATCH_SIZE = 16


class CellClassifier(nn.Module):
    """A logit for each cell of 16×16 pixels, from the cell and some 25 pixels around it; 84,000 parameters.

    The paper proposes networks that classify whole patches (Section V). One answer a cell says as much about
    any window, since a window is cracked where one of its cells is, and a thin crack in a large window is not
    shrunk away.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_halve(1, 16, kernel=5),
            *_halve(16, 32),
            *_halve(32, 48),
            *_halve(48, 64),
            *_halve(64, 64, stride=1),
            nn.Conv2d(64, 1, 1),
        )

    def forward(self, images: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b rows columns"]:
        """Give the logits of the cells of images from ``normalize``."""
        logits: Tensor = self.layers(images)
        return logits[:, 0]


def normalize(photo: UInt8[np.ndarray, "h w 3"]) -> Float32[np.ndarray, "h w"]:
    """Give grey values relative to tone and roughness of the road around, so that light matters little."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    around = (NEIGHBOURHOOD, NEIGHBOURHOOD)
    tone = cv2.blur(grey, around)
    roughness = np.sqrt(np.maximum(cv2.blur(grey * grey, around) - tone * tone, 0))
    # Two grey levels of noise are in every photo; less roughness is not to be made to look like texture.
    return np.asarray((grey - tone) / (2 * (roughness + 2)), np.float32)


def train_classifier(
    crops: Sequence[TrainingCrop],
    *,
    seed: int,
    steps: int = 400,
    device: torch.device = torch.device("cpu"),  # noqa: B008 - frozen
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CellClassifier:
    """Train a classifier; on one machine and device the same crops and seed give the same network.

    Args:
        crops: crops of one square size.
        seed: of the first weights, the batches and the flips.
        steps: batches to learn from.
        device: where it learns, and stays.
        progress: called after each batch.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = CellClassifier().to(device)
    generator = np.random.default_rng(seed)
    images = torch.from_numpy(np.stack([normalize(crop.photo) for crop in crops])).to(device)
    answers = torch.from_numpy(np.stack([crop.cracked for crop in crops])).to(device)
    optimizer = torch.optim.AdamW(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for step in range(steps):
        chosen = torch.from_numpy(generator.integers(len(crops), size=BATCH_SIZE)).to(device)
        flips = [axis for axis in (1, 2) if generator.random() < 0.5]
        image, answer = images[chosen].flip(flips), answers[chosen].flip(flips)
        if generator.random() < 0.5:
            image, answer = image.transpose(1, 2), answer.transpose(1, 2)
        logits = network(image[:, None] * float(generator.uniform(0.8, 1.25)))
        known = ~answer.isnan()
        loss = F.binary_cross_entropy_with_logits(logits[known], answer[known])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        progress(step + 1, steps)
    return network.eval()


@torch.inference_mode()
def crack_probabilities(
    network: CellClassifier, photo: UInt8[np.ndarray, "h w 3"]
) -> Float32[np.ndarray, "rows columns"]:
    """Give the probability that each cell of a photo is cracked, in [0, 1]."""
    rows, columns = (side // CELL for side in photo.shape[:2])
    image = torch.from_numpy(normalize(photo)[: rows * CELL, : columns * CELL])
    here = next(network.parameters()).device
    probabilities: np.ndarray = network(image[None, None].to(here))[0].sigmoid().cpu().numpy()
    return probabilities


def _halve(before: int, after: int, *, kernel: int = 3, stride: int = 2) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
