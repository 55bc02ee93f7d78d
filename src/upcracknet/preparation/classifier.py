"""The small network that tells cracked from undamaged road (Section V), trained with painted cracks."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.preparation.scores import CELL
from upcracknet.preparation.training_crops import TrainingCrop

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
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CellClassifier:
    """Train a classifier; on one machine the same crops and seed give the same network.

    Args:
        crops: crops of one square size.
        seed: of the first weights, the batches and the flips.
        steps: batches to learn from.
        progress: called after each batch.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = CellClassifier()
    generator = np.random.default_rng(seed)
    images = torch.from_numpy(np.stack([normalize(crop.photo) for crop in crops]))
    answers = torch.from_numpy(np.stack([crop.cracked for crop in crops]))
    optimizer = torch.optim.AdamW(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for step in range(steps):
        chosen = torch.from_numpy(generator.integers(len(crops), size=BATCH_SIZE))
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
    probabilities: np.ndarray = network(image[None, None])[0].sigmoid().numpy()
    return probabilities


def _halve(before: int, after: int, *, kernel: int = 3, stride: int = 2) -> list[nn.Module]:
    convolution = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
