"""ENet: a network for real time, with a large encoder and a small decoder.

Paszke, Chaurasia, Kim and Culurciello, "ENet: A Deep Neural Network Architecture for Real-Time Semantic
Segmentation", arXiv 1606.02147, 2016.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks.enet_bottleneck import (
    DownsamplingBottleneck,
    RegularBottleneck,
    UpsamplingBottleneck,
)
from upcracknet.baselines.supervised.blocks.initialization import initialize_kaiming
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork


class InitialBlock(nn.Module):
    """16 channels at half the size: 13 are convolved, 3 are the pooled colours (Figure 2a)."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 13, 3, stride=2, padding=1, bias=False)
        self.normalization = nn.BatchNorm2d(16)
        self.activation = nn.PReLU()

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 16 h/2 w/2"]:
        """Halve the size."""
        features = torch.cat([self.convolution(images), F.max_pool2d(images, 2)], dim=1)
        activated: Tensor = self.activation(self.normalization(features))
        return activated


def context_bottlenecks() -> list[nn.Module]:
    """Build bottlenecks 2.1 to 2.8 of Table 1, repeated as 3.1 to 3.8: plain, dilated and asymmetric ones."""
    return [
        RegularBottleneck(128),
        RegularBottleneck(128, dilation=2),
        RegularBottleneck(128, asymmetric=True),
        RegularBottleneck(128, dilation=4),
        RegularBottleneck(128),
        RegularBottleneck(128, dilation=8),
        RegularBottleneck(128, asymmetric=True),
        RegularBottleneck(128, dilation=16),
    ]


class ENet(SupervisedNetwork):
    """Table 1 of the paper: an initial block and five sections of bottlenecks, down to 1/8 and up again."""

    stride: ClassVar[int] = 2
    size_multiple: ClassVar[int] = 8

    def __init__(self) -> None:
        super().__init__()
        self.initial = InitialBlock()
        self.down1 = DownsamplingBottleneck(16, 64, dropout=0.01)
        self.section1 = nn.Sequential(*(RegularBottleneck(64, dropout=0.01) for _ in range(4)))
        self.down2 = DownsamplingBottleneck(64, 128, dropout=0.1)
        self.section2 = nn.Sequential(*context_bottlenecks())
        self.section3 = nn.Sequential(*context_bottlenecks())
        self.up4 = UpsamplingBottleneck(128, 64)
        self.section4 = nn.Sequential(*(RegularBottleneck(64, rectifier=nn.ReLU) for _ in range(2)))
        self.up5 = UpsamplingBottleneck(64, 16)
        self.section5 = RegularBottleneck(16, rectifier=nn.ReLU)
        self.full_convolution = nn.ConvTranspose2d(
            16, 1, 3, stride=2, padding=1, output_padding=1, bias=False
        )
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 8 pixels."""
        features, places1 = self.down1(self.initial(images))
        features, places2 = self.down2(self.section1(features))
        features = self.section3(self.section2(features))
        features = self.section4(self.up4(features, places2))
        features = self.section5(self.up5(features, places1))
        return Segmentation(self.full_convolution(features)[:, 0])
