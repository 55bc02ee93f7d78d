"""UperNet: a feature pyramid over a ResNet, with pyramid pooling at its top.

Xiao, Liu, Zhou, Jiang and Sun, "Unified Perceptual Parsing for Scene Understanding", ECCV 2018; the branch
that segments, without those for other tasks. The feature pyramid is that of Lin et al., CVPR 2017.
"""

import itertools
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.baselines.supervised.blocks import (
    ConvolutionBlock,
    PyramidPooling,
    initialize_kaiming,
    resized,
)
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork
from upcracknet.baselines.supervised.resnet import ResNet, ResNetName

CHANNELS = 256
"""Channels of each level of the feature pyramid, and of C2, which needs no reduction to them."""

BINS = (1, 2, 4, 6)
"""Cells of each grid of the pyramid pooling, in either direction."""


class UperNet(SupervisedNetwork):
    """Figure 4, with the layers of yassouali/pytorch-segmentation, most likely those of UP-CrackNet's tables.

    It differs from the UperNet paper's in four points: C5 has an output stride of 16, the pyramid pooling
    returns to its 2048 channels, C2 enters the feature pyramid as it is, and one 3×3 convolution smooths all
    levels but the coarsest. It differs from yassouali's in two: each level is added to the sum of all coarser
    ones, as in a feature pyramid, not to its neighbour alone; and corners are not aligned when enlarging.

    Args:
        backbone: "resnet101" or "resnet50".

    Raises:
        ValueError: when there is no such backbone.
    """

    stride: ClassVar[int] = 4
    size_multiple: ClassVar[int] = 16
    smallest_batch: ClassVar[int] = 2

    def __init__(self, backbone: ResNetName = "resnet101") -> None:
        super().__init__()
        self.backbone = ResNet(backbone, output_stride=16)
        fifth = self.backbone.channels[-1]
        pooling = PyramidPooling(fifth, BINS, reduced=fifth // len(BINS))
        self.pyramid = nn.Sequential(pooling, ConvolutionBlock(pooling.out_channels, fifth), nn.Dropout(0.1))
        self.lateral = nn.ModuleList(
            nn.Conv2d(channels, CHANNELS, 1) for channels in self.backbone.channels[1:]
        )
        self.smoothing = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1)
        self.fusion = ConvolutionBlock(CHANNELS * len(self.backbone.channels), CHANNELS)
        self.classifier = nn.Conv2d(CHANNELS, 1, 3, padding=1)
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 16 pixels; training needs at least two of them."""
        second, third, fourth, fifth = self.backbone(images)
        deeper = (third, fourth, self.pyramid(fifth))
        laterals = [
            second,
            *(lateral(features) for lateral, features in zip(self.lateral, deeper, strict=True)),
        ]
        # Each level is added to the one above, coarse to fine; the coarsest stays as it is.
        sums = list(
            itertools.accumulate(reversed(laterals), lambda coarse, fine: fine + resized(coarse, fine))
        )
        levels = [sums[0], *map(self.smoothing, sums[1:])]
        fused = self.fusion(torch.cat([resized(level, second) for level in reversed(levels)], dim=1))
        return Segmentation(resized(self.classifier(fused), images)[:, 0])
