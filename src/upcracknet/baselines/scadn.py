"""SCADN (Yan, Zhang, Xu, Hu and Heng, AAAI 2021): stripes are restored, and judged at several scales."""

import itertools
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from upcracknet.corruption import StripedMasks, corrupt
from upcracknet.detection.scorer import BaseScorer, detecting_copy
from upcracknet.detection.threshold import Threshold
from upcracknet.networks.generator import initialize_normal

RESIDUAL_BLOCKS = 8
REMOVED = 1.0
"""Removed pixels become white."""


class _ResidualBlock(nn.Module):
    """What a dilated and a plain convolution add to their input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=2, dilation=2, padding_mode="reflect"),
            nn.InstanceNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect"),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        added: Tensor = self.layers(features)
        return features + added


class SCADNGenerator(nn.Module):
    """SCADN's generator: images in [0, 1] to images in [0, 1].

    Args:
        filters: channels of the first level, doubled at each of three; 64 published: 42,077,955 parameters.
    """

    size_multiple = 8
    interface = (
        "the photo in [0, 1], 1 where it is to be restored; the output is the restored image in [0, 1], "
        "batch×3×height×width"
    )

    def __init__(self, filters: int = 64) -> None:
        super().__init__()
        widths = (filters, 2 * filters, 4 * filters, 8 * filters)
        layers: list[nn.Module] = [
            nn.Conv2d(3, filters, 7, padding=3, padding_mode="reflect"),
            nn.InstanceNorm2d(filters),
            nn.ReLU(),
        ]
        for channels, doubled in itertools.pairwise(widths):
            layers += [nn.Conv2d(channels, doubled, 4, 2, padding=1), nn.InstanceNorm2d(doubled), nn.ReLU()]
        layers += [_ResidualBlock(widths[-1]) for _ in range(RESIDUAL_BLOCKS)]
        for channels, halved in itertools.pairwise(reversed(widths)):
            layers += [
                nn.Upsample(scale_factor=2.0),
                nn.Conv2d(channels, halved, 3, padding=1),
                nn.InstanceNorm2d(halved),
                nn.ReLU(),
            ]
        layers.append(nn.Conv2d(filters, 3, 7, padding=3, padding_mode="reflect"))
        self.layers = nn.Sequential(*layers)
        initialize_normal(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Restore what is removed; height and width are multiples of 8."""
        restored: Tensor = self.layers(images)
        return (restored.tanh() + 1) / 2


class SCADNDiscriminator(nn.Module):
    """SCADN's discriminator, its convolutions held at spectral norm 1: one logit a patch.

    Args:
        filters: channels of the first level; 64 published: 2,763,776 parameters.
    """

    def __init__(self, filters: int = 64) -> None:
        super().__init__()
        channels = (3, filters, 2 * filters, 4 * filters, 8 * filters, 1)
        convolutions = [
            nn.Conv2d(before, after, 4, stride=2 if level < 3 else 1, padding=1, bias=False)
            for level, (before, after) in enumerate(itertools.pairwise(channels))
        ]
        for convolution in convolutions:
            nn.init.normal_(convolution.weight, 0.0, 0.02)
        layers: list[nn.Module] = []
        for convolution in convolutions:
            layers += [spectral_norm(convolution), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1 _h _w"]:
        """Judge images in [0, 1]; above 0 for an original."""
        logits: Tensor = self.layers(images)
        return logits


def striped_errors(
    generator: nn.Module, images: Float[Tensor, "b 3 h w"], masks: StripedMasks
) -> Float[Tensor, "b scales h w"]:
    """Squared error of what each scale's masks remove, the largest of the masks, averaged over the colours.

    Args:
        generator: restores images in [0, 1], in which 1 is what was removed.
        images: in [0, 1].
        masks: two directions and two phases of each width.
    """
    height, width = images.shape[-2:]
    errors = []
    for mask in masks.all(height, width)[:, None].to(images):
        restored = generator(corrupt(images, mask.expand(len(images), -1, -1, -1), REMOVED))
        errors.append(((restored - images).square() * (1 - mask)).mean(dim=1))
    by_scale = torch.stack(errors, dim=1).reshape(len(images), len(masks.widths), 4, height, width)
    return by_scale.amax(dim=2)


class SCADNScorer(BaseScorer):
    """SCADN's score: the error map of the scale at which an image departs most from training.

    Args:
        generator: a trained generator; not changed.
        usual_errors: mean error of each scale on undamaged images.
        input_size: side of the square input in pixels; the size it was trained at.
        name: shown in results.
    """

    def __init__(
        self,
        generator: SCADNGenerator,
        usual_errors: tuple[float, ...],
        input_size: int = 256,
        name: str = "SCADN",
    ) -> None:
        self.name, self.input_size = name, input_size
        self.network: nn.Module = detecting_copy(generator)
        self.masks = StripedMasks()
        if len(usual_errors) != len(self.masks.widths):
            raise ValueError(
                f"{len(usual_errors)} usual errors for {len(self.masks.widths)} scales; give one for each"
            )
        self.usual_errors = torch.tensor(usual_errors)

    @torch.inference_mode()
    def score(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b h w"]:
        """Squared error of each pixel at the scale chosen for its image, in [0, 1]."""
        errors = striped_errors(self.network, images, self.masks)
        chosen = (errors.mean(dim=(2, 3)) - self.usual_errors.to(errors)).argmax(dim=1)
        return errors[torch.arange(len(images), device=images.device), chosen]


def scadn_scorer(
    network: SCADNGenerator, detection: dict[str, Any], preset: None, name: str
) -> tuple[SCADNScorer, Threshold]:
    """Make SCADN's scorer, of the size and usual errors stored with its generator, and its threshold."""
    size, usual_errors = int(detection["input_size"]), tuple(detection["usual_errors"])
    return SCADNScorer(network, usual_errors, size, name), Threshold()
