"""SCADN's training: stripes are restored, and a discriminator judges the whole."""

from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from upcracknet.baselines.scadn import REMOVED, SCADNDiscriminator, SCADNGenerator, striped_errors
from upcracknet.corruption import StripedMasks, corrupt
from upcracknet.losses.adversarial import discriminator_loss, generator_adversarial_loss
from upcracknet.training.configuration import VALIDATION_SEED, Configuration, DataConfiguration
from upcracknet.training.configuration_file import Count, DecayRate, NotNegative, Positive
from upcracknet.training.method import Method

REMOVED_WEIGHT = 4.0
"""How much more the removed pixels' error counts."""


@dataclass(frozen=True)
class SCADNConfiguration(Configuration):
    """Everything that decides a training run of SCADN; the defaults are the published ones.

    Attributes:
        method: name of the system.
        data: undamaged patches; 512 pixels published, 256 in the comparison of the paper.
        filters: channels of both networks' first level.
        generator_learning_rate: of Adam.
        discriminator_learning_rate: of Adam.
        betas: decay rates of Adam's moment estimates.
        adversarial: weight of the adversarial loss beside the restoration loss.
    """

    method: Literal["scadn"] = "scadn"
    data: DataConfiguration = field(default_factory=DataConfiguration)
    filters: Count = 64
    generator_learning_rate: Positive = 1e-4
    discriminator_learning_rate: Positive = 1e-5
    betas: tuple[DecayRate, DecayRate] = (0.0, 0.9)
    adversarial: NotNegative = 0.001
    batch_size: Count = 4

    @property
    def size_multiple(self) -> int:
        """Pixels that three halvings need."""
        return SCADNGenerator.size_multiple


class InpaintingOfStripes(Method):
    """SCADN's generator learns to restore striped undamaged patches, its discriminator to tell them apart."""

    configuration: SCADNConfiguration

    def __init__(self, configuration: SCADNConfiguration) -> None:
        super().__init__(configuration)
        self.automatic_optimization = False  # two optimisers take turns
        self.generator = SCADNGenerator(configuration.filters)
        self.discriminator = SCADNDiscriminator(configuration.filters)
        self.masks = StripedMasks()
        # Detection compares an image's errors with those of undamaged road.
        self.register_buffer("usual_errors", torch.zeros(len(self.masks.widths)))
        self._errors: list[Float[Tensor, "b scales"]] = []

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Take Adam for each network; the learning rates stay."""
        settings = self.configuration
        rates = (
            (self.generator, settings.generator_learning_rate),
            (self.discriminator, settings.discriminator_learning_rate),
        )
        return [
            torch.optim.Adam(network.parameters(), rate, settings.betas, fused=True)
            for network, rate in rates
        ]

    def training_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """Update D, then G, with a single pass of the generator, on undamaged patches in [0, 1]."""
        masks = self._masks(images, self.step_seed(self.trainer.global_step))
        optimizers: Any = self.optimizers()
        generator_optimizer, discriminator_optimizer = optimizers
        restored = self.generator(corrupt(images, masks, REMOVED))

        loss_discriminator = discriminator_loss(
            self.discriminator(images), self.discriminator(restored.detach())
        )
        discriminator_optimizer.zero_grad()
        self.manual_backward(loss_discriminator)
        discriminator_optimizer.step()

        self.discriminator.requires_grad_(False)
        adversarial = generator_adversarial_loss(self.discriminator(restored))
        restoration = _restoration(restored.float(), images, masks)
        generator_optimizer.zero_grad()
        self.manual_backward(restoration + self.configuration.adversarial * adversarial)
        generator_optimizer.step()
        self.discriminator.requires_grad_(True)
        losses = {"adversarial": adversarial, "discriminator": loss_discriminator, "total": restoration}
        self.log_losses("train", losses, len(images))

    def on_validation_epoch_start(self) -> None:
        """Forget the errors of an earlier state of the generator."""
        self._errors = []

    def validation_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """Measure the restoration loss on held-out patches, and each scale's error."""
        masks = self._masks(images, VALIDATION_SEED + batch_index)
        loss = _restoration(self.generator(corrupt(images, masks, REMOVED)).float(), images, masks)
        self._errors.append(striped_errors(self.generator, images, self.masks).mean(dim=(2, 3)))
        self.log_losses("validation", {"total": loss}, len(images))

    def on_validation_epoch_end(self) -> None:
        """Average each scale's error on undamaged road that training has not seen.

        The published method takes it from the training photos, where it is too small.
        """
        self.usual_errors = torch.cat(self._errors).mean(dim=0).float()

    def _masks(self, images: Float[Tensor, "b 3 h w"], seed: int) -> Float[Tensor, "b 1 h w"]:
        generator = torch.Generator().manual_seed(seed)
        masks = self.masks.sample(len(images), images.shape[-2], images.shape[-1], generator)
        return masks.to(images.device)

    def pictures(self, batch: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 h w"]]:
        """Give original, corrupted and restored patches in [0, 1]."""
        corrupted = corrupt(batch, self._masks(batch, VALIDATION_SEED), REMOVED)
        return [batch, corrupted, self.generator(corrupted).float()]

    def trained_network(self) -> SCADNGenerator:
        """Give the generator."""
        return self.generator

    def network_arguments(self) -> dict[str, Any]:
        """Give the generator's size."""
        return {"filters": self.configuration.filters}

    def detection_settings(self) -> dict[str, Any]:
        """Give the size of the patches, and what the errors of undamaged road are."""
        return {"input_size": self.configuration.data.size, "usual_errors": self.usual_errors.tolist()}


def _restoration(
    restored: Float[Tensor, "b 3 h w"], images: Float[Tensor, "b 3 h w"], masks: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, ""]:
    """Mean squared error, that of removed pixels four times, over the share of them."""
    squared = (restored - images).square()
    removed = 1 - masks
    return ((squared * masks).mean() + REMOVED_WEIGHT * (squared * removed).mean()) / removed.mean()
