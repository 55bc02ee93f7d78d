"""BiSeNetV2: one branch for detail, one for meaning, and each guides the other.

Yu, Gao, Wang, Yu, Shen and Sang, "BiSeNet V2: Bilateral Network with Guided Aggregation for Real-Time
Semantic Segmentation", IJCV 129, 2021. The widths of the branches are those of Table 1.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks import ConvolutionBlock, initialize_kaiming, resized
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork

CHANNELS = 128
"""Channels of both branches where they meet."""

HEAD_CHANNELS = 1024
BOOSTER_CHANNELS = 128

EXPANSION = 6
"""The depthwise convolutions of a gather-and-expansion layer work on this many times its channels."""


class Stem(nn.Module):
    """A quarter of the size in two steps, the second both by convolution and by pooling (Figure 4a).

    Args:
        channels: of the output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvolutionBlock(3, channels, stride=2)
        self.convolved = nn.Sequential(
            ConvolutionBlock(channels, channels // 2, 1), ConvolutionBlock(channels // 2, channels, stride=2)
        )
        self.pooled = nn.MaxPool2d(3, stride=2, padding=1)
        self.fusion = ConvolutionBlock(2 * channels, channels)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b c h/4 w/4"]:
        """Compute features at a quarter of the size."""
        features = self.first(images)
        fused: Tensor = self.fusion(torch.cat([self.convolved(features), self.pooled(features)], dim=1))
        return fused


class GatherAndExpansion(nn.Module):
    """A residual layer whose middle convolution is depthwise, on six times the channels (Figure 5b).

    Args:
        channels: of the input and of the output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = EXPANSION * channels
        self.residual = nn.Sequential(
            ConvolutionBlock(channels, channels),
            ConvolutionBlock(channels, inner, groups=channels),
            ConvolutionBlock(inner, channels, 1, activation=False),
        )

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Add the residual."""
        return F.relu(features + self.residual(features))


class DownsamplingGatherAndExpansion(nn.Module):
    """The same at half the size: two depthwise convolutions, and one more on the short way (Figure 5c).

    Args:
        channels: of the input.
        out_channels: of the output.
    """

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        inner = EXPANSION * channels
        self.residual = nn.Sequential(
            ConvolutionBlock(channels, channels),
            ConvolutionBlock(channels, inner, stride=2, groups=channels, activation=False),
            ConvolutionBlock(inner, inner, groups=inner),
            ConvolutionBlock(inner, out_channels, 1, activation=False),
        )
        self.shortcut = nn.Sequential(
            ConvolutionBlock(channels, channels, stride=2, groups=channels, activation=False),
            ConvolutionBlock(channels, out_channels, 1, activation=False),
        )

    def forward(self, features: Float[Tensor, "b _ h w"]) -> Float[Tensor, "b _ h/2 w/2"]:
        """Halve the size."""
        return F.relu(self.shortcut(features) + self.residual(features))


class ContextEmbedding(nn.Module):
    """Adds to every place what the whole image looks like on average (Figure 4b).

    Args:
        channels: of the input and of the output.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        # Without scale and shift: the next convolution and its normalisation would undo them.
        self.normalization = nn.BatchNorm2d(channels, affine=False)
        self.context = ConvolutionBlock(channels, channels, 1)
        self.last = ConvolutionBlock(channels, channels)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Embed the context; training needs at least two images, since one has one mean a channel."""
        average = features.mean(dim=(2, 3), keepdim=True)
        embedded: Tensor = self.last(features + self.context(self.normalization(average)))
        return embedded


class DetailBranch(nn.Sequential):
    """Wide and shallow: eight convolutions in three stages, down to an eighth of the size."""

    def __init__(self) -> None:
        super().__init__(
            ConvolutionBlock(3, 64, stride=2),
            ConvolutionBlock(64, 64),
            ConvolutionBlock(64, 64, stride=2),
            ConvolutionBlock(64, 64),
            ConvolutionBlock(64, 64),
            ConvolutionBlock(64, CHANNELS, stride=2),
            ConvolutionBlock(CHANNELS, CHANNELS),
            ConvolutionBlock(CHANNELS, CHANNELS),
        )


class SemanticBranch(nn.Module):
    """Narrow and deep: 1/4, 1/8, 1/16 and 1/32 of the size, and the context of the whole image at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            [
                Stem(16),
                nn.Sequential(DownsamplingGatherAndExpansion(16, 32), GatherAndExpansion(32)),
                nn.Sequential(DownsamplingGatherAndExpansion(32, 64), GatherAndExpansion(64)),
                nn.Sequential(
                    DownsamplingGatherAndExpansion(64, CHANNELS),
                    *(GatherAndExpansion(CHANNELS) for _ in range(3)),
                ),
            ]
        )
        self.context = ContextEmbedding(CHANNELS)

    def forward(
        self, images: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b 128 h/32 w/32"], list[Float[Tensor, "b _ _ _"]]]:
        """Compute the features with their context, and those of each stage for the boosters."""
        features: Tensor = images
        stages = []
        for stage in self.stages:
            features = stage(features)
            stages.append(features)
        return self.context(features), stages


def depthwise_separable() -> nn.Sequential:
    """Build a convolution of each channel by itself, then one across them."""
    return nn.Sequential(
        ConvolutionBlock(CHANNELS, CHANNELS, groups=CHANNELS, activation=False),
        nn.Conv2d(CHANNELS, CHANNELS, 1, bias=False),
    )


class GuidedAggregation(nn.Module):
    """Each branch is weighted by the other, at the size of either, and both are summed (Figure 6)."""

    def __init__(self) -> None:
        super().__init__()
        self.detail = depthwise_separable()
        self.detail_below = nn.Sequential(
            ConvolutionBlock(CHANNELS, CHANNELS, stride=2, activation=False),
            nn.AvgPool2d(3, stride=2, padding=1),
        )
        self.semantic = depthwise_separable()
        self.semantic_above = ConvolutionBlock(CHANNELS, CHANNELS, activation=False)
        self.fusion = ConvolutionBlock(CHANNELS, CHANNELS)

    def forward(
        self, detail: Float[Tensor, "b 128 h w"], semantic: Float[Tensor, "b 128 h/4 w/4"]
    ) -> Float[Tensor, "b 128 h w"]:
        """Join the branches at the detail's size."""
        guided_detail = self.detail(detail) * resized(self.semantic_above(semantic), detail).sigmoid()
        guided_semantic = self.detail_below(detail) * self.semantic(semantic).sigmoid()
        aggregated: Tensor = self.fusion(guided_detail + resized(guided_semantic, detail))
        return aggregated


def head(channels: int) -> nn.Sequential:
    """From features to logits."""
    return nn.Sequential(
        ConvolutionBlock(channels, HEAD_CHANNELS), nn.Dropout(0.1), nn.Conv2d(HEAD_CHANNELS, 1, 1)
    )


def booster(channels: int, scale: int) -> nn.Sequential:
    """Build a head for training alone, at twice the size of the stage that it is fed with.

    Args:
        channels: of the stage.
        scale: how many times smaller than the images the stage is; scale² channels carry the answer.
    """
    return nn.Sequential(
        ConvolutionBlock(channels, BOOSTER_CHANNELS),
        nn.Dropout(0.1),
        nn.Upsample(scale_factor=2),
        ConvolutionBlock(BOOSTER_CHANNELS, scale**2),
        nn.Conv2d(scale**2, 1, 1),
    )


class BiSeNetV2(SupervisedNetwork):
    """Both branches, their aggregation, the head, and the four boosters of Section 4.4 (Figure 3)."""

    stride: ClassVar[int] = 8
    size_multiple: ClassVar[int] = 32
    side_weights: ClassVar[tuple[float, ...]] = (1, 1, 1, 1)
    smallest_batch: ClassVar[int] = 2

    def __init__(self) -> None:
        super().__init__()
        self.detail = DetailBranch()
        self.semantic = SemanticBranch()
        self.aggregation = GuidedAggregation()
        self.head = head(CHANNELS)
        self.auxiliary = nn.ModuleList(
            booster(channels, scale) for channels, scale in ((16, 4), (32, 8), (64, 16), (CHANNELS, 32))
        )
        initialize_kaiming(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 32 pixels."""
        semantic, stages = self.semantic(images)
        features = self.aggregation(self.detail(images), semantic)
        logits = resized(self.head(features), images)[:, 0]
        if not self.training:
            return Segmentation(logits)
        boosted = (
            resized(booster(stage), images)[:, 0]
            for booster, stage in zip(self.auxiliary, stages, strict=True)
        )
        return Segmentation(logits, tuple(boosted))
