"""Modified Aligned Xception, the backbone of DeepLabv3+.

Chen, Zhu, Papandreou, Schroff and Adam, "Encoder-Decoder with Atrous Separable Convolution for Semantic Image
Segmentation", ECCV 2018, Section 3.2 and Figure 4: deeper than Xception (Chollet, CVPR 2017), with strided
separable convolutions in place of pooling, and batch normalisation and ReLU after each depthwise convolution.
"""

import itertools
from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.baselines.supervised.blocks.convolution import ConvolutionBlock

MIDDLE_BLOCKS = 16


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


class XceptionBlock(nn.Module):
    """Three separable convolutions, a ReLU before each, beside a shortcut.

    Args:
        channels: channels of the input.
        widths: channels after each convolution.
        stride: step of the last convolution, and of the shortcut.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int], stride: int = 1) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        strides = (1, 1, stride)
        for before, after, step in zip((channels, *widths[:-1]), widths, strides, strict=True):
            # Not in place: the shortcut takes the same features.
            layers += [nn.ReLU(), SeparableConvolution(before, after, step)]
        self.layers = nn.Sequential(*layers)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels != widths[-1]:
            self.shortcut = ConvolutionBlock(channels, widths[-1], 1, stride=stride, activation=False)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c2 h2 w2"]:
        """Add what the convolutions make of the features to them."""
        result: Tensor = self.layers(features) + self.shortcut(features)
        return result


class Xception(nn.Module):
    """Figure 4 at an output stride of 16: the exit flow keeps the resolution, and its end is dilated instead.

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
        self.exit = nn.Sequential(
            XceptionBlock(728, (728, 1024, 1024)), nn.ReLU(), *_dilated((1024, 1536, 1536, 2048))
        )

    def forward(
        self, images: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b 128 h2 w2"], Float[Tensor, "b 2048 h3 w3"]]:
        """Compute the first block's features at 1/4 of the size, and the last ones at 1/16."""
        features = fine = self.entry[0](self.stem(images))
        for block in self.entry[1:]:
            features = block(features)
        return fine, self.exit(self.middle(features))


def _dilated(widths: Sequence[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [SeparableConvolution(before, after, dilation=2), nn.ReLU(inplace=True)]
    return layers
