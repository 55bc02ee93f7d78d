"""The generator G of Section III-C: the pix2pix U-Net that restores what was removed."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from upcracknet.networks.convolutions import DoublingConvolution, HalvingConvolution

NormalizationStatistics = Literal["running", "image"]


class BatchNormalization(nn.BatchNorm2d):
    """Batch normalisation that can use an image's own statistics once training is over.

    Attributes:
        statistics: what evaluation mode normalises with. ``"running"``: the averages collected in training.
            ``"image"``: mean and variance of each image by itself, which is what the authors' code does by
            leaving the generator in training mode with a batch of one.
    """

    statistics: NormalizationStatistics = "running"

    def extra_repr(self) -> str:
        """Tell networks with other statistics apart."""
        return f"{super().extra_repr()}, statistics={self.statistics}"  # type: ignore[no-untyped-call]

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalise each channel, then scale and shift it."""
        if self.training or self.statistics == "running":
            return super().forward(features)
        return F.instance_norm(features, weight=self.weight, bias=self.bias, eps=self.eps)


def normalize_with(statistics: NormalizationStatistics, network: nn.Module) -> None:
    """Choose what a network's batch normalisation uses once training is over; training stays as it is."""
    for module in network.modules():
        if isinstance(module, BatchNormalization):
            module.statistics = statistics


class EncoderBlock(nn.Module):
    """LeakyReLU, 4×4 convolution of stride 2, normalisation: halves the resolution."""

    def __init__(
        self, channels: int, out_channels: int, *, activate: bool = True, normalize: bool = True
    ) -> None:
        super().__init__()
        self.activate = activate
        self.convolution = HalvingConvolution(channels, out_channels)
        self.normalization = BatchNormalization(out_channels) if normalize else None

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Encode one level."""
        if self.activate:
            features = F.leaky_relu(features, 0.2)
        features = self.convolution(features)
        return features if self.normalization is None else self.normalization(features)


class DecoderBlock(nn.Module):
    """4×4 transposed convolution of stride 2, normalisation, dropout: doubles the resolution."""

    def __init__(
        self, channels: int, out_channels: int, *, normalize: bool = True, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.convolution = DoublingConvolution(channels, out_channels)
        self.normalization = BatchNormalization(out_channels) if normalize else None
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h2 w2"]:
        """Decode one level, of features that are 0 or more."""
        features = self.convolution(features)
        if self.normalization is not None:
            features = self.normalization(features)
        dropped: Tensor = self.dropout(features)
        return dropped


class UNetGenerator(nn.Module):
    """U-Net that maps a corrupted image to the restored one, both in [-1, 1] (Section III-C).

    The paper's network has 8 levels and 64 filters: 54,419,459 parameters. The first and the innermost
    encoder level and the last decoder level are not normalised; the first three decoder levels drop half of
    their features, which is the noise z of equation (8).

    Args:
        filters: channels of the first level; doubled each level up to 8 times that.
        depth: number of levels; height and width of the input must be multiples of 2**depth.
        dropout: probability of dropping a feature in the first three decoder levels.

    Raises:
        ValueError: when ``filters`` or ``depth`` is too small to build a network.
    """

    interface = (
        "the photo, or a corrupted one, in [-1, 1]; the output is the restored image in [-1, 1], "
        "batch×3×height×width; the filtered difference of both is the score"
    )

    def __init__(self, filters: int = 64, depth: int = 8, dropout: float = 0.5) -> None:
        super().__init__()
        if filters < 1 or depth < 2:
            raise ValueError(f"filters={filters}, depth={depth}: expected filters ≥ 1 and depth ≥ 2")
        self.filters, self.depth = filters, depth
        widths = [filters * min(2**level, 8) for level in range(depth)]
        self.encoder = nn.ModuleList(
            EncoderBlock(
                3 if level == 0 else widths[level - 1],
                widths[level],
                activate=level > 0,
                normalize=0 < level < depth - 1,
            )
            for level in range(depth)
        )
        self.decoder = nn.ModuleList(
            DecoderBlock(
                widths[level] if level == depth - 1 else 2 * widths[level],
                3 if level == 0 else widths[level - 1],
                normalize=level > 0,
                dropout=dropout if level > max(depth - 4, 0) else 0.0,
            )
            for level in reversed(range(depth))
        )
        initialize_normal(self)

    @property
    def size_multiple(self) -> int:
        """Height and width of an input must be multiples of this many pixels."""
        return int(2**self.depth)

    def forward(self, corrupted: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Restore corrupted images.

        Args:
            corrupted: images in [-1, 1] in which removed pixels are black, -1.

        Returns:
            restored images in [-1, 1].

        Raises:
            ValueError: when height or width is no multiple of :attr:`size_multiple`.
        """
        height, width = corrupted.shape[-2:]
        if height % self.size_multiple or width % self.size_multiple:
            raise ValueError(
                f"input of {height}×{width} pixels: a U-Net of depth {self.depth} needs multiples of "
                f"{self.size_multiple}; pad or resize the image, or use a smaller depth"
            )
        encoded = []
        features = corrupted
        for block in self.encoder:
            features = block(features)
            encoded.append(features)
        features = F.relu(encoded.pop())
        for block in self.decoder:
            features = block(features)
            if encoded:
                # Rectified apart: a gradient of the joined features would lie in memory in two parts, at
                # which batch normalisation takes six times as long.
                features = torch.cat([F.relu(features), F.relu(encoded.pop())], dim=1)
        return torch.tanh(features)


def initialize_normal(network: nn.Module, standard_deviation: float = 0.02) -> None:
    """Draw convolution weights from N(0, σ²) and normalisation scales from N(1, σ²); biases become 0.

    This is the initialisation of pix2pix, whose training settings the paper follows (Section IV-B).

    Args:
        network: changed in place.
        standard_deviation: σ of the normal distribution.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, standard_deviation)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, standard_deviation)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
