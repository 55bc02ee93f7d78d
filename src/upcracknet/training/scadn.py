"""SCADN's training: stripes are restored, and a discriminator judges the whole."""

from typing import Any

import pytorch_lightning as lightning
import torch
from jaxtyping import Float
from torch import Tensor

from upcracknet.baselines.scadn import (
    REMOVED,
    SCADNDiscriminator,
    SCADNGenerator,
    striped_errors,
)
from upcracknet.corruption import StripedMasks, corrupt
from upcracknet.losses.adversarial import discriminator_loss, generator_adversarial_loss
from upcracknet.training.inpainting_configuration import SCADNConfiguration
from upcracknet.weights import WeightsRecord

VALIDATION_SEED = 20240428  # the masks of validation are the same in each epoch and run

REMOVED_WEIGHT = 4.0
"""How much more the removed pixels' error counts."""


class InpaintingOfStripes(lightning.LightningModule):
    """SCADN's generator learns to restore striped undamaged patches, its discriminator to tell them apart.

    Args:
        configuration: sizes, learning rates and seed.
    """

    weights_name = "scadn.safetensors"

    def __init__(self, configuration: SCADNConfiguration) -> None:
        super().__init__()
        self.automatic_optimization = False  # two optimisers take turns
        self.configuration = configuration
        self.generator = SCADNGenerator(configuration.filters)
        self.discriminator = SCADNDiscriminator(configuration.filters)
        self.masks = StripedMasks()
        # Detection compares an image's errors with those of undamaged road.
        self.register_buffer("usual_errors", torch.zeros(len(self.masks.widths)))
        self._errors: list[Float[Tensor, "b scales"]] = []

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        """Adam for each network; the learning rates stay."""
        settings = self.configuration
        return [
            torch.optim.Adam(
                self.generator.parameters(), settings.generator_learning_rate, settings.betas, fused=True
            ),
            torch.optim.Adam(
                self.discriminator.parameters(),
                settings.discriminator_learning_rate,
                settings.betas,
                fused=True,
            ),
        ]

    def training_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """Update D, then G, with a single pass of the generator.

        Args:
            images: undamaged patches in [0, 1].
            batch_index: unused; Lightning passes it.
        """
        step = self.trainer.global_step * self.trainer.world_size + self.global_rank
        masks = self._masks(images, self.configuration.seed * 1_000_003 + step)
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
        self.log_dict(
            {
                "train/adversarial": adversarial,
                "train/discriminator": loss_discriminator,
                "train/total": restoration,
            },
            on_step=False,
            on_epoch=True,
            batch_size=len(images),
            sync_dist=True,
        )

    def on_validation_epoch_start(self) -> None:
        """Forget the errors of an earlier state of the generator."""
        self._errors = []

    def validation_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """Measure the restoration loss on held-out patches, and each scale's error."""
        masks = self._masks(images, VALIDATION_SEED + batch_index)
        loss = _restoration(self.generator(corrupt(images, masks, REMOVED)).float(), images, masks)
        self._errors.append(striped_errors(self.generator, images, self.masks).mean(dim=(2, 3)))
        self.log("validation/total", loss, batch_size=len(images), sync_dist=True)

    def on_validation_epoch_end(self) -> None:
        """What each scale's error is on undamaged road that training has not seen.

        The published method takes it from the training photos, where it is too small.
        """
        self.usual_errors = torch.cat(self._errors).mean(dim=0).float()

    def _masks(self, images: Float[Tensor, "b 3 h w"], seed: int) -> Float[Tensor, "b 1 h w"]:
        # One seed a step: the masks of a resumed run need no saved state.
        generator = torch.Generator().manual_seed(seed)
        masks = self.masks.sample(len(images), images.shape[-2], images.shape[-1], generator)
        return masks.to(images.device)

    @torch.no_grad()
    def pictures(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 h w"]]:
        """Rows for a picture: original, corrupted and restored patches in [0, 1]."""
        corrupted = corrupt(images, self._masks(images, VALIDATION_SEED), REMOVED)
        return [images, corrupted, self.generator(corrupted).float()]

    def tensors(self) -> dict[str, Tensor]:
        """What the weights file holds."""
        return self.generator.state_dict()

    def weights_record(self, provenance: dict[str, Any]) -> WeightsRecord:
        """Describe the generator for its weights file."""
        usual_errors = self.usual_errors.tolist()
        return WeightsRecord(
            architecture="SCADN",
            configuration={"filters": self.configuration.filters},
            detection={"input_size": self.configuration.data.size, "usual_errors": usual_errors},
            provenance=provenance | {"method": "SCADN"},
        )


def _restoration(
    restored: Float[Tensor, "b 3 h w"], images: Float[Tensor, "b 3 h w"], masks: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, ""]:
    """Mean squared error, that of removed pixels four times, over the share of them."""
    squared = (restored - images).square()
    removed = 1 - masks
    return ((squared * masks).mean() + REMOVED_WEIGHT * (squared * removed).mean()) / removed.mean()
