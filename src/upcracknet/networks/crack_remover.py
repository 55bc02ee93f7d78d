"""The network behind the default model: it takes painted cracks out of a road, and says where they were.

The paper's generator draws the whole road again through a first layer of stride 2, which cannot carry the
texture through. This one predicts what to *add* to its input, so road that needs no repair costs it nothing,
and a second output marks the crack. It works at half the resolution, where a plain processor is fast, and
returns to the full one by rearranging channels into pixels; a small layer at full resolution sees the photo,
what is added to it, and the coarse answer, and decides on the crack.

A crack of 2 pixels and one of 100 are the same crack, photographed from far and from near. So the same
network looks at a pyramid of the photo, each level half as large as the one before, from the coarsest level
to the photo itself; what it knows of one level goes into the next. How the levels are weighed is learned.
"""

import itertools
from collections.abc import Sequence
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


class SteadyBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation that can use its averages, as in detection, while others in training do not.

    Attributes:
        steady: use the averages, and leave them as they are.
    """

    steady = False

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalise."""
        if not (self.training and self.steady):
            return super().forward(features)
        assert self.running_mean is not None and self.running_var is not None
        # Copies: the photo's own level, which comes last, changes the averages before gradients are computed.
        mean, variance = self.running_mean.clone(), self.running_var.clone()
        return F.batch_norm(features, mean, variance, self.weight, self.bias, eps=self.eps)


class ConvolutionBlock(nn.Sequential):
    """Two times 3×3 convolution, batch normalisation, ReLU."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),
            SteadyBatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            SteadyBatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )


class CrackRemover(nn.Module):
    """A residual U-Net with two outputs: the road without its cracks, and where the cracks are.

    Args:
        widths: channels of each layer of the U-Net, from half the resolution down; each further one halves it
            again.
        refinement_channels: of the layer at full resolution.
        pyramid: levels of the photo's pyramid; 1 is the photo alone, 5 goes down to a sixteenth of its size.

    Raises:
        ValueError: when ``widths`` are fewer than two, a layer has no channel, or the pyramid no level.
    """

    interface = (
        "the photo in [0, 1]; the outputs are the photo without its cracks in [0, 1], batch×3×height×width, "
        "and one logit a pixel, batch×height×width, above 0 more likely crack than not"
    )

    def __init__(
        self,
        widths: tuple[int, ...] = (32, 64, 96, 128, 128),
        refinement_channels: int = 16,
        pyramid: int = 1,
    ) -> None:
        super().__init__()
        if len(widths) < 2 or min(*widths, refinement_channels, pyramid) < 1:
            raise ValueError(
                f"widths={widths}, refinement_channels={refinement_channels}, pyramid={pyramid}: expected at "
                "least two widths, at least one channel in each, and at least one level"
            )
        self.widths, self.pyramid = tuple(widths), pyramid
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
        # The features of a level have the size of the second layer of the next finer one, and join it there.
        self.coarser = nn.Conv2d(widths[0], widths[1], 1) if pyramid > 1 else None
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
        if self.coarser is not None:  # the pyramid begins as the network that looks at the photo alone
            nn.init.zeros_(self.coarser.weight)

    @property
    def size_multiple(self) -> int:
        """Height and width of an input must be multiples of this many pixels."""
        return int(2 ** max(len(self.widths), self.pyramid + 1))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> CrackRemoverOutput:
        """Remove cracks.

        Args:
            images: photos in [0, 1].

        Raises:
            ValueError: when height or width is no multiple of :attr:`size_multiple`.
        """
        return self.levels(images)[0]

    def levels(self, images: Float[Tensor, "b 3 h w"]) -> list[CrackRemoverOutput]:
        """Remove cracks from the photo and from each coarser level of its pyramid, the photo first.

        Args:
            images: photos in [0, 1].

        Raises:
            ValueError: when height or width is no multiple of :attr:`size_multiple`.
        """
        pictures = self.pictures(images)
        answers = []
        for picture, features in zip(pictures, self.features(pictures), strict=True):
            details = F.pixel_shuffle(self.detail(features), 2)
            logits = self.refinement(torch.cat([picture * 2 - 1, details], dim=1))
            answers.append(CrackRemoverOutput((picture + details[:, :3]).clamp(0, 1), logits[:, 0]))
        return answers

    def pictures(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 _h _w"]]:
        """Give the levels of the pyramid, the photo first; each is the mean of 2×2 pixels of the one before.

        Raises:
            ValueError: when height or width is no multiple of :attr:`size_multiple`.
        """
        height, width = images.shape[-2:]
        if height % self.size_multiple or width % self.size_multiple:
            raise ValueError(
                f"input of {height}×{width} pixels: {len(self.widths)} layers and {self.pyramid} levels need "
                f"multiples of {self.size_multiple}; pad the image"
            )
        pictures = [images]
        for _ in range(self.pyramid - 1):
            pictures.append(F.avg_pool2d(pictures[-1], 2))
        return pictures

    def features(self, pictures: Sequence[Float[Tensor, "b 3 _h _w"]]) -> list[Float[Tensor, "b c _h2 _w2"]]:
        """Compute what the decoder knows of each level, at half the level's resolution.

        Args:
            pictures: what :meth:`pictures` gives.
        """
        known: list[Tensor] = []
        for level in reversed(range(len(pictures))):
            # The levels are not alike, and one average fits none: it is that of the photo itself.
            if self.training:
                self._steady(level > 0)
            known.append(self._features(unshuffled(pictures[level]), level, known[-1] if known else None))
        return known[::-1]

    def _steady(self, steady: bool) -> None:
        for module in self.modules():
            if isinstance(module, SteadyBatchNorm2d):
                module.steady = steady

    def _features(
        self, features: Float[Tensor, "b 12 h w"], level: int, coarser: Float[Tensor, "b c _h _w"] | None
    ) -> Float[Tensor, "b c h w"]:
        # No level goes down further than the photo itself. Small coarse levels would be a pixel there, with
        # nothing but border around it, and the layers below would learn from borders.
        layers = min(len(self.encoder), self.size_multiple.bit_length() - 1 - level)
        encoded: list[Tensor] = []
        for layer, block in enumerate(self.encoder[:layers]):
            features = block(F.max_pool2d(features, 2) if layer else features)
            if layer == 1 and coarser is not None and self.coarser is not None:
                features = features + self.coarser(coarser)
            encoded.append(features)
        features = encoded.pop()
        for lateral, block in reversed(list(zip(self.lateral, self.decoder, strict=True))[: layers - 1]):
            below = F.interpolate(lateral(features), scale_factor=2.0, mode="nearest")
            features = block(encoded.pop() + below)
        return features


def unshuffled(images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 12 _h _w"]:
    """Give photos in [0, 1] at half the resolution, in [-1, 1]: 2×2 pixels are channels of one."""
    return F.pixel_unshuffle(images * 2 - 1, 2)
