"""ENet's bottlenecks: a short main branch, and an extension of three convolutions that is added to it.

Paszke et al., arXiv 1606.02147, 2016, Figure 2b. Between the convolutions stand batch normalisation and a
rectifier. The encoder learns the slope of its rectifiers; in the decoder that did harm (Section 4,
"Non-linear operations"), so there they are plain.
"""

from collections.abc import Sequence

from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

REDUCTION = 4
"""An extension works on this share of the channels that come in."""


def extension(
    convolutions: Sequence[nn.Conv2d | nn.ConvTranspose2d], rectifier: type[nn.Module], dropout: float
) -> nn.Sequential:
    """Build the convolutions with what stands between them, and dropout of whole channels at the end."""
    layers: list[nn.Module] = []
    for convolution in convolutions:
        layers += [convolution, nn.BatchNorm2d(convolution.out_channels), rectifier()]
    # The last rectifier comes after the addition.
    return nn.Sequential(*layers[:-1], nn.Dropout2d(dropout))


class RegularBottleneck(nn.Module):
    """Keeps the size and the channels.

    Args:
        channels: of the input and of the output.
        dilation: step between the points of the 3×3 convolution.
        asymmetric: whether a 5×1 and a 1×5 convolution stand in place of the 3×3 one.
        rectifier: class of the activations.
        dropout: share of the extension's channels that training leaves out.
    """

    def __init__(
        self,
        channels: int,
        *,
        dilation: int = 1,
        asymmetric: bool = False,
        rectifier: type[nn.Module] = nn.PReLU,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        inner = channels // REDUCTION
        across = (
            [
                nn.Conv2d(inner, inner, (5, 1), padding=(2, 0), bias=False),
                nn.Conv2d(inner, inner, (1, 5), padding=(0, 2), bias=False),
            ]
            if asymmetric
            else [nn.Conv2d(inner, inner, 3, padding=dilation, dilation=dilation, bias=False)]
        )
        narrow = nn.Conv2d(channels, inner, 1, bias=False)
        widen = nn.Conv2d(inner, channels, 1, bias=False)
        self.extension = extension([narrow, *across, widen], rectifier, dropout)
        self.activation = rectifier()

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Add the extension to the input."""
        activated: Tensor = self.activation(features + self.extension(features))
        return activated


class DownsamplingBottleneck(nn.Module):
    """Halves the size; the main branch is max-pooled and filled up with channels of zeros.

    Args:
        channels: of the input.
        out_channels: of the output, more than ``channels``.
        dropout: share of the extension's channels that training leaves out.
    """

    def __init__(self, channels: int, out_channels: int, dropout: float) -> None:
        super().__init__()
        inner = channels // REDUCTION
        convolutions = [
            nn.Conv2d(channels, inner, 2, stride=2, bias=False),
            nn.Conv2d(inner, inner, 3, padding=1, bias=False),
            nn.Conv2d(inner, out_channels, 1, bias=False),
        ]
        self.extension = extension(convolutions, nn.PReLU, dropout)
        self.activation = nn.PReLU()
        self.added_channels = out_channels - channels

    def forward(
        self, features: Float[Tensor, "b c h w"]
    ) -> tuple[Float[Tensor, "b _ h/2 w/2"], Int64[Tensor, "b c h/2 w/2"]]:
        """Compute the features at half the size, and where the maxima of the input were."""
        pooled, places = F.max_pool2d(features, 2, return_indices=True)
        main = F.pad(pooled, (0, 0, 0, 0, 0, self.added_channels))
        return self.activation(main + self.extension(features)), places


class UpsamplingBottleneck(nn.Module):
    """Doubles the size; the main branch is reduced to fewer channels and un-pooled to where the maxima were.

    Args:
        channels: of the input.
        out_channels: of the output, as many as were pooled.
        dropout: share of the extension's channels that training leaves out.
    """

    def __init__(self, channels: int, out_channels: int, dropout: float = 0.1) -> None:
        super().__init__()
        inner = channels // REDUCTION
        self.main = nn.Sequential(
            nn.Conv2d(channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)
        )
        convolutions: list[nn.Conv2d | nn.ConvTranspose2d] = [
            nn.Conv2d(channels, inner, 1, bias=False),
            nn.ConvTranspose2d(inner, inner, 2, stride=2, bias=False),
            nn.Conv2d(inner, out_channels, 1, bias=False),
        ]
        self.extension = extension(convolutions, nn.ReLU, dropout)
        self.activation = nn.ReLU()

    def forward(
        self, features: Float[Tensor, "b _ h w"], places: Int64[Tensor, "b c h w"]
    ) -> Float[Tensor, "b c 2*h 2*w"]:
        """Double the size of the features."""
        main = F.max_unpool2d(self.main(features), places, [2, 2])
        activated: Tensor = self.activation(main + self.extension(features))
        return activated
