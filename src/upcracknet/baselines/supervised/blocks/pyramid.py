"""Context from regions of several sizes: parallel dilated convolutions, or pooling."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks.convolution import ConvolutionBlock


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
        self.branches.extend(_dilated_convolution(channels, out_channels, dilation) for dilation in dilations)
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


class PyramidPooling(nn.Module):
    """The features, beside their means over grids of several sizes.

    Zhao, Shi, Qi, Wang and Jia, "Pyramid Scene Parsing Network", CVPR 2017, Section 3.2 and Figure 3.

    Args:
        channels: channels of the input.
        bins: cells of each grid in either direction.
        reduced: channels of each grid; the paper's are ``channels / len(bins)``.

    Attributes:
        out_channels: channels of the output, those of the input among them.
    """

    def __init__(self, channels: int, bins: Sequence[int], reduced: int) -> None:
        super().__init__()
        self.bins = tuple(bins)
        self.out_channels = channels + len(self.bins) * reduced
        self.reductions = nn.ModuleList(ConvolutionBlock(channels, reduced, 1) for _ in self.bins)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h w"]:
        """Concatenate the features and the grids, these enlarged to their size."""
        grids = (
            F.interpolate(
                reduction(F.adaptive_avg_pool2d(features, bins)), size=features.shape[-2:], mode="bilinear"
            )
            for bins, reduction in zip(self.bins, self.reductions, strict=True)
        )
        return torch.cat([features, *grids], dim=1)


def _dilated_convolution(channels: int, out_channels: int, dilation: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, out_channels, 3, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )
