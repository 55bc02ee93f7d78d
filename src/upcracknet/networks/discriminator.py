"""The discriminator D of Section III-C: judges 70×70 patches of a pair of images."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.networks.generator import initialize_normal


class PatchDiscriminator(nn.Module):
    """Tells restored from original images, patch by patch, given the corrupted one: the 70×70 PatchGAN.

    The paper's network has 64 filters: 2,769,601 parameters. It returns logits; the losses apply the sigmoid.

    Args:
        filters: channels of the first level; doubled each level up to 8 times that.
    """

    def __init__(self, filters: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(6, filters, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        channels = filters
        for stride in (2, 2, 1):
            layers += [
                nn.Conv2d(channels, 2 * channels, 4, stride=stride, padding=1),
                nn.BatchNorm2d(2 * channels),
                nn.LeakyReLU(0.2),
            ]
            channels *= 2
        layers.append(nn.Conv2d(channels, 1, 4, stride=1, padding=1))
        self.layers = nn.Sequential(*layers)
        initialize_normal(self)

    def forward(
        self, corrupted: Float[Tensor, "b 3 h w"], image: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 1 h8 w8"]:
        """Judge whether ``image`` is an original, conditioned on ``corrupted``.

        Args:
            corrupted: corrupted images in [-1, 1].
            image: original or restored images in [-1, 1].

        Returns:
            one logit a patch, above 0 for an original; a 256×256 image has 30×30 patches.
        """
        logits: Tensor = self.layers(torch.cat([corrupted, image], dim=1))
        return logits
