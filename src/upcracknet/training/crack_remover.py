"""Training of the default model: cracks painted on undamaged road are learned to be removed and marked."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from upcracknet.data.painted import PaintedPatch
from upcracknet.detection.pretrained import weights_path
from upcracknet.losses import segmentation_loss
from upcracknet.networks.crack_remover import CrackRemover
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration
from upcracknet.training.method import Method
from upcracknet.weights import WeightsRecord, load_state, load_weights

LOWEST_LEVEL = 0.8
"""Lowest level of a network that learned from corrections. In a few minutes it learns to find cracks that it
missed, and begins to mark all cracks too wide, those of the usual road as well."""

HIGHEST_HYSTERESIS = 0.9
"""Highest hysteresis of a network that learned from corrections. The default's 0.99 is for a network that was
trained for hours; one that learned a new kind of road in minutes is seldom so sure, and whole cracks would be
dropped."""


def moving_average(decay: float) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    """Make a moving average that forgets its beginning: over n steps it reaches back n/9 at most.

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


def restoration_error(restored: Float[Tensor, "b 3 h w"], batch: PaintedPatch) -> Float[Tensor, ""]:
    """Compute the mean absolute error where the road beneath the cracks is known; 0 where it is nowhere."""
    known = batch.has_road[:, None, None, None].expand_as(restored)
    error = (restored.float() - batch.road).abs() * known
    return error.sum() / known.sum().clamp_min(1)


class CrackRemoverTraining(Method):
    """One network learns to take painted cracks out of a road and to say where they were."""

    configuration: CrackRemoverConfiguration

    def __init__(self, configuration: CrackRemoverConfiguration) -> None:
        super().__init__(configuration)
        self.network = CrackRemover(
            configuration.widths, configuration.refinement_channels, configuration.pyramid
        )
        self.start: WeightsRecord | None = None
        if configuration.initial_weights is not None:
            path = weights_path(configuration.initial_weights)
            tensors, self.start = load_weights(path)
            if (
                configuration.pyramid > 1
            ):  # what looks at the photo alone has no such layer; it begins as zeros
                tensors = {
                    name: tensor
                    for name, tensor in self.network.state_dict().items()
                    if name.startswith("coarser.")
                } | tensors
            load_state(self.network, tensors, path)
        # An average over the last steps is a better network than the last step; it is what is kept.
        follow = moving_average(configuration.average_decay)
        self.average = AveragedModel(self.network, multi_avg_fn=follow, use_buffers=True)
        self.average.requires_grad_(False)
        self.blend = 1.0
        if self.start is not None and configuration.corrections.results:
            self.blend = configuration.corrections.blend
        self.before = deepcopy(self.network.state_dict())

    def facts(self) -> dict[str, Any]:
        """Tell where the weights come from, with what is known of those that training started from."""
        if self.start is None:
            return super().facts()
        known = ("images_seen", "seed", "code", "data", "corrections", "initial_weights")
        before = {key: self.start.provenance[key] for key in known if key in self.start.provenance}
        return super().facts() | {"initial_weights": {"sha256": self.start.sha256} | before}

    def configure_optimizers(self) -> Any:
        """Take AdamW; the learning rate rises over a tenth of all steps and falls to zero as a cosine."""
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
        """Compute the loss of a batch: of the mask, and of the restored road where it is known."""
        return self._losses(self.network, batch, "train")

    def on_train_batch_end(self, *_: Any) -> None:
        """Move the average towards the weights of this step."""
        self.average.update_parameters(self.network)

    def validation_step(self, batch: PaintedPatch, batch_index: int) -> None:
        """Measure the same loss on held-out road, whose cracks never change."""
        self._losses(self.trained_network(), batch, "validation")

    def _losses(self, network: CrackRemover, batch: PaintedPatch, part: str) -> Tensor:
        levels = network.levels(batch.photo.contiguous(memory_format=torch.channels_last))
        crack, known, segmentation = batch.crack[:, None], batch.known[:, None], []
        for removal in levels:
            segmentation.append(segmentation_loss(removal.logits.float(), crack[:, 0], known[:, 0]))
            # Of a coarser level each pixel is as much crack as the four that it covers, and known if all are.
            crack, known = F.avg_pool2d(crack, 2), -F.max_pool2d(-known, 2)
        restoration = restoration_error(levels[0].restored, batch)
        coarser = self.configuration.coarser_weight * sum(segmentation[1:], torch.zeros(()))
        total = segmentation[0] + coarser + self.configuration.restoration_weight * restoration
        losses = {"segmentation": segmentation[0], "restoration": restoration, "total": total}
        self.log_losses(part, losses, len(batch.photo))
        return total

    def detection_settings(self) -> dict[str, Any]:
        """Give the settings of the weights that training started from, good until it is calibrated.

        With corrections the level is :data:`LOWEST_LEVEL` at least, the hysteresis :data:`HIGHEST_HYSTERESIS`
        at most.
        """
        settings = {} if self.start is None else dict(self.start.detection)
        if self.configuration.corrections.results:
            for name, bound, choose in (
                ("level", LOWEST_LEVEL, max),
                ("hysteresis", HIGHEST_HYSTERESIS, min),
            ):
                if settings.get(name) is not None:  # None: Otsu's level of each photo
                    settings[name] = choose(settings[name], bound)
        return settings

    def pictures(self, batch: PaintedPatch) -> list[Float[Tensor, "b 3 h w"]]:
        """Give patches with cracks, restored, and how crack-like each pixel is; all in [0, 1]."""
        removal = self.trained_network()(batch.photo)
        marked = removal.logits.sigmoid()[:, None].expand(-1, 3, -1, -1)
        return [batch.photo, removal.restored.float(), marked.float()]

    def trained_network(self) -> CrackRemover:
        """Give the average of the last steps' weights; with corrections, blended with those of the start."""
        average = self.average.module
        assert isinstance(average, CrackRemover)
        if self.blend == 1:
            return average
        blended = deepcopy(average)
        for name, tensor in blended.state_dict().items():
            if tensor.is_floating_point():
                before = self.before[name].to(tensor.device)
                tensor.copy_(before + self.blend * (tensor - before))
        return blended

    def network_arguments(self) -> dict[str, Any]:
        """Give the network's size."""
        settings = self.configuration
        return {
            "widths": list(settings.widths),
            "refinement_channels": settings.refinement_channels,
            "pyramid": settings.pyramid,
        }
