"""DDRNet: two branches of different resolution that tell each other what they see.

Hong, Pan, Sun and Jia, "Deep Dual-resolution Networks for Real-time and Accurate Semantic Segmentation of
Road Scenes", arXiv 2101.06085, 2021.
"""

from typing import ClassVar, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks import (
    ConvolutionBlock,
    ResidualBlock,
    bottleneck_block,
    initialize_kaiming,
    resized,
)
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork

Variant = Literal["23-slim", "23"]

WIDTHS: dict[Variant, tuple[int, int]] = {"23-slim": (32, 64), "23": (64, 128)}
"""Channels of the first layer, and of the heads' hidden layer."""

POOLINGS = ((5, 2), (9, 4), (17, 8))
"""Kernel and stride of the average poolings, in steps of the coarsest features; a global one follows them."""


def basic_block(
    channels: int, out_channels: int, stride: int = 1, *, activation: bool = True
) -> ResidualBlock:
    """Build two 3×3 convolutions beside the shortcut."""
    layers = nn.Sequential(
        ConvolutionBlock(channels, out_channels, stride=stride),
        ConvolutionBlock(out_channels, out_channels, activation=False),
    )
    return ResidualBlock(layers, channels, out_channels, stride, activation=activation)


def stage(channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    """Two basic blocks, without the last ReLU: it follows where the branches have been added."""
    return nn.Sequential(
        basic_block(channels, out_channels, stride), basic_block(out_channels, out_channels, activation=False)
    )


class PreactivatedConvolution(nn.Sequential):
    """Batch normalisation, ReLU, convolution without bias, in this order; the size is kept."""

    def __init__(self, channels: int, out_channels: int, size: int) -> None:
        super().__init__(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, out_channels, size, padding=size // 2, bias=False),
        )


class DeepAggregationPyramidPooling(nn.Module):
    """DAPPM: pools at growing scales and adds each to what the finer ones gave (equation 2).

    Args:
        channels: channels of the input.
        branch_channels: channels of each of the five scales.
        out_channels: channels of the output.
    """

    def __init__(self, channels: int, branch_channels: int, out_channels: int) -> None:
        super().__init__()
        self.poolings = nn.ModuleList(
            nn.AvgPool2d(kernel, stride, padding=kernel // 2) for kernel, stride in POOLINGS
        )
        self.poolings.append(nn.AdaptiveAvgPool2d(1))
        self.finest = PreactivatedConvolution(channels, branch_channels, 1)
        self.reductions = nn.ModuleList(
            PreactivatedConvolution(channels, branch_channels, 1) for _ in self.poolings
        )
        self.aggregations = nn.ModuleList(
            PreactivatedConvolution(branch_channels, branch_channels, 3) for _ in self.poolings
        )
        self.compression = PreactivatedConvolution(
            branch_channels * (1 + len(self.poolings)), out_channels, 1
        )
        self.shortcut = PreactivatedConvolution(channels, out_channels, 1)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h w"]:
        """Enrich features with what lies around them, up to the whole image."""
        scales: list[Tensor] = [self.finest(features)]
        for pooling, reduction, aggregation in zip(
            self.poolings, self.reductions, self.aggregations, strict=True
        ):
            pooled = resized(reduction(pooling(features)), features)
            scales.append(aggregation(pooled + scales[-1]))
        context: Tensor = self.compression(torch.cat(scales, dim=1)) + self.shortcut(features)
        return context


class BilateralFusion(nn.Module):
    """Adds each branch to the other, at its own resolution (Figure 3, equation 1).

    Args:
        fine: channels of the fine branch.
        coarse: channels of the coarse branch.
        halvings: how many times the coarse branch is half as large.
    """

    def __init__(self, fine: int, coarse: int, halvings: int) -> None:
        super().__init__()
        widths = [fine, *(coarse >> left for left in reversed(range(halvings)))]
        self.down = nn.Sequential(
            *(
                ConvolutionBlock(widths[n], widths[n + 1], stride=2, activation=n + 1 < halvings)
                for n in range(halvings)
            )
        )
        self.compression = ConvolutionBlock(coarse, fine, 1, activation=False)

    def forward(
        self, fine: Float[Tensor, "b c h w"], coarse: Float[Tensor, "b c2 h2 w2"]
    ) -> tuple[Float[Tensor, "b c h w"], Float[Tensor, "b c2 h2 w2"]]:
        """Exchange features; both are from before their ReLU."""
        up = resized(self.compression(F.relu(coarse)), fine)
        return fine + up, coarse + self.down(F.relu(fine))


def segmentation_head(channels: int, hidden: int) -> nn.Sequential:
    """3×3 and 1×1 convolution, normalised beforehand (Figure 4)."""
    layers = nn.Sequential(PreactivatedConvolution(channels, hidden, 3), nn.BatchNorm2d(hidden), nn.ReLU())
    initialize_kaiming(layers)
    # With one output Kaiming's rule for fan-outs would start from logits of about 10: PyTorch's weights stay.
    return layers.append(nn.Conv2d(hidden, 1, 1))


class DDRNet(SupervisedNetwork):
    """A fine branch that stays at 1/8, a coarse one down to 1/64, fused twice (Figure 4, Table I).

    Args:
        variant: "23-slim" or "23", which has twice the channels.
        pyramid_channels: channels of each scale of the pyramid pooling. With 128 the variants have the sizes
            that the paper states, 5.7 and 20.1 million weights.

    Raises:
        ValueError: when there is no such variant, or a scale would have no channel.
    """

    stride: ClassVar[int] = 8
    size_multiple: ClassVar[int] = 64
    smallest_batch: ClassVar[int] = 2
    side_weights: ClassVar[tuple[float, ...]] = (0.4,)

    def __init__(self, variant: Variant = "23-slim", pyramid_channels: int = 128) -> None:
        super().__init__()
        if variant not in WIDTHS:
            raise ValueError(
                f"variant={variant!r}: expected one of {', '.join(get_args(Variant))}; choose one of them"
            )
        width, hidden = WIDTHS[variant]
        if pyramid_channels < 1:
            raise ValueError(f"pyramid_channels={pyramid_channels}: expected at least 1; the paper has 128")
        fine = 2 * width
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 3, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        )
        self.shared = nn.Sequential(stage(width, width), nn.ReLU(), stage(width, fine, 2), nn.ReLU())
        self.coarse = nn.ModuleList((stage(fine, 4 * width, 2), stage(4 * width, 8 * width, 2)))
        self.fine = nn.ModuleList((stage(fine, fine), stage(fine, fine)))
        self.fusions = nn.ModuleList(
            (BilateralFusion(fine, 4 * width, 1), BilateralFusion(fine, 8 * width, 2))
        )
        self.coarse_end = bottleneck_block(8 * width, 8 * width, expansion=2, stride=2, activation=False)
        self.fine_end = bottleneck_block(fine, fine, expansion=2, activation=False)
        self.pyramid = DeepAggregationPyramidPooling(16 * width, pyramid_channels, 2 * fine)
        initialize_kaiming(self)
        self.head = segmentation_head(2 * fine, hidden)
        self.auxiliary = nn.ModuleList([segmentation_head(fine, hidden)])

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 64 pixels."""
        fine = coarse = self.shared(self.stem(images))
        fused: list[Tensor] = []
        for fine_stage, coarse_stage, fusion in zip(self.fine, self.coarse, self.fusions, strict=True):
            fine, coarse = fusion(fine_stage(F.relu(fine)), coarse_stage(F.relu(coarse)))
            fused.append(fine)
        context = self.pyramid(self.coarse_end(F.relu(coarse)))
        fine = self.fine_end(F.relu(fine))
        fine = fine + resized(context, fine)
        answers = [self.head(fine)]
        if self.training:
            # The auxiliary head judges the first fusion.
            answers += [head(features) for head, features in zip(self.auxiliary, fused[:1], strict=True)]
        logits, *side = (resized(answer, images)[:, 0] for answer in answers)
        return Segmentation(logits, tuple(side))
