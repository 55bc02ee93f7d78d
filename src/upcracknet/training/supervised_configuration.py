"""The configuration of a supervised network's training (Section IV-B)."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from upcracknet.baselines.supervised import SUPERVISED
from upcracknet.training.schedule import Schedule


@dataclass(frozen=True)
class AnnotatedConfiguration:
    """Which annotated photos are learned from.

    Attributes:
        photos: a dataset's name or a folder of photos with masks.
        split: part of the dataset that is used.
        size: side of a patch in pixels; the network's input size.
        scales: least and greatest factor by which photos are scaled before they are cropped to that size.
        patches_per_epoch: patches drawn each epoch; None draws as many as there are photos.
        validation_share: share of the photos kept for validation.
    """

    photos: str = "deepcrack"
    split: str = "train"
    size: int = 256
    scales: tuple[float, float] = (0.5, 2.0)
    patches_per_epoch: int | None = None
    validation_share: float = 0.1


@dataclass(frozen=True)
class SupervisedOptimizerConfiguration:
    """How a supervised network descends; the defaults are the paper's.

    Attributes:
        kind: stochastic gradient descent, or Adam.
        learning_rate: at the start.
        momentum: of gradient descent.
        weight_decay: of either.
        polynomial_power: the learning rate falls as (1 − share of the steps done) to this power; 0 keeps it.
    """

    kind: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.9
    weight_decay: float = 1e-4
    polynomial_power: float = 0.9


@dataclass(frozen=True)
class SupervisedConfiguration(Schedule):
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

    def impossible_values(self) -> list[str]:
        """What is wrong with the values, one sentence each."""
        data, optimizer = self.data, self.optimizer
        network = SUPERVISED[self.method]
        multiple = network.size_multiple
        possible = {
            f"`data.size` {data.size} must be a multiple of {multiple}, as {self.method} wants it": data.size
            > 0
            and data.size % multiple == 0,
            "`data.scales` must be two factors, 0 < low ≤ high": 0 < data.scales[0] <= data.scales[1],
            "`data.patches_per_epoch` must be ≥ 1": data.patches_per_epoch is None
            or data.patches_per_epoch >= 1,
            "`data.validation_share` must lie between 0 and 1": 0 < data.validation_share < 1,
            "`optimizer.learning_rate` must be finite and above 0": 0 < optimizer.learning_rate < math.inf,
            "`optimizer.momentum` must lie in [0, 1)": 0 <= optimizer.momentum < 1,
            "`optimizer.weight_decay` and `optimizer.polynomial_power` must be ≥ 0": min(
                optimizer.weight_decay, optimizer.polynomial_power
            )
            >= 0,
            **self.schedule_requirements(network.smallest_batch),
        }
        return [message for message, holds in possible.items() if not holds]
