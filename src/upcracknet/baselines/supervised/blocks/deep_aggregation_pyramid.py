"""The deep aggregation pyramid pooling module (DAPPM) of DDRNet."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

POOLINGS = ((5, 2), (9, 4), (17, 8))
"""Kernel and stride of the average poolings, in steps of the coarsest features; a global one follows them."""


class PreactivatedConvolution(nn.Sequential):
    """Batch normalisation, ReLU, convolution without bias, in this order; the size is kept."""

    def __init__(self, channels: int, out_channels: int, size: int) -> None:
        super().__init__(
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, out_channels, size, padding=size // 2, bias=False),
        )


class DeepAggregationPyramidPooling(nn.Module):
    """Pools at growing scales and adds each to what the finer ones gave (Hong et al. 2021, equation 2).

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
            pooled = F.interpolate(reduction(pooling(features)), size=features.shape[-2:], mode="bilinear")
            scales.append(aggregation(pooled + scales[-1]))
        context: Tensor = self.compression(torch.cat(scales, dim=1)) + self.shortcut(features)
        return context
