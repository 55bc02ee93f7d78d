"""At which size photos and annotations are compared; no figure is shown without its protocol.

docs/decisions/0003-evaluation-protocols.md says why the rules are as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.registry import DATASETS
from upcracknet.errors import DataError

PAPER_SIZE = 256

ProtocolName = Literal["paper", "native"]


class EvaluationItem(NamedTuple):
    """What one prediction is compared with.

    Attributes:
        name: the photo's name, with the place of the patch where the protocol cuts patches.
        photo: RGB, H×W×3, 0 to 255.
        truth: the annotated crack pixels, H×W.
    """

    name: str
    photo: UInt8[np.ndarray, "h w 3"]
    truth: Bool[np.ndarray, "h w"]


@dataclass(frozen=True)
class Protocol:
    """A named way from a data set to the items that are evaluated.

    Attributes:
        name: short name, shown with every figure.
        description: one sentence for the head of a table.
        prepare: makes the items of one annotated sample of a data set of the given name; raises
            ``PhotoError`` if a file cannot be read and ``DataError`` if photo and mask differ in size.
    """

    name: str
    description: str
    prepare: Callable[[str, Sample], list[EvaluationItem]]


def annotated(dataset: CrackDataset) -> list[Sample]:
    """Find the samples with a mask; the others (CFD has 37) are part of no protocol."""
    return [sample for sample in dataset if sample.mask_path is not None]


def whole(sample: Sample) -> EvaluationItem:
    """Read a photo and its annotation as they are.

    Raises:
        PhotoError: a file cannot be read.
        DataError: the two do not have one size.
    """
    photo, truth = sample.photo(), sample.mask()
    if photo.shape[:2] != truth.shape:
        raise DataError(
            f"{sample.name}: the photo is {photo.shape[1]}×{photo.shape[0]} pixels and its mask "
            f"{truth.shape[1]}×{truth.shape[0]}; give them one size"
        )
    return EvaluationItem(sample.name, photo, truth)


def resized(item: EvaluationItem, size: int = PAPER_SIZE) -> EvaluationItem:
    """Squeeze to size×size: photo by OpenCV's bilinear rule (no smoothing), annotation by nearest pixel."""
    photo = cv2.resize(item.photo, (size, size), interpolation=cv2.INTER_LINEAR)
    truth = cv2.resize(item.truth.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST)
    return EvaluationItem(item.name, photo, truth.astype(bool))


def crack_patches(item: EvaluationItem, size: int = PAPER_SIZE) -> list[EvaluationItem]:
    """Cut the leftmost and the rightmost size×size patch of the middle rows, as far as they show cracks.

    Raises:
        DataError: the photo is smaller than a patch.
    """
    height, width = item.truth.shape
    if min(height, width) < size:
        raise DataError(
            f"{item.name}: {width}×{height} pixels, expected at least {size}×{size} to cut patches"
        )
    top = (height - size) // 2
    patches = []
    for place, left in (("left", 0), ("right", width - size)):
        window = np.s_[top : top + size, left : left + size]
        if item.truth[window].any():
            patches.append(EvaluationItem(f"{item.name}-{place}", item.photo[window], item.truth[window]))
    return patches


def _paper(dataset_name: str, sample: Sample) -> list[EvaluationItem]:
    item, published = whole(sample), DATASETS.get(dataset_name)
    in_patches = published is not None and published.tested_in_patches
    return crack_patches(item) if in_patches else [resized(item)]


PAPER = Protocol(
    name="paper",
    description="256×256 pixels: resized (photos bilinear, masks nearest); of CFD, patches at its own scale",
    prepare=_paper,
)
NATIVE = Protocol(
    name="native",
    description="each photo at its own size",
    prepare=lambda dataset_name, sample: [whole(sample)],
)
PROTOCOLS: dict[ProtocolName, Protocol] = {"paper": PAPER, "native": NATIVE}
