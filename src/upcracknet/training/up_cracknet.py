"""UP-CrackNet's training step (Sections III-B, III-C and III-E) as a Lightning module."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.corruption import blur_mask_edges, corrupt, corruption_masks
from upcracknet.detection.settings import DetectionSettings
from upcracknet.losses.adversarial import discriminator_loss, generator_adversarial_loss
from upcracknet.losses.restoration import RestorationLoss, restoration_loss, total_loss
from upcracknet.losses.style import RandomFeatures, VGG19Features, load_vgg19
from upcracknet.networks import PatchDiscriminator, UNetGenerator
from upcracknet.networks.generator import normalize_with
from upcracknet.training.adam import Adam
from upcracknet.training.configuration import VALIDATION_SEED, TrainingConfiguration
from upcracknet.training.method import Method


class AdversarialRestoration(Method):
    """A generator learns to restore corrupted undamaged patches, a discriminator to tell them apart."""

    configuration: TrainingConfiguration

    def __init__(self, configuration: TrainingConfiguration) -> None:
        super().__init__(configuration)
        self.automatic_optimization = False  # two optimisers take turns
        networks = configuration.networks
        self.generator = UNetGenerator(networks.generator_filters, networks.generator_depth)
        # Validation chooses the weights that are kept: it judges the network as it will detect.
        normalize_with(DetectionSettings().statistics, self.generator)
        self.discriminator = PatchDiscriminator(networks.discriminator_filters)
        self.masks = corruption_masks(configuration.corruption)
        self.features: RandomFeatures | VGG19Features | None = None
        if configuration.losses.style > 0:
            weights = configuration.vgg19_weights
            vgg19 = configuration.style_features == "vgg19"
            self.features = load_vgg19(weights, download=weights is None) if vgg19 else RandomFeatures()

    @property
    def is_adversarial(self) -> bool:
        """Whether the discriminator learns too."""
        return self.configuration.losses.adversarial > 0

    def facts(self) -> dict[str, Any]:
        """Tell where the weights come from, with the network behind the style loss."""
        name = "none" if self.features is None else self.features.name
        return super().facts() | {"style_features": name}

    def configure_optimizers(self) -> tuple[list[torch.optim.Optimizer], list[Any]]:
        """Take Adam for G, and for D where the adversarial loss counts; rates decay by epoch."""
        settings = self.configuration.optimizer
        rates: list[tuple[nn.Module, float]] = [(self.generator, settings.generator_learning_rate)]
        if self.is_adversarial:
            rates.append((self.discriminator, settings.discriminator_learning_rate))
        optimizers: list[torch.optim.Optimizer] = [
            Adam(network.parameters(), rate, settings.betas) for network, rate in rates
        ]
        return optimizers, [torch.optim.lr_scheduler.ExponentialLR(o, settings.decay) for o in optimizers]

    def corrupted(
        self, images: Float[Tensor, "b 3 h w"], seed: int
    ) -> tuple[Float[Tensor, "b 3 h w"], Float[Tensor, "b 3 h w"]]:
        """Remove parts of images (Section III-B).

        Args:
            images: undamaged patches in [0, 1].
            seed: decides the masks alone.

        Returns:
            the images, and the corrupted images, both in [-1, 1].
        """
        generator = torch.Generator().manual_seed(seed)
        height, width = images.shape[-2:]
        masks = self.masks.sample(len(images), height, width, generator)
        if self.configuration.mask_edges == "blurred":
            masks = blur_mask_edges(masks, generator)
        # The Hadamard product is taken in [0, 1], so what is removed is black. Cracks are dark too: this is
        # what makes the generator take them for something to be restored.
        return images * 2 - 1, corrupt(images, masks.to(images.device)) * 2 - 1

    def training_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """Update D, then G, with a single pass of the generator, on undamaged patches in [0, 1].

        Without adversarial loss, G alone is updated.
        """
        # Lightning counts a step for each optimiser; the masks shall not depend on whether D learns too.
        steps = self.trainer.global_step * (1 if self.is_adversarial else 2)
        originals, corrupted = self.corrupted(images, self.step_seed(steps))
        generator_optimizer, *discriminator_optimizer = _listed(self.optimizers())
        restored = self.generator(corrupted)

        losses: dict[str, Tensor] = {}
        adversarial = restored.new_zeros((), dtype=torch.float32)
        if self.is_adversarial:
            loss_discriminator = self._update_discriminator(
                corrupted, originals, restored, *discriminator_optimizer
            )
            # D judges again because it has just changed; its weights get no gradient from G's loss.
            self.discriminator.requires_grad_(False)
            adversarial = generator_adversarial_loss(self.discriminator(corrupted, restored))
            losses = {"adversarial": adversarial, "discriminator": loss_discriminator}
        restoration = self._restoration_loss(restored, images)
        loss_generator = total_loss(restoration.total, adversarial, self.configuration.losses)
        generator_optimizer.zero_grad()
        self.manual_backward(loss_generator)
        generator_optimizer.step()
        self.discriminator.requires_grad_(True)

        self.log_losses("train", losses | restoration.terms | {"total": restoration.total}, len(images))

    def _update_discriminator(
        self,
        corrupted: Float[Tensor, "b 3 h w"],
        originals: Float[Tensor, "b 3 h w"],
        restored: Float[Tensor, "b 3 h w"],
        optimizer: Any,
    ) -> Float[Tensor, ""]:
        judged_original = self.discriminator(corrupted, originals)
        judged_restored = self.discriminator(corrupted, restored.detach())
        loss = discriminator_loss(judged_original, judged_restored)
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()
        return loss

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out the network behind the style loss, which never changes: 50 MB of VGG-19."""
        for name in self._frozen():
            del checkpoint["state_dict"][name]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the network behind the style loss back."""
        checkpoint["state_dict"].update(self._frozen())

    def _frozen(self) -> dict[str, Tensor]:
        return {} if self.features is None else self.features.state_dict(prefix="features.")

    def on_train_epoch_end(self) -> None:
        """Decay the learning rates."""
        for scheduler in _listed(self.lr_schedulers()):
            scheduler.step()

    def validation_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """Measure the restoration loss on held-out patches, whose masks never change."""
        _, corrupted = self.corrupted(images, VALIDATION_SEED + batch_index)
        restoration = self._restoration_loss(self.generator(corrupted), images)
        self.log_losses("validation", restoration.terms | {"total": restoration.total}, len(images))

    def _restoration_loss(
        self, restored: Float[Tensor, "b 3 h w"], images: Float[Tensor, "b 3 h w"]
    ) -> RestorationLoss:
        """The loss of images in [-1, 1] that were restored to images in [0, 1]."""
        return restoration_loss((restored.float() + 1) / 2, images, self.configuration.losses, self.features)

    def pictures(self, batch: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 h w"]]:
        """Give original, corrupted and restored patches in [0, 1]."""
        _, corrupted = self.corrupted(batch, VALIDATION_SEED)
        return [batch, (corrupted + 1) / 2, (self.generator(corrupted).float() + 1) / 2]

    def trained_network(self) -> UNetGenerator:
        """Give the generator."""
        return self.generator

    def network_arguments(self) -> dict[str, Any]:
        """Give the generator's size."""
        networks = self.configuration.networks
        return {"filters": networks.generator_filters, "depth": networks.generator_depth}

    def detection_settings(self) -> dict[str, Any]:
        """Give the size of the patches, which is that of the images that it restores."""
        return {"input_size": self.configuration.data.size}


def _listed(items: Any) -> list[Any]:
    """A list, also of the single optimiser or scheduler that Lightning gives bare."""
    return items if isinstance(items, list) else [items]
