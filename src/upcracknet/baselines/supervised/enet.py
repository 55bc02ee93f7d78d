"""ENet: a network for real time, with a large encoder and a small decoder.

Paszke, Chaurasia, Kim and Culurciello, "ENet: A Deep Neural Network Architecture for Real-Time Semantic
Segmentation", arXiv 1606.02147, 2016.

A bottleneck is a short main branch, and an extension of three convolutions that is added to it (Figure 2b);
batch normalisation and a rectifier stand between those. The encoder learns the slope of its rectifiers; in
the decoder that did harm (Section 4, "Non-linear operations"), so there they are plain.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks import initialize_kaiming
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork

REDUCTION = 4
"""An extension works on this share of the channels that come in."""


def extension(
    convolutions: Sequence[nn.Conv2d | nn.ConvTranspose2d], rectifier: type[nn.Module], dropout: float
) -> nn.Sequential:
    """Build the convolutions with what stands between them, and dropout of whole channels at the end."""
    layers: list[nn.Module] = []
    for convolution in convolutions:
        layers += [convolution, nn.BatchNorm2d(convolution.out_channels), rectifier()]
    # The last rectifier comes after the addition.
    return nn.Sequential(*layers[:-1], nn.Dropout2d(dropout))


class RegularBottleneck(nn.Module):
    """Keeps the size and the channels.

    Args:
        channels: of the input and of the output.
        dilation: step between the points of the 3×3 convolution.
        asymmetric: whether a 5×1 and a 1×5 convolution stand in place of the 3×3 one.
        rectifier: class of the activations.
        dropout: share of the extension's channels that training leaves out.
    """

    def __init__(
        self,
        channels: int,
        *,
        dilation: int = 1,
        asymmetric: bool = False,
        rectifier: type[nn.Module] = nn.PReLU,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        inner = channels // REDUCTION
        across = (
            [
                nn.Conv2d(inner, inner, (5, 1), padding=(2, 0), bias=False),
                nn.Conv2d(inner, inner, (1, 5), padding=(0, 2), bias=False),
            ]
            if asymmetric
            else [nn.Conv2d(inner, inner, 3, padding=dilation, dilation=dilation, bias=False)]
        )
        narrow = nn.Conv2d(channels, inner, 1, bias=False)
        widen = nn.Conv2d(inner, channels, 1, bias=False)
        self.extension = extension([narrow, *across, widen], rectifier, dropout)
        self.activation = rectifier()

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Add the extension to the input."""
        activated: Tensor = self.activation(features + self.extension(features))
        return activated


class DownsamplingBottleneck(nn.Module):
    """Halves the size; the main branch is max-pooled and filled up with channels of zeros.

    Args:
        channels: of the input.
        out_channels: of the output, more than ``channels``.
        dropout: share of the extension's channels that training leaves out.
    """

    def __init__(self, channels: int, out_channels: int, dropout: float) -> None:
        super().__init__()
        inner = channels // REDUCTION
        convolutions = [
            nn.Conv2d(channels, inner, 2, stride=2, bias=False),
            nn.Conv2d(inner, inner, 3, padding=1, bias=False),
            nn.Conv2d(inner, out_channels, 1, bias=False),
        ]
        self.extension = extension(convolutions, nn.PReLU, dropout)
        self.activation = nn.PReLU()
        self.added_channels = out_channels - channels

    def forward(
        self, features: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b _ h/2 w/2"], Int64[Tensor, "b c h/2 w/2"]]:
        """Compute the features at half the size, and where the maxima of the input were."""
        pooled, places = F.max_pool2d(features, 2, return_indices=True)
        main = F.pad(pooled, (0, 0, 0, 0, 0, self.added_channels))
        return self.activation(main + self.extension(features)), places


class UpsamplingBottleneck(nn.Module):
    """Doubles the size; the main branch is reduced to fewer channels and un-pooled to where the maxima were.

    Args:
        channels: of the input.
        out_channels: of the output, as many as were pooled.
        dropout: share of the extension's channels that training leaves out.
    """

    def __init__(self, channels: int, out_channels: int, dropout: float = 0.1) -> None:
        super().__init__()
        inner = channels // REDUCTION
        self.main = nn.Sequential(
            nn.Conv2d(channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
        )
        convolutions: list[nn.Conv2d | nn.ConvTranspose2d] = [
            nn.Conv2d(channels, inner, 1, bias=False),
            nn.ConvTranspose2d(inner, inner, 2, stride=2, bias=False),
            nn.Conv2d(inner, out_channels, 1, bias=False),
        ]
        self.extension = extension(convolutions, nn.ReLU, dropout)
        self.activation = nn.ReLU()

    def forward(
        self, features: Float[Tensor, "b _ h w"], places: Int64[Tensor, "b c h w"]
    ) -> Float[Tensor, "b c 2*h 2*w"]:
        """Double the size of the features."""
        main = F.max_unpool2d(self.main(features), places, [2, 2])
        activated: Tensor = self.activation(main + self.extension(features))
        return activated


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
