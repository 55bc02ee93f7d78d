"""Residual blocks whose last ReLU may be left out, as DDRNet needs where two branches meet."""

from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.baselines.supervised.blocks.convolution import ConvolutionBlock


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


def basic_block(
    channels: int, out_channels: int, stride: int = 1, *, activation: bool = True
) -> ResidualBlock:
    """Two 3×3 convolutions beside the shortcut."""
    layers = nn.Sequential(
        ConvolutionBlock(channels, out_channels, stride=stride),
        ConvolutionBlock(out_channels, out_channels, activation=False),
    )
    return ResidualBlock(layers, channels, out_channels, stride, activation=activation)


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
