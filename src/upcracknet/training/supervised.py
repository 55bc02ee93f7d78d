"""Training of the supervised networks by the paper's recipe (Section IV-B)."""

from pathlib import Path
from typing import Any

import pytorch_lightning as lightning
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from upcracknet.baselines.supervised import SUPERVISED
from upcracknet.baselines.supervised.blocks.backbone_weights import load_backbone
from upcracknet.baselines.supervised.scorer import normalise
from upcracknet.data.annotated import AnnotatedPatch, AnnotatedPatches
from upcracknet.data.patches import split_samples
from upcracknet.data.registry import open_dataset
from upcracknet.errors import ConfigurationError
from upcracknet.losses.focal import focal_loss
from upcracknet.training.patch_data import PatchData
from upcracknet.training.supervised_configuration import SupervisedConfiguration
from upcracknet.weights import WeightsRecord


class SupervisedSegmentation(lightning.LightningModule):
    """A network learns to mark cracks as people have marked them.

    Args:
        configuration: network, loss, optimiser and seed.

    Raises:
        ConfigurationError: the network does not take these options, or has no backbone to load weights into.
    """

    weights_name = "network.safetensors"

    def __init__(self, configuration: SupervisedConfiguration) -> None:
        super().__init__()
        self.configuration = configuration
        try:
            self.network = SUPERVISED[configuration.method](**configuration.options)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"`options` of {configuration.method}: {error}") from error
        if configuration.backbone_weights is not None:
            backbone = getattr(self.network, "backbone", None)
            if backbone is None:
                raise ConfigurationError(
                    f"`backbone_weights`: {configuration.method} has no backbone; leave them out"
                )
            load_backbone(backbone, Path(configuration.backbone_weights))

    def configure_optimizers(self) -> Any:
        """Gradient descent or Adam; the learning rate falls polynomially with the steps."""
        settings = self.configuration.optimizer
        parameters = self.network.parameters()
        optimizer: torch.optim.Optimizer
        if settings.kind == "sgd":
            optimizer = torch.optim.SGD(
                parameters,
                settings.learning_rate,
                settings.momentum,
                weight_decay=settings.weight_decay,
                fused=True,
            )
        else:
            optimizer = torch.optim.Adam(
                parameters, settings.learning_rate, weight_decay=settings.weight_decay, fused=True
            )
        schedule = torch.optim.lr_scheduler.PolynomialLR(
            optimizer, max(1, int(self.trainer.estimated_stepping_batches)), settings.polynomial_power
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: AnnotatedPatch, batch_index: int) -> Tensor:
        """Loss of one batch: the answer's, and the weighted ones of the side outputs."""
        answer = self.network(_network_input(batch.photo))
        weights = (1.0, *self.network.side_weights)
        losses = [self._loss(logits, batch.crack) for logits in (answer.logits, *answer.side)]
        total = sum(
            (weight * loss for weight, loss in zip(weights, losses, strict=True)), torch.zeros_like(losses[0])
        )
        self._log("train", batch, {"answer": losses[0], "total": total})
        return total

    def validation_step(self, batch: AnnotatedPatch, batch_index: int) -> None:
        """The answer's loss on held-out photos."""
        loss = self._loss(self.network(_network_input(batch.photo)).logits, batch.crack)
        self._log("validation", batch, {"total": loss})

    def _loss(self, logits: Float[Tensor, "b h w"], crack: Float[Tensor, "b h w"]) -> Float[Tensor, ""]:
        if self.configuration.loss == "focal":
            return focal_loss(logits.float(), crack)
        return F.binary_cross_entropy_with_logits(logits.float(), crack)

    def _log(self, part: str, batch: AnnotatedPatch, values: dict[str, Tensor]) -> None:
        self.log_dict(
            {f"{part}/{name}": value for name, value in values.items()},
            on_step=False,
            on_epoch=True,
            batch_size=len(batch.photo),
            sync_dist=True,
        )

    @torch.no_grad()
    def pictures(self, batch: AnnotatedPatch) -> list[Float[Tensor, "b 3 h w"]]:
        """Rows for a picture: photos, what people marked, and how crack-like each pixel is; all in [0, 1]."""
        training = self.network.training
        marked = self.network.eval()(_network_input(batch.photo)).logits.float().sigmoid()
        self.network.train(training)
        return [batch.photo, *(mask[:, None].expand(-1, 3, -1, -1) for mask in (batch.crack, marked))]

    def tensors(self) -> dict[str, Tensor]:
        """What the weights file holds."""
        tensors: dict[str, Tensor] = self.network.state_dict()
        return tensors

    def weights_record(self, provenance: dict[str, Any]) -> WeightsRecord:
        """Describe the network for its weights file."""
        return WeightsRecord(
            architecture=self.configuration.method,
            configuration=dict(self.configuration.options),
            detection={},
            provenance=provenance | {"method": self.configuration.method},
        )


def annotated_patch_data(configuration: SupervisedConfiguration, data_root: Path | None = None) -> PatchData:
    """Annotated photos for training and validation.

    Args:
        configuration: photos, sizes, batch size, workers and seed.
        data_root: folder of the named datasets; None reads the environment variable UPCRACKNET_DATA.

    Raises:
        DataError: photos or masks are missing.
    """
    data = configuration.data
    chosen, kept_apart = split_samples(
        open_dataset(data.photos, data_root, data.split), data.validation_share, configuration.seed
    )
    training = AnnotatedPatches(
        chosen,
        size=data.size,
        scales=data.scales,
        patches_per_epoch=data.patches_per_epoch,
        seed=configuration.seed,
    )
    return PatchData(configuration, training, AnnotatedPatches(kept_apart, size=data.size, augment=False))


def _network_input(photos: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    return normalise(photos).contiguous(memory_format=torch.channels_last)
