"""RIAD's training: jumbled squares are restored in parts, and the assembled image is judged."""

from typing import Any

import pytorch_lightning as lightning
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from upcracknet.baselines.riad import RIADNetwork, restore_by_parts
from upcracknet.corruption import JumbledSquareMasks
from upcracknet.losses import multi_scale_gradient_magnitude_similarity_loss, structural_similarity_loss
from upcracknet.training.inpainting_configuration import RIADConfiguration
from upcracknet.weights import WeightsRecord

VALIDATION_SEED = 20240428  # the masks of validation are the same in each epoch and run


class InpaintingOfSquares(lightning.LightningModule):
    """RIAD learns to restore a third of an undamaged patch from the other two.

    Args:
        configuration: sizes, learning rate and seed.
    """

    weights_name = "riad.safetensors"

    def __init__(self, configuration: RIADConfiguration) -> None:
        super().__init__()
        self.configuration = configuration
        self.network = RIADNetwork(configuration.widths)
        self.masks = JumbledSquareMasks()

    def configure_optimizers(self) -> Any:
        """Adam; the learning rate falls to a tenth late in training."""
        settings = self.configuration
        optimizer = torch.optim.Adam(
            self.network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        milestone = max(1, round(settings.drop * settings.epochs))
        return [optimizer], [torch.optim.lr_scheduler.MultiStepLR(optimizer, [milestone], 0.1)]

    def training_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> Tensor:
        """Loss of one batch of undamaged patches in [0, 1]; one size of squares is drawn for it."""
        step = self.trainer.global_step * self.trainer.world_size + self.global_rank
        return self._loss("train", images, self.configuration.seed * 1_000_003 + step)

    def validation_step(self, images: Float[Tensor, "b 3 h w"], batch_index: int) -> None:
        """The same loss on held-out patches, whose masks never change."""
        self._loss("validation", images, VALIDATION_SEED + batch_index)

    def _loss(self, part: str, images: Float[Tensor, "b 3 h w"], seed: int) -> Tensor:
        restored = self._restored(images, seed)
        losses = {
            "mse": F.mse_loss(restored, images),
            "msgms": multi_scale_gradient_magnitude_similarity_loss(restored, images),
            "ssim": structural_similarity_loss(restored, images),
        }
        total = losses["mse"] + losses["msgms"] + losses["ssim"]
        self.log_dict(
            {f"{part}/{name}": value for name, value in {**losses, "total": total}.items()},
            on_step=False,
            on_epoch=True,
            batch_size=len(images),
            sync_dist=True,
        )
        return total

    def _restored(self, images: Float[Tensor, "b 3 h w"], seed: int) -> Float[Tensor, "b 3 h w"]:
        # One seed a step: the masks of a resumed run need no saved state.
        generator = torch.Generator().manual_seed(seed)
        masks = self.masks.partition(images.shape[-2], images.shape[-1], generator)
        return restore_by_parts(self.network, images, masks.to(images.device)).float()

    @torch.no_grad()
    def pictures(self, images: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b 3 h w"]]:
        """Rows for a picture: original and restored patches in [0, 1]."""
        training = self.network.training
        self.network.eval()
        restored = self._restored(images, VALIDATION_SEED)
        self.network.train(training)
        return [images, restored]

    def tensors(self) -> dict[str, Tensor]:
        """What the weights file holds."""
        return self.network.state_dict()

    def weights_record(self, provenance: dict[str, Any]) -> WeightsRecord:
        """Describe the network for its weights file."""
        return WeightsRecord(
            architecture="RIAD",
            configuration={"widths": list(self.configuration.widths)},
            detection={"input_size": self.configuration.data.size},
            provenance=provenance | {"method": "RIAD"},
        )
