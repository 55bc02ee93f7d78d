"""UP-CrackNet's training step (Sections III-B, III-C and III-E) as a Lightning module."""

from typing import Any

import pytorch_lightning as lightning
import torch
from jaxtyping import Float
from torch import Tensor

from upcracknet.corruption import blur_mask_edges, corrupt, corruption_masks
from upcracknet.losses.adversarial import discriminator_loss, generator_adversarial_loss
from upcracknet.losses.features import RandomFeatures, load_vgg19
from upcracknet.losses.restoration import restoration_loss, total_loss
from upcracknet.networks import PatchDiscriminator, UNetGenerator
from upcracknet.training.configuration import TrainingConfiguration
from upcracknet.weights import WeightsRecord

VALIDATION_SEED = 20240428  # the masks of validation are the same in each epoch and run


class AdversarialRestoration(lightning.LightningModule):
    """A generator learns to restore corrupted undamaged patches, a discriminator to tell them from originals.

    Args:
        configuration: sizes, losses, learning rates, masks and seed.
    """

    weights_name = "generator.safetensors"

    def __init__(self, configuration: TrainingConfiguration) -> None:
        super().__init__()
        self.automatic_optimization = False  # two optimisers take turns
        self.configuration = configuration
        networks = configuration.networks
        self.generator = UNetGenerator(networks.generator_filters, networks.generator_depth)
        self.discriminator = PatchDiscriminator(networks.discriminator_filters)
        self.masks = corruption_masks(configuration.corruption)
        self.features = self._style_features()

    def _style_features(self) -> Any:
        if self.configuration.losses.style == 0:
            return None
        if self.configuration.style_features == "vgg19":
            weights = self.configuration.vgg19_weights
            return load_vgg19(weights, download=weights is None)
        return RandomFeatures()

    @property
    def _is_adversarial(self) -> bool:
        return self.configuration.losses.adversarial > 0

    @property
    def style_features_name(self) -> str:
        """What the run's record calls the network behind the style loss."""
        return "none" if self.features is None else str(self.features.name)

    def configure_optimizers(self) -> tuple[list[torch.optim.Optimizer], list[Any]]:
        """Adam for G, and for D where the adversarial loss counts; rates decay exponentially by epoch."""
        settings = self.configuration.optimizer
        optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Adam(
                self.generator.parameters(), settings.generator_learning_rate, settings.betas, fused=True
            )
        ]
        if self._is_adversarial:
            optimizers.append(
                torch.optim.Adam(
                    self.discriminator.parameters(),
                    settings.discriminator_learning_rate,
                    settings.betas,
                    fused=True,
                )
            )
        return optimizers, [torch.optim.lr_scheduler.ExponentialLR(o, settings.decay) for o in optimizers]

    def _corrupt(
        self, images: Float[Tensor, "b 3 h w"], seed: int
    ) -> tuple[Float[Tensor, "b 3 h w"], Float[Tensor, "b 3 h w"]]:
        # One seed a step: the masks of a resumed run need no saved state.
        generator = torch.Generator().manual_seed(seed)
        height, width = images.shape[-2:]
        masks = self.masks.sample(len(images), height, width, generator)
        if self.configuration.mask_edges == "blurred":
            masks = blur_mask_edges(masks, generator)
        # The Hadamard product is taken in [0, 1], so what is removed is black. Cracks are dark too: this is
        # what makes the generator take them for something to be restored.
        return images * 2 - 1, corrupt(images, masks.to(images.device)) * 2 - 1

    def training_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """Update D, then G, with a single pass of the generator; without adversarial loss, G alone.

        Args:
            images: undamaged patches in [0, 1].
            batch_index: unused; Lightning passes it.
        """
        # Lightning counts a step for each optimiser; the masks shall not depend on whether D learns too.
        steps = self.trainer.global_step * (1 if self._is_adversarial else 2)
        step = steps * self.trainer.world_size + self.global_rank
        originals, corrupted = self._corrupt(images, self.configuration.seed * 1_000_003 + step)
        generator_optimizer, *discriminator_optimizer = _listed(self.optimizers())
        restored = self.generator(corrupted)

        record: dict[str, Tensor] = {}
        adversarial = restored.new_zeros((), dtype=torch.float32)
        if self._is_adversarial:
            loss_discriminator = self._update_discriminator(
                corrupted, originals, restored, *discriminator_optimizer
            )
            # D judges again because it has just changed; its weights get no gradient from G's loss.
            self.discriminator.requires_grad_(False)
            adversarial = generator_adversarial_loss(self.discriminator(corrupted, restored))
            record = {"train/adversarial": adversarial, "train/discriminator": loss_discriminator}
        restoration = restoration_loss(
            (restored.float() + 1) / 2, images, self.configuration.losses, self.features
        )
        loss_generator = total_loss(restoration.total, adversarial, self.configuration.losses)
        generator_optimizer.zero_grad()
        self.manual_backward(loss_generator)
        generator_optimizer.step()
        self.discriminator.requires_grad_(True)

        record |= {f"train/{name}": value for name, value in restoration.terms.items()}
        record["train/total"] = restoration.total
        self.log_dict(record, on_step=False, on_epoch=True, batch_size=len(images), sync_dist=True)

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
        """Leave out VGG-19, which never changes: 50 MB."""
        for name in self._frozen():
            del checkpoint["state_dict"][name]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put VGG-19 back."""
        checkpoint["state_dict"].update(self._frozen())

    def _frozen(self) -> dict[str, Tensor]:
        return {} if self.features is None else self.features.state_dict(prefix="features.")

    def on_train_epoch_end(self) -> None:
        """Decay the learning rates."""
        for scheduler in _listed(self.lr_schedulers()):
            scheduler.step()

    def validation_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """Measure the restoration loss on held-out patches, whose masks never change."""
        _, corrupted = self._corrupt(images, VALIDATION_SEED + batch_index)
        restored = self.generator(corrupted)
        restoration = restoration_loss(
            (restored.float() + 1) / 2, images, self.configuration.losses, self.features
        )
        record = {f"validation/{name}": value for name, value in restoration.terms.items()}
        record["validation/total"] = restoration.total
        self.log_dict(record, batch_size=len(images), sync_dist=True)

    @torch.no_grad()
    def pictures(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 h w"]]:
        """Rows for a picture: original, corrupted and restored patches in [0, 1]."""
        _, corrupted = self._corrupt(images, VALIDATION_SEED)
        training = self.generator.training
        restored = self.generator.eval()(corrupted)
        self.generator.train(training)
        return [images, (corrupted + 1) / 2, (restored.float() + 1) / 2]

    def tensors(self) -> dict[str, Tensor]:
        """What the weights file holds."""
        return self.generator.state_dict()

    def weights_record(self, provenance: dict[str, Any]) -> WeightsRecord:
        """Describe the generator for its weights file."""
        networks = self.configuration.networks
        return WeightsRecord(
            architecture="UNetGenerator",
            configuration={"filters": networks.generator_filters, "depth": networks.generator_depth},
            detection={"input_size": self.configuration.data.size},
            provenance=provenance | {"method": "UP-CrackNet", "style_features": self.style_features_name},
        )


def _listed(items: Any) -> list[Any]:
    """Lightning gives a single optimiser, or a single scheduler, bare."""
    return items if isinstance(items, list) else [items]
