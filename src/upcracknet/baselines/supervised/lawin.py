"""Lawin: a transformer whose decoder looks from windows at ever larger windows around them.

Yan, Zhang and Wu, "Lawin Transformer: Improving Semantic Segmentation Transformer with Multi-Scale
Representations via Large Window Attention", arXiv 2201.01615, 2022. As it is in use with SegFormer's
encoders: the decoder has 512 channels, 256 on MiT-B0.
"""

from typing import ClassVar, Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks import ConvolutionBlock, resized
from upcracknet.baselines.supervised.mix_transformer import (
    MixTransformer,
    Variant,
    initialize_transformer,
)
from upcracknet.baselines.supervised.network import Segmentation, SupervisedNetwork

Backbone = Literal["mit-b2", "mit-b1", "mit-b0"]

BACKBONES: dict[Backbone, tuple[Variant, int]] = {
    "mit-b2": ("b2", 512),
    "mit-b1": ("b1", 512),
    "mit-b0": ("b0", 256),
}
"""The encoder, and the channels of the decoder."""

RATIOS_AND_HEADS = ((8, 64), (4, 16), (2, 4))
"""How many times larger than a window its surroundings are, and the attention's heads: the ratio squared."""

LOW_LEVEL_CHANNELS = 48
DROPOUT = 0.1

WINDOW = 8
"""Side of the windows that ask, in steps of the features."""


def window_contexts(features: Float[Tensor, "b c h w"], ratio: int) -> Float[Tensor, "b c hc wc"]:
    """Pool features so that what surrounds each window, ``ratio`` times as wide, shrinks to a window's size.

    The surroundings of neighbouring windows overlap, but their cells of ``ratio`` × ``ratio`` coincide: each
    is pooled once, to the mean of its maximum and its average, as the code in use does. Beyond the map are
    zeros.

    Args:
        features: height and width are multiples of :data:`WINDOW`.
        ratio: a divisor of :data:`WINDOW`, at least 2.

    Returns:
        cells, WINDOW / ratio of them per window in each direction, after a margin on each side.
    """
    padded = F.pad(features, [WINDOW * (ratio - 1) // 2] * 4)
    return (F.max_pool2d(padded, ratio) + F.avg_pool2d(padded, ratio)) / 2


def windows(features: Float[Tensor, "b c h w"], stride: int, heads: int) -> Float[Tensor, "n heads c2 p"]:
    """Cut features into windows, each apart, with the channels of each head apart.

    Args:
        features: b×c×h×w.
        stride: from one window to the next.
        heads: a divisor of c.

    Returns:
        images and windows one after the other; heads; channels of a head; 64 places, row by row.
    """
    cut = F.unfold(features, WINDOW, stride=stride)
    return cut.mT.reshape(-1, heads, features.shape[1] // heads, WINDOW**2)


class PositionMixing(nn.Module):
    """A linear layer over the places of a window, its own for each head, which makes up for the pooling.

    Args:
        heads: how many channel groups mix apart.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.trunc_normal_(torch.empty(heads, WINDOW**2, WINDOW**2), std=0.02))
        self.bias = nn.Parameter(torch.zeros(heads, 1, WINDOW**2))

    def forward(self, context: Float[Tensor, "n heads c p"]) -> Float[Tensor, "n heads c p"]:
        """Compute what each place gets from all places."""
        return context @ self.weight.mT + self.bias


class LargeWindowAttention(nn.Module):
    """Each window of 8 × 8 asks what is around it, pooled to as many places.

    Args:
        channels: channels of the features, a multiple of twice ``heads``; the attention runs on half of them.
        ratio: how many times wider than the window its surroundings are.
        heads: heads of the attention and of the position mixing.
    """

    def __init__(self, channels: int, ratio: int, heads: int) -> None:
        super().__init__()
        self.ratio, self.heads = ratio, heads
        self.norm = nn.LayerNorm(channels)
        self.mixing = PositionMixing(heads)
        self.query = nn.Conv2d(channels, channels // 2, 1)
        self.key = nn.Linear(channels, channels // 2)
        self.value = nn.Linear(channels, channels // 2)
        self.output = nn.Sequential(
            nn.Conv2d(channels // 2, channels, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Add to features what lies around; height and width are multiples of 8."""
        contexts = self.norm(window_contexts(features, self.ratio).movedim(1, -1)).movedim(-1, 1)
        context = windows(contexts, WINDOW // self.ratio, self.heads)
        context = (context + self.mixing(context)).flatten(1, 2).mT
        key, value = (
            part(context).unflatten(2, (self.heads, -1)).transpose(1, 2) for part in (self.key, self.value)
        )
        query = windows(self.query(features), WINDOW, self.heads).mT
        attended = F.scaled_dot_product_attention(query, key, value)
        # Back from windows to the map: fold reverses what unfold did.
        columns = attended.mT.reshape(len(features), -1, key.shape[1] * key.shape[3] * WINDOW**2).mT
        answer: Tensor = self.output(F.fold(columns, features.shape[-2:], WINDOW, stride=WINDOW))
        return features + answer


class Lawin(SupervisedNetwork):
    """Mix Transformer, large window attention at three scales, and features at 1/4 for the outlines.

    Args:
        backbone: "mit-b2", "mit-b1" or "mit-b0".

    Raises:
        ValueError: when there is no such backbone.
    """

    stride: ClassVar[int] = 4
    size_multiple: ClassVar[int] = 64
    smallest_batch: ClassVar[int] = 2

    def __init__(self, backbone: Backbone = "mit-b2") -> None:
        super().__init__()
        if backbone not in BACKBONES:
            raise ValueError(
                f"backbone={backbone!r}: expected one of {', '.join(get_args(Backbone))}; choose one of them"
            )
        variant, channels = BACKBONES[backbone]
        self.backbone = MixTransformer(variant)
        low, *high = self.backbone.widths
        self.low_level = nn.Conv2d(low, LOW_LEVEL_CHANNELS, 1)
        self.lateral = nn.ModuleList(nn.Conv2d(width, channels, 1) for width in high)
        self.fusion = ConvolutionBlock(channels * len(high), channels, 1)
        # The five branches of the pyramid, LawinASPP: the features themselves, their mean, and three scales.
        self.short_path = ConvolutionBlock(channels, channels, 1)
        self.image_pooling = nn.Sequential(nn.AdaptiveAvgPool2d(1), ConvolutionBlock(channels, channels, 1))
        self.attentions = nn.ModuleList(
            LargeWindowAttention(channels, ratio, heads) for ratio, heads in RATIOS_AND_HEADS
        )
        self.pyramid = ConvolutionBlock(channels * (2 + len(RATIOS_AND_HEADS)), channels, 1)
        self.low_level_fusion = ConvolutionBlock(channels + LOW_LEVEL_CHANNELS, channels, 1)
        self.dropout = nn.Dropout2d(DROPOUT)
        initialize_transformer(self)
        # With one output the rule for fan-outs would start from logits of tens: PyTorch's weights stay.
        self.classifier = nn.Conv2d(channels, 1, 1)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Segmentation:
        """Segment images whose sides are multiples of 64 pixels."""
        low, *high = self.backbone(images)
        laterals = [resized(lateral(x), high[0]) for lateral, x in zip(self.lateral, high, strict=True)]
        features = self.fusion(torch.cat(laterals, dim=1))
        branches = [
            self.short_path(features),
            resized(self.image_pooling(features), features),
            *(attention(features) for attention in self.attentions),
        ]
        features = resized(self.pyramid(torch.cat(branches, dim=1)), low)
        features = self.low_level_fusion(torch.cat([features, self.low_level(low)], dim=1))
        answer = self.classifier(self.dropout(features))
        return Segmentation(resized(answer, images)[:, 0])
