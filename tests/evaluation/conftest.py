"""A small annotated data set on disk, and a detector that needs no weights."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.detection import CrackDetector, Threshold
from upcracknet.detection.scorer import BaseScorer


class Darkness(BaseScorer):
    """Scores a pixel by how dark it is."""

    name = "darkness"

    def score(self, images: torch.Tensor) -> torch.Tensor:
        return 1 - images.mean(dim=1)


@pytest.fixture
def detector() -> CrackDetector:
    return CrackDetector(Darkness(), Threshold(0.5))


WriteDataset = Callable[..., CrackDataset]


@pytest.fixture
def write_dataset(tmp_path: Path) -> WriteDataset:
    """Writes bright photos (grey 200), each with a black bar, and masks of the given bars.

    A photo of grey level 200 scores 1 − 200/255 = 0.216, its bar of level 0 scores 1.
    """

    def write(
        bars: list[tuple[slice, slice]],
        masks: list[tuple[slice, slice] | None],
        *,
        size: tuple[int, int] = (40, 60),
        name: str = "roads",
    ) -> CrackDataset:
        samples = []
        for index, (bar, mask) in enumerate(zip(bars, masks, strict=True)):
            photo = np.full((*size, 3), 200, np.uint8)
            photo[bar] = 0
            photo_path = tmp_path / f"photo{index}.png"
            cv2.imwrite(str(photo_path), photo)
            mask_path = None
            if mask is not None:
                truth = np.zeros(size, np.uint8)
                truth[mask] = 255
                mask_path = tmp_path / f"mask{index}.png"
                cv2.imwrite(str(mask_path), truth)
            samples.append(Sample(f"photo{index}", photo_path, mask_path))
        return CrackDataset(name, "test", tmp_path, tuple(samples))

    return write
