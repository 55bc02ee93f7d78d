"""DeepLabv3+: context from dilated convolutions, sharpened by early features.

Chen, Zhu, Papandreou, Schroff and Adam, "Encoder-Decoder with Atrous Separable Convolution for Semantic Image
Segmentation", ECCV 2018.
"""

import itertools
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks import (
    ConvolutionBlock,
    ResidualBlock,
    initialize_kaiming,
    resized,
)
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork
from upcracknet.baselines.supervised.resnet import ResNet

CHANNELS = 256
"""Channels of the context, and of the decoder."""

EARLY_CHANNELS = 48
"""Channels that the early features are reduced to, lest they outweigh the context (Section 3.1, Table 1)."""

MIDDLE_BLOCKS = 16
"""Of Xception's middle flow."""


class SeparableConvolution(nn.Sequential):
    """3×3 convolution of each channel by itself, then 1×1 across the channels; no ReLU follows.

    Args:
        channels: channels of the input.
        out_channels: channels of the output.
        stride: step of the 3×3 convolution.
        dilation: distance between its taps.
    """

    def __init__(self, channels: int, out_channels: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, stride, dilation, dilation, groups=channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            ConvolutionBlock(channels, out_channels, 1, activation=False),
        )


class XceptionBlock(ResidualBlock):
    """Three separable convolutions, a ReLU before each, beside a shortcut.

    Args:
        channels: channels of the input.
        widths: channels after each convolution.
        stride: step of the last convolution, and of the shortcut.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int], stride: int = 1) -> None:
        layers: list[nn.Module] = []
        for before, after, step in zip((channels, *widths[:-1]), widths, (1, 1, stride), strict=True):
            # Not in place: the shortcut takes the same features.
            layers += [nn.ReLU(), SeparableConvolution(before, after, step)]
        super().__init__(nn.Sequential(*layers), channels, widths[-1], stride, activation=False)


class Xception(nn.Module):
    """Modified Aligned Xception (Section 3.2, Figure 4) at an output stride of 16.

    It is deeper than Xception (Chollet, CVPR 2017), with strided separable convolutions in place of pooling,
    and batch normalisation and ReLU after each depthwise convolution. The exit flow keeps the resolution, and
    its end is dilated instead.

    Attributes:
        channels: of the two maps that it gives.
    """

    def __init__(self) -> None:
        super().__init__()
        self.channels = (128, 2048)
        self.stem = nn.Sequential(ConvolutionBlock(3, 32, stride=2), ConvolutionBlock(32, 64))
        self.entry = nn.ModuleList(
            (
                XceptionBlock(64, (128, 128, 128), stride=2),
                XceptionBlock(128, (256, 256, 256), stride=2),
                XceptionBlock(256, (728, 728, 728), stride=2),
            )
        )
        self.middle = nn.Sequential(*(XceptionBlock(728, (728, 728, 728)) for _ in range(MIDDLE_BLOCKS)))
        end: list[nn.Module] = []
        for before, after in itertools.pairwise((1024, 1536, 1536, 2048)):
            end += [SeparableConvolution(before, after, dilation=2), nn.ReLU(inplace=True)]
        self.exit = nn.Sequential(XceptionBlock(728, (728, 1024, 1024)), nn.ReLU(), *end)

    def forward(
        self, images: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b 128 h2 w2"], Float[Tensor, "b 2048 h3 w3"]]:
        """Compute the first block's features at 1/4 of the size, and the last ones at 1/16."""
        features = fine = self.entry[0](self.stem(images))
        for block in self.entry[1:]:
            features = block(features)
        return fine, self.exit(self.middle(features))


class AtrousSpatialPyramidPooling(nn.Module):
    """Dilated convolutions side by side, beside the mean of the image.

    Chen, Papandreou, Schroff and Adam, "Rethinking Atrous Convolution for Semantic Image Segmentation",
    arXiv 1706.05587, 2017, Section 3.3 and Figure 5.

    Args:
        channels: channels of the input.
        out_channels: channels of each branch, and of the output.
        dilations: distance between the taps of each 3×3 convolution, in steps of the features.
        dropout: probability with which a value of the output is left out in training.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int = 256,
        dilations: Sequence[int] = (6, 12, 18),
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList((ConvolutionBlock(channels, out_channels, 1),))
        self.branches.extend(
            ConvolutionBlock(channels, out_channels, dilation=dilation) for dilation in dilations
        )
        self.image = ConvolutionBlock(channels, out_channels, 1)
        self.projection = nn.Sequential(
            ConvolutionBlock(out_channels * (len(self.branches) + 1), out_channels, 1), nn.Dropout(dropout)
        )

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h w"]:
        """Describe each place by its surroundings."""
        image = self.image(F.adaptive_avg_pool2d(features, 1)).expand(-1, -1, *features.shape[-2:])
        context: Tensor = self.projection(
            torch.cat([*(branch(features) for branch in self.branches), image], dim=1)
        )
        return context


class DeepLabv3Plus(SupervisedNetwork):
    """Figure 2, at an output stride of 16.

    The 3×3 convolutions of the context and of the decoder are plain ones; the paper's last variant makes them
    separable (Table 5).

    Args:
        backbone: "xception" (Modified Aligned Xception), "resnet50" or "resnet101".

    Raises:
        ValueError: when there is no such backbone.
    """

    stride: ClassVar[int] = 4
    size_multiple: ClassVar[int] = 16
    smallest_batch: ClassVar[int] = 2

    def __init__(self, backbone: Literal["xception", "resnet50", "resnet101"] = "xception") -> None:
        super().__init__()
        self.backbone: Xception | ResNet
        if backbone == "xception":
            self.backbone = Xception()
        elif backbone in ("resnet50", "resnet101"):
            self.backbone = ResNet(backbone, output_stride=16)
        else:
            raise ValueError(
                f"backbone={backbone!r}: expected xception, resnet50 or resnet101; choose one of them"
            )
        early, *_, late = self.backbone.channels
        self.context = AtrousSpatialPyramidPooling(late, CHANNELS, dilations=(6, 12, 18))
        self.early = ConvolutionBlock(early, EARLY_CHANNELS, 1)
        self.decoder = nn.Sequential(
            ConvolutionBlock(CHANNELS + EARLY_CHANNELS, CHANNELS),
            ConvolutionBlock(CHANNELS, CHANNELS),
            nn.Dropout(0.1),
        )
        self.classifier = nn.Conv2d(CHANNELS, 1, 1)
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 16 pixels; training needs at least two of them."""
        early, *_, late = self.backbone(images)
        context = resized(self.context(late), early)
        answer = self.classifier(self.decoder(torch.cat([context, self.early(early)], dim=1)))
        return Segmentation(resized(answer, images)[:, 0])
