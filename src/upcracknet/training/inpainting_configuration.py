"""The configurations of RIAD's and SCADN's training; the defaults are the published ones."""

import math
from dataclasses import dataclass, field
from typing import Literal

from upcracknet.training.data_configuration import DataConfiguration
from upcracknet.training.schedule import Schedule


@dataclass(frozen=True)
class RIADConfiguration(Schedule):
    """Everything that decides a training run of RIAD (Zavrtanik et al., 2021).

    Attributes:
        method: which method this is a configuration of.
        data: undamaged patches.
        widths: channels of each of the network's levels.
        learning_rate: of Adam.
        drop: share of the epochs after which the learning rate falls to a tenth; 250 of 300 published.
        weight_decay: of Adam.
    """

    method: Literal["riad"] = "riad"
    data: DataConfiguration = field(default_factory=DataConfiguration)
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)
    learning_rate: float = 1e-4
    drop: float = 250 / 300
    weight_decay: float = 1e-5
    batch_size: int = 4
    epochs: int = 300

    def impossible_values(self) -> list[str]:
        """What is wrong with the values, one sentence each."""
        possible = {
            **self.data.requirements(2 ** max(len(self.widths) - 1, 0), "2 to the power of the halvings"),
            "`widths` must hold at least two levels of at least one channel": len(self.widths) >= 2
            and min(self.widths) >= 1,
            "`learning_rate` must be finite and above 0": 0 < self.learning_rate < math.inf,
            "`drop` must lie in (0, 1]": 0 < self.drop <= 1,
            "`weight_decay` must be ≥ 0": self.weight_decay >= 0,
            **self.schedule_requirements(),
        }
        return [message for message, holds in possible.items() if not holds]


@dataclass(frozen=True)
class SCADNConfiguration(Schedule):
    """Everything that decides a training run of SCADN (Yan et al., 2021).

    Attributes:
        method: which method this is a configuration of.
        data: undamaged patches; 512 pixels published, 256 in the comparison of the paper.
        filters: channels of both networks' first level.
        generator_learning_rate: of Adam.
        discriminator_learning_rate: of Adam.
        betas: Adam's decay rates of the moment estimates.
        adversarial: weight of the adversarial loss beside the restoration loss.
    """

    method: Literal["scadn"] = "scadn"
    data: DataConfiguration = field(default_factory=DataConfiguration)
    filters: int = 64
    generator_learning_rate: float = 1e-4
    discriminator_learning_rate: float = 1e-5
    betas: tuple[float, float] = (0.0, 0.9)
    adversarial: float = 0.001
    batch_size: int = 4

    def impossible_values(self) -> list[str]:
        """What is wrong with the values, one sentence each."""
        rates = (self.generator_learning_rate, self.discriminator_learning_rate)
        possible = {
            **self.data.requirements(8, "what three halvings need"),
            "`filters` must be ≥ 1": self.filters >= 1,
            "learning rates must be finite and above 0": all(0 < rate < math.inf for rate in rates),
            "`betas` must lie in [0, 1)": all(0 <= beta < 1 for beta in self.betas),
            "`adversarial` must be ≥ 0": self.adversarial >= 0,
            **self.schedule_requirements(),
        }
        return [message for message, holds in possible.items() if not holds]
