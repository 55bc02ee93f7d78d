"""A supervised network as a scorer."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.deepcrack19 import REFINED_LEVEL, Deepcrack19, refine
from upcracknet.baselines.supervised.network import SupervisedNetwork
from upcracknet.detection.scorer import BaseScorer, detecting_copy
from upcracknet.detection.threshold import Threshold
from upcracknet.runtime import size_multiple

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


def normalise(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Bring images in [0, 1] to the mean and deviation that backbones of ImageNet want."""
    mean = images.new_tensor(IMAGENET_MEAN)[:, None, None]
    deviation = images.new_tensor(IMAGENET_DEVIATION)[:, None, None]
    return (images - mean) / deviation


class SegmentationScorer(BaseScorer):
    """How crack-like each pixel is, by a network that learned it from annotated photos.

    Args:
        network: a trained network; not changed.
        name: shown in results.
    """

    padding = "edge"

    def __init__(self, network: SupervisedNetwork, name: str) -> None:
        self.name = name
        self.network: nn.Module = detecting_copy(network)

    @torch.inference_mode()
    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Give the probability of crack of each pixel; images in [0, 1] of any size."""
        height, width = images.shape[-2:]
        logits: Tensor = self.network(_prepared(images, size_multiple(self.network))).logits
        return logits[:, :height, :width].sigmoid()


class GuidedAnswer(NamedTuple):
    """What the guided filter needs of Deepcrack19.

    Attributes:
        logits: the answer.
        first_side: logits of the first stage, which knows edges best.
    """

    logits: Float[Tensor, "b h w"]
    first_side: Float[Tensor, "b h w"]


class GuidedDeepcrack19(nn.Module):
    """Deepcrack19 with the answer of its first stage.

    Args:
        network: a trained network, shared.
    """

    interface = SupervisedNetwork.interface + ", and the logits of the first stage, the guide of its filter"

    def __init__(self, network: Deepcrack19) -> None:
        super().__init__()
        self.network, self.size_multiple = network, network.size_multiple

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> GuidedAnswer:
        """Segment images whose sides are multiples of 16 pixels."""
        sides = self.network.side_outputs(images)
        return GuidedAnswer(self.network.fuse(sides), sides[:, 0])


class GuidedFilterScorer(BaseScorer):
    """Deepcrack19's answer, its outline brought to the edges of the first side output by a guided filter.

    Args:
        network: a trained network; not changed.
        name: shown in results.
    """

    padding = "edge"

    def __init__(self, network: Deepcrack19, name: str) -> None:
        self.name = name
        self.network: nn.Module = detecting_copy(GuidedDeepcrack19(network))

    @torch.inference_mode()
    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Give filtered values, cut to [0, 1]; images in [0, 1] of any size."""
        height, width = images.shape[-2:]
        answer: GuidedAnswer = self.network(_prepared(images, size_multiple(self.network)))
        logits, guide = (tensor[:, :height, :width].sigmoid() for tensor in answer)
        # The filter begins with a threshold, which would hide what is no number.
        return torch.where(logits.isfinite(), refine(logits, guide).clamp(0, 1), logits)


def segmentation_scorer(
    network: SupervisedNetwork, detection: dict[str, Any], preset: str | None, name: str
) -> tuple[SegmentationScorer | GuidedFilterScorer, Threshold]:
    """Make a supervised network's scorer and threshold; Deepcrack19 has the preset ``guided-filter``."""
    if isinstance(network, Deepcrack19) and preset == "guided-filter":
        return GuidedFilterScorer(network, name), Threshold(REFINED_LEVEL)
    return SegmentationScorer(network, name), Threshold(0.5)


def _prepared(images: Float[Tensor, "b 3 h w"], multiple: int) -> Float[Tensor, "b 3 _h _w"]:
    """Normalised and continued to sizes that the network takes."""
    below, right = (-side % multiple for side in images.shape[-2:])
    # Edge values continue an image of any size; a mirror image would need at least as many pixels.
    padded = F.pad(normalise(images), (0, right, 0, below), mode="replicate")
    return padded.contiguous(memory_format=torch.channels_last)
