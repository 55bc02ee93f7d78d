"""Style loss: the difference of feature correlations (Section III-E, equation 6), and where they come from.

Source: Johnson et al., ECCV 2016. The features are VGG-19's, or those of random filters where its weights are
not at hand.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.errors import WeightsError
from upcracknet.losses.similarity import at_least_float32

VGG19_URL = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
VGG19_SHA256_PREFIX = "dcbb9e9d"
"""First digits of the file's SHA-256, which the official file carries in its name."""

_VGG19_BLOCKS = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512, 512, 512), (512, 512))
# Positions in the published network of relu2_2, relu3_4, relu4_4 and relu5_2.
_VGG19_LAYERS = (8, 17, 26, 31)

RANDOM_FILTER_NORM = 20.0
"""Makes ten times the style loss of a blurred road photo one to three times its mean absolute error."""


@runtime_checkable
class FeatureExtractor(Protocol):
    """Turns images into feature maps, coarser and coarser."""

    @property
    def name(self) -> str:
        """Name in a run's record."""

    def __call__(self, images: Float[Tensor, "b 3 h w"], /) -> list[Tensor]:
        """Extract b×c×h×w feature maps, one a layer, from images in [0, 1]."""


def gram_matrix(features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c c"]:
    """Correlate the channels of a feature map, forgetting where in the image they respond.

    Computed in at least 32 bits, also under autocast.

    Args:
        features: activations of one layer.

    Returns:
        sums of products over all pixels, divided by c · h · w.
    """
    _, channels, height, width = features.shape
    with torch.autocast(features.device.type, enabled=False):
        rows = at_least_float32(features).flatten(start_dim=2)
        return rows @ rows.transpose(1, 2) / (channels * height * width)


def style_loss(
    restored: Float[Tensor, "b 3 h w"],
    original: Float[Tensor, "b 3 h w"],
    extractor: FeatureExtractor,
    *,
    layers: Literal["mean", "sum"] = "mean",
) -> Float[Tensor, ""]:
    """Average the absolute difference of Gram matrices over their entries, then over the layers (equation 6).

    Args:
        restored: restored images in [0, 1].
        original: original images in [0, 1]; no gradient flows to them.
        extractor: where the feature maps come from.
        layers: ``sum`` adds the layers up, as the authors' code does.

    Returns:
        loss, 0 for identical images.
    """
    with torch.no_grad():
        originals = [gram_matrix(layer) for layer in extractor(original)]
    restoreds = [gram_matrix(layer) for layer in extractor(restored)]
    losses = torch.stack([F.l1_loss(*grams) for grams in zip(restoreds, originals, strict=True)])
    return losses.sum() if layers == "sum" else losses.mean()


class VGG19Features(nn.Module):
    """VGG-19 (Simonyan and Zisserman, 2014) up to relu5_2; gives relu2_2, relu3_4, relu4_4 and relu5_2.

    It is fed images in [-1, 1] as in the authors' code, because the paper's λ_style = 10 goes with that.
    ImageNet's standardisation would widen the range about twofold and so change the weight of the style loss.

    Args:
        state: the published weights under their published names, ``features.0.weight`` …; others are ignored.

    Raises:
        WeightsError: a weight is missing or of another shape.
    """

    name = "vgg19-imagenet"

    def __init__(self, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        # Made without storage: drawing initial values would take time and move the random state.
        with torch.device("meta"):
            self.features = _vgg19_layers()
        expected = self.state_dict()
        wrong = [
            name for name, value in expected.items() if name not in state or state[name].shape != value.shape
        ]
        if wrong:
            shape = tuple(expected[wrong[0]].shape)
            raise WeightsError(
                f"not VGG-19 weights: {wrong[0]} is missing or not of shape {shape}; use {VGG19_URL}"
            )
        self.load_state_dict({name: state[name] for name in expected}, assign=True)
        self.eval().requires_grad_(False)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Extract feature maps at 1/2, 1/4, 1/8 and 1/16 of the size.

        Args:
            images: images in [0, 1], of 16 pixels or more in each direction.

        Returns:
            activations of the four layers: 128, 256, 512 and 512 channels.
        """
        activations = at_least_float32(images) * 2 - 1
        layers = []
        for position, layer in enumerate(self.features):
            activations = layer(activations)
            if position in _VGG19_LAYERS:
                layers.append(activations)
        return layers


class RandomFeatures(nn.Module):
    """Rectified random filters on an image pyramid: a style loss for where VGG-19's weights are not at hand.

    The correlations within one convolutional layer of random filters already describe a texture well
    (Ustyuzhaninov, Brendel, Gatys and Bethge, "Texture Synthesis Using Shallow Convolutional Networks with
    Random Filters", arXiv:1606.00021, 2016); the pyramid stands for their filters of several sizes at a
    fraction of the cost. The filters have zero mean, so plain grey gives nothing, and are the same on every
    machine.

    Attributes:
        name: "random-filters-seed0", with the seed used.

    Args:
        seed: seed of the filters.
        levels: levels of the pyramid, each half the one before; those smaller than a filter are left out.
        filters: number of filters, the same at every level.
        size: side of the filters in pixels.
    """

    filters: Tensor

    def __init__(self, seed: int = 0, levels: int = 4, filters: int = 16, size: int = 5) -> None:
        super().__init__()
        self.name = f"random-filters-seed{seed}"
        self.levels = levels
        generator = torch.Generator().manual_seed(seed)
        # Uniform, not normal: how normal numbers are rounded depends on the processor's instructions.
        values = torch.rand(filters, 3, size, size, generator=generator)
        values = values - values.mean(dim=(1, 2, 3), keepdim=True)
        values = values / values.square().sum(dim=(1, 2, 3), keepdim=True).sqrt()
        self.register_buffer("filters", RANDOM_FILTER_NORM * values, persistent=False)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Extract one feature map a level of the pyramid.

        Args:
            images: images in [0, 1].

        Returns:
            responses of each level, about half the level's size.

        Raises:
            ValueError: the images are smaller than a filter.
        """
        size = self.filters.shape[-1]
        if min(images.shape[-2:]) < size:
            raise ValueError(
                f"images of {tuple(images.shape[-2:])} pixels are too small; give at least {size}"
            )
        images = images.contiguous(memory_format=torch.channels_last)  # twice as fast on processors
        layers = []
        for _ in range(self.levels):
            layers.append(F.relu(F.conv2d(images, self.filters, stride=2)))
            images = F.avg_pool2d(images, 2)
            if min(images.shape[-2:]) < size:
                break
        return layers


def load_vgg19(path: str | Path | None = None, download: bool = False) -> VGG19Features:
    """Load VGG-19 with its published ImageNet weights, checked against the SHA-256 in the file's name.

    Args:
        path: the weights file; None takes ``vgg19-dcbb9e9d.pth`` in torch's cache, ``torch.hub.get_dir()``.
        download: fetch the file (548 MB) into torch's cache if it is not there.

    Returns:
        the feature extractor.

    Raises:
        WeightsError: the file is missing, cannot be fetched, or is not the published one.
    """
    given, path = path, vgg19_file(path)
    if given is None and download and not path.is_file():
        _download_vgg19(path)
    if not path.is_file():
        raise WeightsError(
            f"no VGG-19 weights at {path}; allow the download, fetch {VGG19_URL}, or use the random filters"
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(VGG19_SHA256_PREFIX):
        raise WeightsError(
            f"{path} is not the published VGG-19: its SHA-256 begins {digest[:8]}, expected "
            f"{VGG19_SHA256_PREFIX}; remove it and fetch {VGG19_URL} again"
        )
    return VGG19Features(torch.load(path, map_location="cpu", weights_only=True))


def vgg19_file(path: str | Path | None = None) -> Path:
    """Find the file that :func:`load_vgg19` opens: the given one, else the one in torch's cache."""
    return Path(path or Path(torch.hub.get_dir()) / "checkpoints" / Path(VGG19_URL).name)


def _download_vgg19(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(VGG19_URL, str(path), hash_prefix=VGG19_SHA256_PREFIX)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"could not fetch {VGG19_URL}: {error}; put the file at {path}, or use the random filters"
        ) from error


def _vgg19_layers() -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for block in _VGG19_BLOCKS:
        for width in block:
            layers += [nn.Conv2d(channels, width, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers[:-1])
