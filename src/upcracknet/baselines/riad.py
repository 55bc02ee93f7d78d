"""RIAD (Zavrtanik, Kristan and Skočaj, Pattern Recognition 112, 2021): restoration of jumbled squares.

An image is split at random into disjoint sets of small squares. Each set is removed and restored from the
others, and the restored parts are assembled. Where the edges of the assembled image differ from the photo's,
there is something that training never saw.
"""

import itertools
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.corruption import JumbledSquareMasks, corrupt
from upcracknet.detection.scorer import BaseScorer, detecting_copy
from upcracknet.detection.threshold import Threshold
from upcracknet.losses import multi_scale_gradient_magnitude_similarity_map

SMOOTHING = 21
"""Side of the square that the error map is averaged over, in pixels at an image side of 256."""


class _Convolutions(nn.Sequential):
    """Two convolutions with batch normalisation and ReLU; the first may halve the resolution."""

    def __init__(self, channels: int, out_channels: int, *, halve: bool = False) -> None:
        first = (
            nn.Conv2d(channels, out_channels, 4, stride=2, padding=1)
            if halve
            else nn.Conv2d(channels, out_channels, 3, padding=1)
        )
        super().__init__(
            first,
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
            nn.Conv2d(out_channels, out_channels, 3, padding=1),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )


class RIADNetwork(nn.Module):
    """RIAD's U-Net: five levels, images in [-1, 1] to images in [-1, 1].

    Args:
        widths: channels of each level; the published ones have 28,805,699 parameters.
    """

    size_multiple = 16
    interface = (
        "the photo in [-1, 1], 0 where it is to be restored; the output is the restored image in [-1, 1], "
        "batch×3×height×width"
    )

    def __init__(self, widths: tuple[int, ...] = (64, 128, 256, 512, 512)) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(
            _Convolutions(before, width, halve=level > 0)
            for level, (before, width) in enumerate(itertools.pairwise((3, *widths)))
        )
        upwards = list(itertools.pairwise(reversed(widths)))
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(below, width, 4, stride=2, padding=1) for below, width in upwards
        )
        self.decoder = nn.ModuleList(_Convolutions(2 * width, width) for _, width in upwards)
        self.last = nn.Conv2d(widths[0], 3, 3, padding=1)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Restore what is removed; height and width are multiples of 16."""
        encoded = [images]
        for block in self.encoder:
            encoded.append(block(encoded[-1]))
        features = encoded.pop()
        for enlarge, block in zip(self.enlarge, self.decoder, strict=True):
            features = block(torch.cat([enlarge(features), encoded.pop()], dim=1))
        restored: Tensor = self.last(features).tanh()
        return restored


def restore_by_parts(
    network: nn.Module, images: Float[Tensor, "b 3 h w"], masks: Float[Tensor, "sets 1 h w"]
) -> Float[Tensor, "b 3 h w"]:
    """Restore each part of images from all the others.

    Args:
        network: restores images in [-1, 1], in which 0 is what was removed.
        images: in [0, 1].
        masks: remove disjoint parts that together are the whole image.

    Returns:
        images in [0, 1] of which nothing is copied.
    """
    centred = images * 2 - 1
    restored = torch.zeros_like(images)
    for mask in masks[:, None]:
        restored = restored + network(corrupt(centred, mask.expand(len(images), -1, -1, -1))) * (1 - mask)
    return (restored + 1) / 2


class RIADScorer(BaseScorer):
    """RIAD's score: 1 − multi-scale gradient magnitude similarity, averaged over the sizes of the squares.

    Args:
        network: a trained network; not changed.
        input_size: side of the square input in pixels; the size it was trained at.
        name: shown in results.
    """

    def __init__(self, network: RIADNetwork, input_size: int = 256, name: str = "RIAD") -> None:
        self.name, self.input_size = name, input_size
        self.network: nn.Module = detecting_copy(network)
        self.masks = JumbledSquareMasks()

    @torch.inference_mode()
    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Compute how badly each edge is restored, in [0, 1]; the same split of the image each time."""
        generator = torch.Generator().manual_seed(0)
        errors = torch.stack([self._error(images, cell, generator) for cell in self.masks.cells]).mean(dim=0)
        side = max(1, round(SMOOTHING * min(images.shape[-2:]) / 256)) // 2
        smoothed = F.avg_pool2d(F.pad(errors, (side,) * 4, mode="replicate"), 2 * side + 1, stride=1)
        return smoothed[:, 0].clamp(0, 1)

    def _error(
        self, images: Float[Tensor, "b 3 h w"], cell: int, generator: torch.Generator
    ) -> Float[Tensor, "b 1 h w"]:
        masks = self.masks.partition(images.shape[-2], images.shape[-1], generator, cell).to(images)
        restored = restore_by_parts(self.network, images, masks)
        return 1 - multi_scale_gradient_magnitude_similarity_map(restored, images)


def riad_scorer(
    network: RIADNetwork, detection: dict[str, Any], preset: None, name: str
) -> tuple[RIADScorer, Threshold]:
    """Make RIAD's scorer, at the input size stored with its network, and its threshold; it has no preset."""
    return RIADScorer(network, int(detection["input_size"]), name), Threshold()
