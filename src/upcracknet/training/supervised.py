"""Training of the supervised networks by the paper's recipe (Section IV-B)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from upcracknet.baselines.supervised.backbone_weights import load_backbone
from upcracknet.baselines.supervised.network import SupervisedNetwork
from upcracknet.baselines.supervised.scorer import normalise
from upcracknet.data.annotated import AnnotatedPatch
from upcracknet.detection.systems import SYSTEMS, imported
from upcracknet.errors import ConfigurationError
from upcracknet.files import one_line
from upcracknet.losses import focal_loss
from upcracknet.training.configuration import Configuration, PhotosConfiguration
from upcracknet.training.configuration_file import Count, DecayRate, Factor, NotNegative, Positive
from upcracknet.training.method import Method


@dataclass(frozen=True)
class AnnotatedConfiguration(PhotosConfiguration):
    """Which annotated photos are learned from; without a number of patches one a photo.

    Attributes:
        scales: least and greatest factor by which photos are scaled before they are cropped to ``size``.
    """

    photos: str = "deepcrack"
    scales: tuple[float, float] = (0.5, 2.0)


@dataclass(frozen=True)
class SupervisedOptimizerConfiguration:
    """How a supervised network descends; the defaults are the paper's.

    Attributes:
        kind: stochastic gradient descent, or Adam.
        learning_rate: at the start.
        momentum: of gradient descent.
        weight_decay: of either.
        schedule: the learning rate falls polynomially with the steps, or by a step after some epochs.
        polynomial_power: it falls as (1 − share of the steps done) to this power; 0 keeps it.
        step_epochs: epochs between two steps.
        step_factor: what a step multiplies it by.
    """

    kind: Literal["sgd", "adam"] = "sgd"
    learning_rate: Positive = 0.01
    momentum: DecayRate = 0.9
    weight_decay: NotNegative = 1e-4
    schedule: Literal["polynomial", "step"] = "polynomial"
    polynomial_power: NotNegative = 0.9
    step_epochs: Count = 40
    step_factor: Factor = 0.1


@dataclass(frozen=True)
class SupervisedConfiguration(Configuration):
    """Everything that decides a training run of a supervised network; the defaults are the paper's.

    Attributes:
        method: name of the network.
        options: keyword arguments of the network, such as ``backbone``.
        data: annotated photos.
        loss: of each output: ``cross-entropy``, or ``focal`` (Lin et al., ICCV 2017), which counts pixels
            that are still wrong more.
        backbone_weights: file with ImageNet weights of the backbone; None starts from random ones.
        optimizer: how it descends.
    """

    method: str = "unet"
    options: dict[str, Any] = field(default_factory=dict)
    data: AnnotatedConfiguration = field(default_factory=AnnotatedConfiguration)
    loss: Literal["cross-entropy", "focal"] = "cross-entropy"
    backbone_weights: str | None = None
    optimizer: SupervisedOptimizerConfiguration = field(default_factory=SupervisedOptimizerConfiguration)

    @property
    def network(self) -> type[SupervisedNetwork]:
        """Class of the network."""
        network: type[SupervisedNetwork] = imported(SYSTEMS[self.method].network)
        return network

    @property
    def size_multiple(self) -> int:
        """Pixels that the sides of the network's images are multiples of."""
        return self.network.size_multiple

    def problems(self) -> Iterator[str]:
        """Find settings that do not go together, one sentence each."""
        yield from super().problems()
        if not 0 < self.data.scales[0] <= self.data.scales[1]:
            yield "`data.scales` must be two factors, 0 < low ≤ high"
        if self.batch_size < self.network.smallest_batch:
            yield f"`batch_size` must be ≥ {self.network.smallest_batch} for {self.method}"
        usual, given = SupervisedOptimizerConfiguration(), self.optimizer
        for key, choice, value in (
            ("momentum", "kind", "sgd"),
            ("polynomial_power", "schedule", "polynomial"),
            ("step_epochs", "schedule", "step"),
            ("step_factor", "schedule", "step"),
        ):
            if getattr(given, choice) != value and getattr(given, key) != getattr(usual, key):
                yield f"`optimizer.{key}` is for `optimizer.{choice}` {value} alone: leave it out"


class SupervisedSegmentation(Method):
    """A network learns to mark cracks as people have marked them.

    Args:
        configuration: network, loss, optimiser and seed.

    Raises:
        ConfigurationError: the network does not take these options, or has no backbone to load weights into.
    """

    configuration: SupervisedConfiguration

    def __init__(self, configuration: SupervisedConfiguration) -> None:
        super().__init__(configuration)
        try:
            self.network = configuration.network(**configuration.options)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"`options` of {configuration.method}: {one_line(error)}") from error
        if configuration.backbone_weights is not None:
            backbone = dict(self.network.named_children()).get("backbone")
            if backbone is None:
                raise ConfigurationError(
                    f"`backbone_weights`: {configuration.method} has no backbone; leave them out"
                )
            load_backbone(backbone, Path(configuration.backbone_weights))

    def configure_optimizers(self) -> Any:
        """Take gradient descent or Adam; the learning rate falls with the steps or after some epochs."""
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
        if settings.schedule == "step":
            return [optimizer], [
                torch.optim.lr_scheduler.StepLR(optimizer, settings.step_epochs, settings.step_factor)
            ]
        schedule = torch.optim.lr_scheduler.PolynomialLR(
            optimizer, max(1, int(self.trainer.estimated_stepping_batches)), settings.polynomial_power
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def training_step(self, batch: AnnotatedPatch, batch_index: int) -> Tensor:
        """Compute the loss of a batch: the answer's, and the weighted ones of the side outputs."""
        answer = self.network(_network_input(batch.photo))
        weights = (1.0, *self.network.side_weights)
        losses = [self._loss(logits, batch.crack) for logits in (answer.logits, *answer.side)]
        total = sum(
            (weight * loss for weight, loss in zip(weights, losses, strict=True)), torch.zeros_like(losses[0])
        )
        self.log_losses("train", {"answer": losses[0], "total": total}, len(batch.photo))
        return total

    def validation_step(self, batch: AnnotatedPatch, batch_index: int) -> None:
        """Measure the answer's loss on held-out photos."""
        loss = self._loss(self.network(_network_input(batch.photo)).logits, batch.crack)
        self.log_losses("validation", {"total": loss}, len(batch.photo))

    def _loss(self, logits: Float[Tensor, "b h w"], crack: Float[Tensor, "b h w"]) -> Float[Tensor, ""]:
        if self.configuration.loss == "focal":
            return focal_loss(logits.float(), crack)
        return F.binary_cross_entropy_with_logits(logits.float(), crack)

    def pictures(self, batch: AnnotatedPatch) -> list[Float[Tensor, "b 3 h w"]]:
        """Give photos, what people marked, and how crack-like each pixel is; all in [0, 1]."""
        marked = self.network(_network_input(batch.photo)).logits.float().sigmoid()
        return [batch.photo, *(mask[:, None].expand(-1, 3, -1, -1) for mask in (batch.crack, marked))]

    def trained_network(self) -> SupervisedNetwork:
        """Give the network."""
        return self.network

    def network_arguments(self) -> dict[str, Any]:
        """Give the network's options."""
        return dict(self.configuration.options)


def _network_input(photos: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    return normalise(photos).contiguous(memory_format=torch.channels_last)
