"""The configuration of a training run: typed, read from YAML, saved with every run."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from upcracknet.baselines.supervised import SUPERVISED
from upcracknet.errors import ConfigurationError
from upcracknet.losses.restoration import LossWeights
from upcracknet.training.configuration_file import build, override, plain, read_yaml
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration
from upcracknet.training.data_configuration import DataConfiguration
from upcracknet.training.inpainting_configuration import RIADConfiguration, SCADNConfiguration
from upcracknet.training.schedule import Schedule
from upcracknet.training.supervised_configuration import SupervisedConfiguration


@dataclass(frozen=True)
class NetworkConfiguration:
    """Size of the networks (Section III-C).

    Attributes:
        generator_filters: channels of the generator's first level; 64 in the paper.
        generator_depth: levels of the generator; 8 in the paper.
        discriminator_filters: channels of the discriminator's first level; 64 in the paper.
    """

    generator_filters: int = 64
    generator_depth: int = 8
    discriminator_filters: int = 64


@dataclass(frozen=True)
class OptimizerConfiguration:
    """Adam with exponentially decaying learning rates (Section IV-B).

    Attributes:
        generator_learning_rate: initial learning rate of G.
        discriminator_learning_rate: initial learning rate of D.
        decay: factor applied to both after each epoch. The paper says only that the decay is exponential;
            0.99 is the authors' code.
        betas: Adam's decay rates of the moment estimates.
    """

    generator_learning_rate: float = 1e-4
    discriminator_learning_rate: float = 4e-4
    decay: float = 0.99
    betas: tuple[float, float] = (0.5, 0.999)


@dataclass(frozen=True)
class TrainingConfiguration(Schedule):
    """Everything that decides a training run of UP-CrackNet; the defaults are the paper's.

    But for the style features, whose default needs no download. The batch size is that of the authors' code;
    the paper does not state one.

    Attributes:
        method: which method this is a configuration of.
        data: the patches.
        networks: the networks' sizes.
        losses: the weights λ of equations (2) and (7).
        style_features: network behind the style loss: ``vgg19`` (ImageNet weights needed) or ``random``
            (fixed random filters, nothing to download).
        vgg19_weights: file with the ImageNet weights; None takes torch's cache, and downloads them there (548
            MB) when they are missing and ``vgg19`` is chosen.
        corruption: family of masks (Section III-B).
        mask_edges: ``sharp`` masks of 0 and 1 as the paper defines them, or ``blurred`` by scaling and
            cropping as in the authors' code.
        optimizer: learning rates and their decay.
    """

    method: Literal["up-cracknet"] = "up-cracknet"
    data: DataConfiguration = field(default_factory=DataConfiguration)
    networks: NetworkConfiguration = field(default_factory=NetworkConfiguration)
    losses: LossWeights = field(default_factory=LossWeights)
    style_features: Literal["vgg19", "random"] = "random"
    vgg19_weights: str | None = None
    corruption: Literal["squares", "stripes", "jumbled"] = "squares"
    mask_edges: Literal["sharp", "blurred"] = "sharp"
    optimizer: OptimizerConfiguration = field(default_factory=OptimizerConfiguration)

    def impossible_values(self) -> list[str]:
        """What is wrong with the values, one sentence each."""
        networks, optimizer = self.networks, self.optimizer
        multiple = 2 ** max(networks.generator_depth, 0)
        filters = min(networks.generator_filters, networks.discriminator_filters)
        rates = (optimizer.generator_learning_rate, optimizer.discriminator_learning_rate)
        possible = {
            **self.data.requirements(multiple, "2 to the power of `networks.generator_depth`"),
            "`networks.generator_depth` must be ≥ 2": networks.generator_depth >= 2,
            "`networks` filters must be ≥ 1": filters >= 1,
            "`optimizer` learning rates must be finite and above 0": all(
                0 < rate < math.inf for rate in rates
            ),
            "`optimizer.decay` must lie in (0, 1]": 0 < optimizer.decay <= 1,
            "`optimizer.betas` must lie in [0, 1)": all(0 <= beta < 1 for beta in optimizer.betas),
            **self.schedule_requirements(),
        }
        return [message for message, holds in possible.items() if not holds]


Configuration = (
    TrainingConfiguration
    | CrackRemoverConfiguration
    | RIADConfiguration
    | SCADNConfiguration
    | SupervisedConfiguration
)
"""Of any method that can be trained; the key ``method`` tells which."""

CONFIGURATIONS: dict[str, type[Configuration]] = {
    "up-cracknet": TrainingConfiguration,
    "crack-remover": CrackRemoverConfiguration,
    "riad": RIADConfiguration,
    "scadn": SCADNConfiguration,
    **dict.fromkeys(SUPERVISED, SupervisedConfiguration),
}


def load_configuration(path: Path | None, overrides: dict[str, str] | None = None) -> Configuration:
    """Read a YAML configuration and apply overrides; every problem is reported at once.

    Args:
        path: YAML file; None starts from the defaults.
        overrides: dotted keys to YAML values, e.g. ``{"networks.generator_filters": "32"}``.

    Returns:
        The configuration of the method that the key ``method`` names, UP-CrackNet without it.

    Raises:
        ConfigurationError: the file cannot be read, or has unknown keys or values of the wrong kind.
    """
    content = {} if path is None else read_yaml(path)
    problems: list[str] = []
    for dotted, text in (overrides or {}).items():
        override(content, dotted, text, problems)
    method = content.get("method", "up-cracknet")
    if str(method) not in CONFIGURATIONS:
        problems.append(f"`method`: expected one of {', '.join(CONFIGURATIONS)}, found {method!r}")
        del content["method"]
    kind = CONFIGURATIONS.get(str(method), TrainingConfiguration)
    configuration: Configuration = build(kind, content, "", problems)
    if not problems:
        problems = configuration.impossible_values()
    if problems:
        origin = path if path is not None else "configuration"
        raise ConfigurationError(f"{origin}: " + "; ".join(problems))
    return configuration


def as_dictionary(configuration: Configuration) -> dict[str, Any]:
    """A configuration as nested plain values, for YAML and JSON."""
    dictionary: dict[str, Any] = plain(asdict(configuration))
    return dictionary


def dump_configuration(configuration: Configuration) -> str:
    """Write a configuration as YAML that :func:`load_configuration` reads back."""
    return yaml.safe_dump(as_dictionary(configuration), sort_keys=False)
