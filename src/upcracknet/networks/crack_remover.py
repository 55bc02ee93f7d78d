"""The network behind the default model: it takes painted cracks out of a road, and says where they were.

The paper's generator draws the whole road again through a first layer of stride 2, which cannot carry the
texture through. This one predicts what to *add* to its input, so road that needs no repair costs it nothing,
and a second output marks the crack. It works at half the resolution, where a plain processor is fast, and
returns to the full one by rearranging channels into pixels; a small layer at full resolution sees the photo,
what is added to it, and the coarse answer, and decides on the crack.
"""

import itertools
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

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

    interface = (
        "the photo in [0, 1]; the outputs are the photo without its cracks in [0, 1], batch×3×height×width, "
        "and one logit a pixel, batch×height×width, above 0 more likely crack than not"
    )

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
        """Give photos in [0, 1] at half the resolution, in [-1, 1]: 2×2 pixels are channels of one.

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
        """Compute what the decoder knows at half the resolution, of what :meth:`unshuffled` gives."""
        encoded = []
        for level, block in enumerate(self.encoder):
            features = block(F.max_pool2d(features, 2) if level else features)
            encoded.append(features)
        features = encoded.pop()
        for lateral, block in zip(reversed(self.lateral), reversed(self.decoder), strict=True):
            above = encoded.pop()
            features = block(above + F.interpolate(lateral(features), scale_factor=2.0, mode="nearest"))
        return features
