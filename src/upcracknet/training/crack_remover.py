"""Training of the default model: cracks painted on undamaged road are learned to be removed and marked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from upcracknet.data.painted import PaintedPatch
from upcracknet.losses import segmentation_loss
from upcracknet.networks.crack_remover import CrackRemover
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration
from upcracknet.weights import WeightsRecord, load_state, load_weights


def moving_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    """An exponential moving average that forgets its beginning: over n steps it reaches back n/9 at most.

    Args:
        decay: share of the average that stays at each step, once there have been enough of them.
    """

    def follow(average: Sequence[Tensor], current: Sequence[Tensor], steps: Tensor | int) -> None:
        share = max(1 - decay, 9 / (10 + int(steps)))
        for mine, new in zip(average, current, strict=True):
            if mine.is_floating_point():
                mine.lerp_(new, share)
            else:  # how many batches were normalised
                mine.copy_(new)

    return follow


class CrackRemoverTraining(lightning.LightningModule):
    """One network learns to take painted cracks out of a road and to say where they were.

    Args:
        configuration: sizes, losses, learning rate and seed.
    """

    weights_name = "crack-remover.safetensors"

    def __init__(self, configuration: CrackRemoverConfiguration) -> None:
        super().__init__()
        self.configuration = configuration
        self.network = CrackRemover(configuration.widths, configuration.refinement_channels)
        if configuration.initial_weights is not None:
            path = Path(configuration.initial_weights)
            load_state(self.network, load_weights(path)[0], path)
        # An average over the last steps is a better network than the last step; it is what is kept.
        follow = moving_average(configuration.average_decay)
        self.average = AveragedModel(self.network, multi_avg_fn=follow, use_buffers=True)
        self.average.requires_grad_(False)

    def configure_optimizers(self) -> Any:
        """AdamW; the learning rate rises over a tenth of all steps and falls to zero, as a cosine does."""
        settings = self.configuration
        optimizer = torch.optim.AdamW(
            self.network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            settings.learning_rate,
            total_steps=max(2, int(self.trainer.estimated_stepping_batches)),
            pct_start=0.1,
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: PaintedPatch, batch_index: int) -> Tensor:
        """Loss of one batch."""
        return self._losses(self.network, batch, "train")

    def on_train_batch_end(self, *_: Any) -> None:
        """Let the average follow."""
        self.average.update_parameters(self.network)

    def validation_step(self, batch: PaintedPatch, batch_index: int) -> None:
        """Measure the same loss on held-out road, whose cracks never change."""
        self._losses(self.average, batch, "validation")

    def _losses(self, network: nn.Module, batch: PaintedPatch, part: str) -> Tensor:
        removal = network(batch.photo.contiguous(memory_format=torch.channels_last))
        segmentation = segmentation_loss(removal.logits.float(), batch.crack, batch.known)
        restoration = self._restoration(removal.restored, batch)
        total = segmentation + self.configuration.restoration_weight * restoration
        record = {"segmentation": segmentation, "restoration": restoration, "total": total}
        self.log_dict(
            {f"{part}/{name}": value for name, value in record.items()},
            on_step=False,
            on_epoch=True,
            batch_size=len(batch.photo),
            sync_dist=True,
        )
        return total

    def _restoration(self, restored: Float[Tensor, "b 3 h w"], batch: PaintedPatch) -> Float[Tensor, ""]:
        """Mean absolute error where the road beneath the cracks is known."""
        known = batch.has_road[:, None, None, None].expand_as(restored)
        error = (restored.float() - batch.road).abs() * known
        return error.sum() / known.sum().clamp_min(1)

    @torch.no_grad()
    def pictures(self, batch: PaintedPatch) -> list[Float[Tensor, "b 3 h w"]]:
        """Rows for a picture: with cracks, restored, and how crack-like each pixel is; all in [0, 1]."""
        removal = self.average.eval()(batch.photo)
        marked = removal.logits.sigmoid()[:, None].expand(-1, 3, -1, -1)
        return [batch.photo, removal.restored.float(), marked.float()]

    def tensors(self) -> dict[str, Tensor]:
        """What the weights file holds."""
        return self.average.module.state_dict()

    def weights_record(self, provenance: dict[str, Any]) -> WeightsRecord:
        """Describe the network for its weights file."""
        return WeightsRecord(
            architecture="CrackRemover",
            configuration={
                "widths": list(self.configuration.widths),
                "refinement_channels": self.configuration.refinement_channels,
            },
            detection={},
            provenance=provenance | {"method": "crack remover"},
        )
