"""RIAD's training: jumbled squares are restored in parts, and the assembled image is judged."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from upcracknet.baselines.riad import RIADNetwork, restore_by_parts
from upcracknet.corruption import JumbledSquareMasks
from upcracknet.losses import multi_scale_gradient_magnitude_similarity_loss, structural_similarity_loss
from upcracknet.training.configuration import VALIDATION_SEED, Configuration, DataConfiguration
from upcracknet.training.configuration_file import Count, Factor, NotNegative, Positive
from upcracknet.training.method import Method


@dataclass(frozen=True)
class RIADConfiguration(Configuration):
    """Everything that decides a training run of RIAD; the defaults are the published ones.

    Attributes:
        method: name of the system.
        data: undamaged patches.
        widths: channels of each of the network's levels.
        learning_rate: of Adam.
        drop: share of the epochs after which the learning rate falls to a tenth; 250 of 300 published.
        weight_decay: of Adam.
    """

    method: Literal["riad"] = "riad"
    data: DataConfiguration = field(default_factory=DataConfiguration)
    widths: tuple[Count, ...] = (64, 128, 256, 512, 512)
    learning_rate: Positive = 1e-4
    drop: Factor = 250 / 300
    weight_decay: NotNegative = 1e-5
    batch_size: Count = 4
    epochs: Count = 300

    @property
    def size_multiple(self) -> int:
        """Pixels that the network's levels halve to one."""
        return 1 << max(len(self.widths) - 1, 0)

    def problems(self) -> Iterator[str]:
        """Find settings that do not go together, one sentence each."""
        yield from super().problems()
        if len(self.widths) < 2:
            yield "`widths` must hold at least two levels"


class InpaintingOfSquares(Method):
    """RIAD learns to restore a third of an undamaged patch from the other two."""

    configuration: RIADConfiguration

    def __init__(self, configuration: RIADConfiguration) -> None:
        super().__init__(configuration)
        self.network = RIADNetwork(configuration.widths)
        self.masks = JumbledSquareMasks()

    def configure_optimizers(self) -> Any:
        """Take Adam; the learning rate falls to a tenth late in training."""
        settings = self.configuration
        optimizer = torch.optim.Adam(
            self.network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        milestone = max(1, round(settings.drop * settings.epochs))
        return [optimizer], [torch.optim.lr_scheduler.MultiStepLR(optimizer, [milestone], 0.1)]

    def training_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> Tensor:
        """Compute the loss of a batch of undamaged patches in [0, 1]; one size of squares is drawn for it."""
        return self._loss("train", images, self.step_seed(self.trainer.global_step))

    def validation_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """Measure the same loss on held-out patches, whose masks never change."""
        self._loss("validation", images, VALIDATION_SEED + batch_index)

    def _loss(self, part: str, images: Float[Tensor, "b 3 h w"], seed: int) -> Tensor:
        restored = self._restored(images, seed)
        losses = {
            "mse": F.mse_loss(restored, images),
            "msgms": multi_scale_gradient_magnitude_similarity_loss(restored, images),
            "ssim": structural_similarity_loss(restored, images),
        }
        total = losses["mse"] + losses["msgms"] + losses["ssim"]
        self.log_losses(part, losses | {"total": total}, len(images))
        return total

    def _restored(self, images: Float[Tensor, "b 3 h w"], seed: int) -> Float[Tensor, "b 3 h w"]:
        generator = torch.Generator().manual_seed(seed)
        masks = self.masks.partition(images.shape[-2], images.shape[-1], generator)
        return restore_by_parts(self.network, images, masks.to(images.device)).float()

    def pictures(self, batch: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 h w"]]:
        """Give original and restored patches in [0, 1]."""
        return [batch, self._restored(batch, VALIDATION_SEED)]

    def trained_network(self) -> RIADNetwork:
        """Give the network."""
        return self.network

    def network_arguments(self) -> dict[str, Any]:
        """Give the network's widths."""
        return {"widths": list(self.configuration.widths)}

    def detection_settings(self) -> dict[str, Any]:
        """Give the size of the patches, which is that of the images that it restores."""
        return {"input_size": self.configuration.data.size}
