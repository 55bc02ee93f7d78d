"""What BiSeNetV2's semantic branch is made of: much context for few channels.

Yu et al., "BiSeNet V2: Bilateral Network with Guided Aggregation for Real-Time Semantic Segmentation",
IJCV 129, 2021, Figures 4 and 5.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.baselines.supervised.blocks.convolution import ConvolutionBlock

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
