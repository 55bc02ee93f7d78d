"""Parts that several of the supervised networks share."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class ConvolutionBlock(nn.Sequential):
    """Convolution without bias, batch normalisation and, unless given otherwise, ReLU.

    Args:
        channels: channels of the input.
        out_channels: channels of the output.
        size: side of the kernel, odd; the input is padded to keep its size at a stride of 1.
        stride: step of the kernel.
        dilation: distance between the taps of the kernel.
        groups: in how many groups the channels are convolved; ``channels`` of them convolve each by itself.
        activation: whether a ReLU follows.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        size: int = 3,
        *,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        activation: bool = True,
    ) -> None:
        padding = size // 2 * dilation
        super().__init__(
            nn.Conv2d(
                channels, out_channels, size, stride, padding, dilation=dilation, groups=groups, bias=False
            ),
            nn.BatchNorm2d(out_channels),
            *([nn.ReLU(inplace=True)] if activation else []),
        )


class ResidualBlock(nn.Module):
    """Layers beside a shortcut (He et al., "Deep Residual Learning", CVPR 2016, Figure 5).

    Args:
        layers: what is added to the shortcut.
        channels: channels of the input.
        out_channels: channels of the output.
        stride: step of the layers; the shortcut is a 1×1 convolution where it or the channels change.
        activation: whether a ReLU follows the sum.
    """

    def __init__(
        self, layers: nn.Module, channels: int, out_channels: int, stride: int = 1, *, activation: bool = True
    ) -> None:
        super().__init__()
        self.layers = layers
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels != out_channels:
            self.shortcut = ConvolutionBlock(channels, out_channels, 1, stride=stride, activation=False)
        self.activation: nn.Module = nn.ReLU() if activation else nn.Identity()

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h2 w2"]:
        """Add what the layers make of the features to them."""
        result: Tensor = self.activation(self.layers(features) + self.shortcut(features))
        return result


def bottleneck_block(
    channels: int, width: int, expansion: int, stride: int = 1, *, activation: bool = True
) -> ResidualBlock:
    """1×1 convolution to ``width`` channels, 3×3, 1×1 to ``expansion`` times as many, beside the shortcut."""
    layers = nn.Sequential(
        ConvolutionBlock(channels, width, 1),
        ConvolutionBlock(width, width, stride=stride),
        ConvolutionBlock(width, width * expansion, 1, activation=False),
    )
    return ResidualBlock(layers, channels, width * expansion, stride, activation=activation)


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
            resized(reduction(F.adaptive_avg_pool2d(features, bins)), features)
            for bins, reduction in zip(self.bins, self.reductions, strict=True)
        )
        return torch.cat([features, *grids], dim=1)


def resized(features: Float[Tensor, "b c h w"], like: Tensor) -> Float[Tensor, "b c h2 w2"]:
    """Interpolate features bilinearly to the height and width of others."""
    return F.interpolate(features, size=like.shape[-2:], mode="bilinear")


def initialize_kaiming(network: nn.Module) -> None:
    """Draw convolution weights so that a ReLU network keeps the variance of its gradients; biases become 0.

    He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 14; for convolutions to one channel
    equation 10, which keeps the variance of the features. Batch normalisation starts as PyTorch makes it:
    scale 1, shift 0.

    Args:
        network: changed in place.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            # One channel out of many inputs: equation 14 would begin with logits in the tens.
            answers = isinstance(module, nn.Conv2d) and module.out_channels == 1
            nn.init.kaiming_normal_(
                module.weight, mode="fan_in" if answers else "fan_out", nonlinearity="relu"
            )
            if module.bias is not None:
                nn.init.zeros_(module.bias)
