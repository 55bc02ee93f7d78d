"""At which size photos and annotations are compared; no figure is shown without its protocol.

docs/decisions/0003-evaluation-protocols.md says why the rules are as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.registry import DATASETS
from upcracknet.data.resizing import resized
from upcracknet.errors import DataError

PAPER_SIZE = 256

ProtocolName = Literal["paper", "native", "native-x2", "native-x4", "paper-shifted"]


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


def one_in(number: int, dataset: CrackDataset) -> CrackDataset:
    """Take the first annotated sample and every ``number``-th after it; the name of the split says so.

    Args:
        number: 1 takes the data set as it is.
        dataset: whose samples are taken, in their order.
    """
    if number == 1:
        return dataset
    samples = tuple(annotated(dataset)[::number])
    return replace(dataset, split=f"{dataset.split}, 1 photo in {number}", samples=samples)


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


def squeezed(item: EvaluationItem, *, mask_rule: int = cv2.INTER_NEAREST_EXACT) -> EvaluationItem:
    """Squeeze to 256×256 pixels; see :func:`upcracknet.data.resizing.resized`."""
    return EvaluationItem(
        item.name, *resized(item.photo, item.truth, PAPER_SIZE, PAPER_SIZE, mask_rule=mask_rule)
    )


def enlarged(item: EvaluationItem, times: int) -> EvaluationItem:
    """Enlarge, each annotated pixel to times×times.

    Bilinear, because a sharper rule (cubic, Lanczos) draws a light rim along each dark crack, which no camera
    does and a detector might take for a mark of cracks.
    """
    height, width = item.truth.shape
    return EvaluationItem(item.name, *resized(item.photo, item.truth, height * times, width * times))


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


def _paper(
    dataset_name: str, sample: Sample, mask_rule: int = cv2.INTER_NEAREST_EXACT
) -> list[EvaluationItem]:
    item, published = whole(sample), DATASETS.get(dataset_name)
    in_patches = published is not None and published.tested_in_patches
    return crack_patches(item) if in_patches else [squeezed(item, mask_rule=mask_rule)]


def _native(dataset_name: str, sample: Sample, times: int = 1) -> list[EvaluationItem]:
    item = whole(sample)
    return [item if times == 1 else enlarged(item, times)]


PAPER = Protocol(
    name="paper",
    description="256×256 pixels: resized (photos bilinear, masks nearest); of CFD, patches at its own scale",
    prepare=_paper,
)
# As figures before decision 16 were measured; goes with version 0.2.
PAPER_SHIFTED = Protocol(
    name="paper-shifted",
    description=f"{PAPER.description}; masks up to half a pixel right and below, as before",
    prepare=partial(_paper, mask_rule=cv2.INTER_NEAREST),
)
NATIVE = Protocol(name="native", description="each photo at its own size", prepare=_native)
NATIVE_X2, NATIVE_X4 = (
    Protocol(
        name=f"native-x{times}",
        description=f"each photo enlarged {word} (photos bilinear, masks nearest)",
        prepare=partial(_native, times=times),
    )
    for times, word in ((2, "twice"), (4, "four times"))
)
PROTOCOLS: dict[ProtocolName, Protocol] = {
    "paper": PAPER,
    "native": NATIVE,
    "native-x2": NATIVE_X2,
    "native-x4": NATIVE_X4,
    "paper-shifted": PAPER_SHIFTED,
}
