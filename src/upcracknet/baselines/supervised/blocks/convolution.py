"""The usual triple: convolution, batch normalisation, ReLU."""

from torch import nn


class ConvolutionBlock(nn.Sequential):
    """Convolution without bias, batch normalisation and, unless given otherwise, ReLU.

    Args:
        channels: channels of the input.
        out_channels: channels of the output.
        size: side of the kernel, odd; the input is padded by half of it.
        stride: step of the kernel.
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
        groups: int = 1,
        activation: bool = True,
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(channels, out_channels, size, stride, size // 2, groups=groups, bias=False),
            nn.BatchNorm2d(out_channels),
        ]
        if activation:
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)
