"""A supervised network as a scorer."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from upcracknet.baselines.supervised.deepcrack19 import Deepcrack19
from upcracknet.baselines.supervised.deepcrack19_refinement import REFINED_LEVEL, refine
from upcracknet.baselines.supervised.network import SupervisedNetwork
from upcracknet.detection.threshold import Threshold

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


def normalise(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Images in [0, 1] as backbones of ImageNet want them."""
    mean = images.new_tensor(IMAGENET_MEAN)[:, None, None]
    deviation = images.new_tensor(IMAGENET_DEVIATION)[:, None, None]
    return (images - mean) / deviation


class SegmentationScorer:
    """How crack-like each pixel is, by a network that learned it from annotated photos.

    Args:
        network: a trained network; switched to evaluation mode.
        name: shown in results.
    """

    input_size: int | None = None

    def __init__(self, network: SupervisedNetwork, name: str) -> None:
        self.name = name
        self.network = network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Probability of crack of each pixel; images in [0, 1] of any size."""
        height, width = images.shape[-2:]
        logits: Tensor = self.network(_prepared(images, self.network.size_multiple)).logits
        return logits[:, :height, :width].sigmoid()


class GuidedFilterScorer:
    """Deepcrack19's answer, its outline brought to the edges of the first side output by a guided filter.

    Not for other engines, which give the answer alone.

    Args:
        network: a trained network; switched to evaluation mode.
        name: shown in results.
    """

    input_size: int | None = None

    def __init__(self, network: Deepcrack19, name: str) -> None:
        self.name = name
        self._deepcrack = network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Filtered values, cut to [0, 1]; images in [0, 1] of any size."""
        height, width = images.shape[-2:]
        sides = self._deepcrack.side_outputs(_prepared(images, self._deepcrack.size_multiple))
        fused = self._deepcrack.fuse(sides)
        refined = refine(fused[:, :height, :width].sigmoid(), sides[:, 0, :height, :width].sigmoid())
        return refined.clamp(0, 1)


def segmentation_scorer(
    network: SupervisedNetwork, detection: dict[str, Any], preset: str | None, name: str
) -> tuple[SegmentationScorer | GuidedFilterScorer, Threshold]:
    """Make a supervised network's scorer and threshold.

    Args:
        network: a trained network.
        detection: nothing is stored with it.
        preset: ``guided-filter`` for Deepcrack19, or None.
        name: shown in results.
    """
    if isinstance(network, Deepcrack19) and preset == "guided-filter":
        return GuidedFilterScorer(network, name), Threshold(REFINED_LEVEL)
    return SegmentationScorer(network, name), Threshold(0.5)


def _prepared(images: Float[Tensor, "b 3 h w"], multiple: int) -> Float[Tensor, "b 3 _h _w"]:
    """Normalised and continued to sizes that the network takes."""
    below, right = (-side % multiple for side in images.shape[-2:])
    # Edge values continue an image of any size; a mirror image would need at least as many pixels.
    padded = F.pad(normalise(images), (0, right, 0, below), mode="replicate")
    return padded.contiguous(memory_format=torch.channels_last)
