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

from upcracknet.baselines.supervised.blocks.convolution import ConvolutionBlock
from upcracknet.baselines.supervised.blocks.large_window_attention import LargeWindowAttention
from upcracknet.baselines.supervised.blocks.mix_transformer import (
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


def resized(features: Float[Tensor, "b c h w"], like: Tensor) -> Float[Tensor, "b c h2 w2"]:
    """Resize features to the height and width of others."""
    return F.interpolate(features, size=like.shape[-2:], mode="bilinear")


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
