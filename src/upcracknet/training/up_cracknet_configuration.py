"""The configuration of UP-CrackNet's training (Sections III-B, III-C, III-E and IV-B)."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from upcracknet.losses.restoration import LossWeights
from upcracknet.training.configuration import Configuration, DataConfiguration
from upcracknet.training.configuration_file import Bounds, Count, DecayRate, Factor, Positive


@dataclass(frozen=True)
class NetworkConfiguration:
    """Size of the networks (Section III-C).

    Attributes:
        generator_filters: channels of the generator's first level; 64 in the paper.
        generator_depth: levels of the generator; 8 in the paper.
        discriminator_filters: channels of the discriminator's first level; 64 in the paper.
    """

    generator_filters: Count = 64
    generator_depth: Annotated[int, Bounds("≥ 2", lambda levels: levels >= 2)] = 8
    discriminator_filters: Count = 64


@dataclass(frozen=True)
class OptimizerConfiguration:
    """Adam with exponentially decaying learning rates (Section IV-B).

    Attributes:
        generator_learning_rate: initial learning rate of G.
        discriminator_learning_rate: initial learning rate of D.
        decay: factor applied to both after each epoch. The paper says only that the decay is exponential;
            0.99 is the authors' code.
        betas: decay rates of Adam's moment estimates.
    """

    generator_learning_rate: Positive = 1e-4
    discriminator_learning_rate: Positive = 4e-4
    decay: Factor = 0.99
    betas: tuple[DecayRate, DecayRate] = (0.5, 0.999)


@dataclass(frozen=True)
class TrainingConfiguration(Configuration):
    """Everything that decides a training run of UP-CrackNet; the defaults are the paper's.

    But for the style features, whose default needs no download. The batch size is that of the authors' code;
    the paper does not state one.

    Attributes:
        method: name of the system.
        data: undamaged patches.
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

    # The learning rates do not depend on the number of epochs, so a run may be resumed for more of them.
    free_when_resumed = Configuration.free_when_resumed | {"epochs"}

    method: Literal["up-cracknet"] = "up-cracknet"
    data: DataConfiguration = field(default_factory=DataConfiguration)
    networks: NetworkConfiguration = field(default_factory=NetworkConfiguration)
    losses: LossWeights = field(default_factory=LossWeights)
    style_features: Literal["vgg19", "random"] = "random"
    vgg19_weights: str | None = None
    corruption: Literal["squares", "stripes", "jumbled"] = "squares"
    mask_edges: Literal["sharp", "blurred"] = "sharp"
    optimizer: OptimizerConfiguration = field(default_factory=OptimizerConfiguration)

    @property
    def size_multiple(self) -> int:
        """Pixels that the generator's levels halve to one."""
        multiple: int = 2**self.networks.generator_depth
        return multiple
