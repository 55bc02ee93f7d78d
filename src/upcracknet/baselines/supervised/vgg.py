"""The 13 convolutions of VGG-16, and the decoder that mirrors them.

Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015,
Table 1, column D, without its fully connected layers. The mirrored decoder is that of SegNet (Badrinarayanan,
Kendall and Cipolla, TPAMI 39(12), 2017, Figure 2): it returns each maximum to the place it was taken from.
"""

from collections.abc import Sequence
from typing import NamedTuple

from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

ENCODER_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels after each convolution, stage by stage."""

DECODER_WIDTHS = ((64, 64), (128, 64), (256, 256, 128), (512, 512, 256), (512, 512, 512))
"""The same for the decoder, in the order of the encoder's stages: the last entry comes first."""


class Encoding(NamedTuple):
    """What :class:`VGG16` makes of a batch of images.

    Attributes:
        stages: features of each stage that is pooled, before its pooling; each has half the size of the one
            before, the first that of the images.
        places: indices of each pooling, for ``max_unpool2d``.
        features: what the last layer gives.
    """

    stages: tuple[Float[Tensor, "b _ _ _"], ...]
    places: tuple[Int64[Tensor, "b _ _ _"], ...]
    features: Float[Tensor, "b 512 _ _"]


def convolutions(
    channels: int, widths: Sequence[int], *, batch_normalization: bool = True, bias: bool = True
) -> list[nn.Module]:
    """3×3 convolutions, each with a ReLU.

    Args:
        channels: channels of the input.
        widths: channels after each convolution.
        batch_normalization: whether one stands before each ReLU.
        bias: whether the convolutions add one.
    """
    layers: list[nn.Module] = []
    for width in widths:
        layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=bias))
        if batch_normalization:
            layers.append(nn.BatchNorm2d(width))
        layers.append(nn.ReLU(inplace=True))
        channels = width
    return layers


class VGG16(nn.Module):
    """Five stages of two or three convolutions, with 2×2 max-pooling after each.

    The layers are numbered as in torchvision's ``vgg16_bn`` (``vgg16`` without batch normalisation), so that
    a file of ImageNet weights fits by name: ``features.0.weight`` and so on. Those files hold biases.

    Args:
        batch_normalization: whether one follows each convolution.
        bias: whether the convolutions add one.
        last_pooling: whether the fifth stage is pooled as well.
    """

    def __init__(
        self, *, batch_normalization: bool = True, bias: bool = True, last_pooling: bool = True
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for widths in ENCODER_WIDTHS:
            layers += convolutions(channels, widths, batch_normalization=batch_normalization, bias=bias)
            layers.append(nn.MaxPool2d(2, return_indices=True))
            channels = widths[-1]
        self.features = nn.Sequential(*(layers if last_pooling else layers[:-1]))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Encoding:
        """Encode images whose sides are multiples of 32 pixels, or 16 without the last pooling."""
        features: Tensor = images
        stages, places = [], []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                stages.append(features)
                features, taken_from = layer(features)
                places.append(taken_from)
            else:
                features = layer(features)
        return Encoding(tuple(stages), tuple(places), features)


class MirroredVGG16(nn.Module):
    """Five stages of max-unpooling and two or three convolutions, the encoder's in reverse order.

    Args:
        batch_normalization: whether one follows each convolution.
    """

    def __init__(self, *, batch_normalization: bool = True) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(*convolutions(encoder[-1], widths, batch_normalization=batch_normalization))
            for encoder, widths in zip(ENCODER_WIDTHS, DECODER_WIDTHS, strict=True)
        )

    def forward(self, encoding: Encoding) -> tuple[Float[Tensor, "b _ _ _"], ...]:
        """Compute features of each stage, the first at the images' own size."""
        decoded = []
        features: Tensor = encoding.features
        for stage, places in zip(reversed(self.stages), reversed(encoding.places), strict=True):
            features = stage(F.max_unpool2d(features, places, [2, 2]))
            decoded.append(features)
        return tuple(reversed(decoded))
