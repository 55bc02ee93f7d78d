"""U-Net: a contracting and an expanding path, joined at every level.

Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015.
As is usual today, and unlike the paper, the convolutions are padded, so that the answer has the images' size,
and batch normalisation follows each.
"""

import itertools
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks import ConvolutionBlock, initialize_kaiming
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork

WIDTHS = (64, 128, 256, 512, 1024)
"""Channels of each level, from the full resolution down; each further level halves it."""


def double_convolution(channels: int, out_channels: int) -> nn.Sequential:
    """Build the two 3×3 convolutions of one level."""
    return nn.Sequential(
        ConvolutionBlock(channels, out_channels), ConvolutionBlock(out_channels, out_channels)
    )


class UNet(SupervisedNetwork):
    """Five levels (Figure 1): down by 2×2 max-pooling, up by 2×2 transposed convolutions."""

    stride: ClassVar[int] = 1
    size_multiple: ClassVar[int] = 16

    def __init__(self) -> None:
        super().__init__()
        self.contracting = nn.ModuleList(
            double_convolution(above, width) for above, width in itertools.pairwise((3, *WIDTHS))
        )
        self.upsampling = nn.ModuleList(
            nn.ConvTranspose2d(below, width, 2, stride=2) for width, below in itertools.pairwise(WIDTHS)
        )
        self.expanding = nn.ModuleList(double_convolution(2 * width, width) for width in WIDTHS[:-1])
        self.classifier = nn.Conv2d(WIDTHS[0], 1, 1)
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 16 pixels."""
        levels: list[Tensor] = []
        features: Tensor = images
        for block in self.contracting:
            features = block(F.max_pool2d(features, 2) if levels else features)
            levels.append(features)
        levels.pop()
        for upsample, block in zip(reversed(self.upsampling), reversed(self.expanding), strict=True):
            features = block(torch.cat([levels.pop(), upsample(features)], dim=1))
        return Segmentation(self.classifier(features)[:, 0])
