"""The network behind the default model: it takes painted cracks out of a road, and says where they were.

The paper's generator draws the whole road anew through a first layer of stride 2, which cannot carry the
texture through. This one predicts what to *add* to its input, so road that needs no repair costs it nothing,
and a second output marks the crack. It works at half the resolution, where a plain processor is fast, and
returns to the full one by rearranging channels into pixels; a small layer at full resolution sees the photo,
what is added to it, and the coarse answer, and decides on the crack.
"""

import copy
import itertools
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

DETAIL_CHANNELS = 12
"""Channels that reach the full resolution; the first three are what is added to the photo."""


class CrackRemoverOutput(NamedTuple):
    """What the network says about a batch of images.

    Attributes:
        restored: images in [0, 1] without their cracks.
        logits: how crack-like each pixel is; above 0 more likely crack than not.
    """

    restored: Float[Tensor, "b 3 h w"]
    logits: Float[Tensor, "b h w"]


class ConvolutionBlock(nn.Sequential):
    """Two times 3×3 convolution, batch normalisation, ReLU."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class CrackRemover(nn.Module):
    """A residual U-Net with two outputs: the road without its cracks, and where the cracks are.

    Args:
        widths: channels of each level, from half the resolution down; each further level halves it again.
        refinement_channels: of the layer at full resolution.

    Raises:
        ValueError: when there are fewer than two levels or a layer has no channel.
    """

    def __init__(
        self, widths: tuple[int, ...] = (32, 64, 96, 128, 128), refinement_channels: int = 16
    ) -> None:
        super().__init__()
        if len(widths) < 2 or min(*widths, refinement_channels) < 1:
            raise ValueError(
                f"widths={widths}, refinement_channels={refinement_channels}: expected at least two levels, "
                "and at least one channel in each"
            )
        self.widths = tuple(widths)
        inputs = (3 * 4, *widths[:-1])
        self.encoder = nn.ModuleList(
            ConvolutionBlock(before, width) for before, width in zip(inputs, widths, strict=True)
        )
        # Where the decoder comes from below, its features are added to those of the encoder: at this size
        # concatenating them costs twice the time.
        self.lateral = nn.ModuleList(
            nn.Conv2d(below, width, 1) for width, below in itertools.pairwise(widths)
        )
        self.decoder = nn.ModuleList(ConvolutionBlock(width, width) for width in widths[:-1])
        self.detail = nn.Conv2d(widths[0], DETAIL_CHANNELS * 4, 1)
        self.refinement = nn.Sequential(
            nn.Conv2d(3 + DETAIL_CHANNELS, refinement_channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(refinement_channels, 1, 1),
        )
        self._initialize()

    def _initialize(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        # A road is to be left alone, and cracks are rare: begin from there.
        nn.init.normal_(self.detail.weight, 0.0, 0.01)
        last = self.refinement[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        nn.init.constant_(last.bias, -3.0)

    @property
    def size_multiple(self) -> int:
        """Height and width of an input must be multiples of this many pixels."""
        return int(2 ** len(self.widths))

    def fused(self) -> "CrackRemover":
        """A copy for detection, its normalisations folded into the convolutions before them.

        It answers the same but for rounding, in less time; it cannot be trained on.
        """
        network = copy.deepcopy(self).eval()
        for block in (*network.encoder, *network.decoder):
            assert isinstance(block, ConvolutionBlock)
            for place in (0, 3):
                convolution, normalization = block[place], block[place + 1]
                assert isinstance(convolution, nn.Conv2d) and isinstance(normalization, nn.BatchNorm2d)
                block[place] = fuse_conv_bn_eval(convolution, normalization)
                block[place + 1] = nn.Identity()
        return network

    def marker(self) -> "CrackMarker":
        """A fused copy that says where the cracks are and leaves out the road without them."""
        return CrackMarker(self.fused())

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> CrackRemoverOutput:
        """Remove cracks.

        Args:
            images: photos in [0, 1].

        Raises:
            ValueError: when height or width is no multiple of :attr:`size_multiple`.
        """
        details = F.pixel_shuffle(self.detail(self.features(self.unshuffled(images))), 2)
        logits = self.refinement(torch.cat([images * 2 - 1, details], dim=1))
        return CrackRemoverOutput((images + details[:, :3]).clamp(0, 1), logits[:, 0])

    def unshuffled(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 12 _h _w"]:
        """Photos in [0, 1] at half the resolution, in [-1, 1]: 2×2 pixels are channels of one.

        Raises:
            ValueError: when height or width is no multiple of :attr:`size_multiple`.
        """
        height, width = images.shape[-2:]
        if height % self.size_multiple or width % self.size_multiple:
            raise ValueError(
                f"input of {height}×{width} pixels: {len(self.widths)} levels need multiples of "
                f"{self.size_multiple}; pad the image"
            )
        return F.pixel_unshuffle(images * 2 - 1, 2)

    def features(self, features: Float[Tensor, "b 12 h w"]) -> Float[Tensor, "b c h w"]:
        """What the decoder knows at half the resolution, of what :meth:`unshuffled` gives."""
        encoded = []
        for level, block in enumerate(self.encoder):
            features = block(F.max_pool2d(features, 2) if level else features)
            encoded.append(features)
        features = encoded.pop()
        for lateral, block in zip(reversed(self.lateral), reversed(self.decoder), strict=True):
            above = encoded.pop()
            features = block(above + F.interpolate(lateral(features), scale_factor=2.0, mode="nearest"))
        return features


class CrackMarker(nn.Module):
    """The logits of a crack remover alone, all of its work done at half the resolution.

    ``detail`` and the first layer of ``refinement`` have nothing but a rearrangement of pixels between them,
    so together they are one convolution at half the resolution, whose outputs are those of 2×2 pixels. Layers
    of few channels at full resolution are where a processor moves memory instead of calculating.

    Args:
        network: a fused crack remover; not changed, and shared.
    """

    def __init__(self, network: CrackRemover) -> None:
        super().__init__()
        self.network, self.size_multiple = network, network.size_multiple
        first, _, last = network.refinement
        assert isinstance(first, nn.Conv2d) and isinstance(last, nn.Conv2d)
        assert first.bias is not None and last.bias is not None
        channels = first.out_channels
        with torch.no_grad():
            kernel = _at_half_resolution(first.weight)
            photo, details = kernel[:, : 3 * 4], kernel[:, 3 * 4 :]
            weight, bias = network.detail.weight[:, :, 0, 0], network.detail.bias
            assert bias is not None
            # Beyond the photo's edge the refinement sees zeros, not the bias of `detail`: therefore the bias
            # is the weight of a channel of ones, which ends at the edge as well.
            weights = (
                torch.einsum("odhw,df->ofhw", details, weight),
                torch.cat([photo, torch.einsum("odhw,d->ohw", details, bias)[:, None]], dim=1),
            )
            # Two convolutions and not one of both inputs: 8-bit integers have a range for each.
            self.of_features, self.of_photo = (
                nn.Conv2d(values.shape[1], 4 * channels, 3, padding=1, bias=not place)
                for place, values in enumerate(weights)
            )
            self.of_features.weight.copy_(weights[0])
            self.of_features.bias.copy_(first.bias.repeat_interleave(4))  # type: ignore[union-attr]
            self.of_photo.weight.copy_(weights[1])
            self.last = nn.Conv2d(4 * channels, 4, 1)
            self.last.weight.copy_(torch.kron(last.weight[:, :, 0, 0], torch.eye(4))[..., None, None])
            self.last.bias.copy_(last.bias.expand(4))  # type: ignore[union-attr]
        for made in (self.of_features, self.of_photo, self.last):
            made.requires_grad_(False)  # of the network's own numbers, which count once

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """How crack-like each pixel is, as :attr:`CrackRemoverOutput.logits`; the same sizes and errors."""
        photo = self.network.unshuffled(images)
        with_ones = F.pad(photo, (0, 0, 0, 0, 0, 1), value=1.0)
        joined = self.of_features(self.network.features(photo)) + self.of_photo(with_ones)
        logits: Tensor = F.pixel_shuffle(self.last(joined.relu()), 2)
        return logits[:, 0]


def _at_half_resolution(weight: Float[Tensor, "o i 3 3"]) -> Float[Tensor, "4*o 4*i 3 3"]:
    """A 3×3 convolution between images of which 2×2 pixels are four channels.

    Their order is that of ``pixel_unshuffle``.
    """
    kernel = weight.new_zeros(weight.shape[0], 2, 2, weight.shape[1], 2, 2, 3, 3)
    for row, column, y, x in itertools.product((0, 1), (0, 1), range(3), range(3)):
        down, right = row + y - 1, column + x - 1  # from the first of the 2×2 pixels, at full resolution
        kernel[:, row, column, :, down % 2, right % 2, down // 2 + 1, right // 2 + 1] = weight[:, :, y, x]
    return kernel.reshape(4 * weight.shape[0], 4 * weight.shape[1], 3, 3)
