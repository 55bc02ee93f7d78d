"""The configuration of a training run: typed, read from YAML, saved with every run.

Each system has a dataclass of its own, which its row in ``detection.systems`` names. UP-CrackNet's stands
here, since it is the one that is trained by default.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml

from upcracknet.detection.systems import SYSTEMS, TRAINABLE, imported
from upcracknet.errors import ConfigurationError
from upcracknet.losses.restoration import LossWeights
from upcracknet.parsing import shown
from upcracknet.training.configuration_file import (
    Bounds,
    Count,
    DecayRate,
    Factor,
    PartialShare,
    Positive,
    WholeNumber,
    build,
    override,
    plain,
    read_yaml,
)

DEFAULT_METHOD = "up-cracknet"

VALIDATION_SEED = 20240428
"""What is drawn for validation is the same in each epoch and run."""

Size = Annotated[int, Bounds("≥ 32", lambda pixels: pixels >= 32)]
"""Side of a patch; the discriminators and the coarsest scale of the losses need that many pixels."""

WindowSize = Annotated[int, Bounds("≥ 8", lambda pixels: pixels >= 8)]
Seed = Annotated[int, Bounds("from 0 to 4294967295", lambda seed: 0 <= seed < 2**32)]


@dataclass(frozen=True)
class PhotosConfiguration:
    """Which photos are learned from, whatever the method.

    Attributes:
        photos: a dataset's name (``deepcrack``, ``crack500``, ``cfd``) or a folder.
        split: part of the dataset that is used.
        size: side of a patch in pixels; the networks' input size.
        patches_per_epoch: patches drawn each epoch; None takes a number that suits the photos.
        validation_share: share of the photos kept for validation.
    """

    photos: str | tuple[str, ...] = "deepcrack"
    split: str = "train"
    size: Size = 256
    patches_per_epoch: Count | None = None
    validation_share: PartialShare = 0.1


@dataclass(frozen=True)
class WindowsConfiguration(PhotosConfiguration):
    """Which undamaged windows of photos are learned from (Section IV-A).

    Photos with masks are mined for undamaged windows; photos without masks are taken to be undamaged.

    Attributes:
        window_sizes: sides of the square windows cut from the photos, in pixels: the range of scales. They
            are resized to ``size``.
        margin: distance in pixels that a window keeps from cracks.
    """

    window_sizes: tuple[WindowSize, ...] = (96, 128, 160, 192, 224, 256, 288, 320, 352)
    margin: WholeNumber = 4


@dataclass(frozen=True)
class DataConfiguration(WindowsConfiguration):
    """Which undamaged patches are learned from; without a number one for each photo, but at least 300."""

    photos: str = "deepcrack"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What decides a training run, whatever the method.

    Attributes:
        batch_size: images a step.
        epochs: most epochs.
        patience: epochs without a better validation loss before training stops.
        precision: ``auto`` is bf16 autocast where the processor has it, else 32-bit.
        sample_every: epochs between pictures of the validation.
        workers: processes that prepare images; 0 prepares them between the steps.
        seed: seed of everything random.
        method: name of the system.
        data: the photos.
    """

    free_when_resumed: ClassVar[frozenset[str]] = frozenset({"patience", "sample_every", "workers"})
    """Keys that may differ when a run is resumed: they change nothing of what it has done so far."""

    batch_size: Count = 8
    epochs: Count = 200
    patience: Count = 20
    precision: Literal["auto", "bf16", "32"] = "auto"
    sample_every: Count = 10
    workers: WholeNumber = 1
    seed: Seed = 0
    method: str
    data: PhotosConfiguration

    @property
    def size_multiple(self) -> int:
        """Pixels that the sides of patches must be a multiple of, as the network wants them."""
        return 1

    @property
    def needs_photos(self) -> bool:
        """Whether ``data.photos`` must name some."""
        return True

    def problems(self) -> Iterator[str]:
        """Find settings that do not go together, one sentence each."""
        size, multiple = self.data.size, self.size_multiple
        if size % multiple:
            yield f"`data.size` {size} must be a multiple of {multiple}, as this network wants it"
        if not self.data.photos and self.needs_photos:
            yield "`data.photos` must name at least one dataset or folder, as --photos does"
        if isinstance(self.data, WindowsConfiguration) and not self.data.window_sizes:
            yield "`data.window_sizes` must hold at least one size"


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
        return 1 << min(self.networks.generator_depth, 62)  # which no photo is, and a number can say


def load_configuration(path: Path | None, overrides: dict[str, str] | None = None) -> Configuration:
    """Read a YAML configuration and apply overrides; every problem is reported at once.

    Args:
        path: YAML file; None starts from the defaults.
        overrides: dotted keys to YAML values, e.g. ``{"networks.generator_filters": "32"}``.

    Returns:
        the configuration of the system that the key ``method`` names, UP-CrackNet without it.

    Raises:
        ConfigurationError: the file cannot be read, or has unknown keys or values of the wrong kind.
    """
    content = {} if path is None else read_yaml(path)
    problems: list[str] = []
    for dotted, text in (overrides or {}).items():
        override(content, dotted, text, problems)
    method = content.get("method", DEFAULT_METHOD)
    if method not in TRAINABLE:
        problems.append(f"`method`: expected one of {', '.join(TRAINABLE)}, found {shown(method)}")
        del content["method"]
        method = DEFAULT_METHOD
    configuration: Configuration = build(imported(SYSTEMS[method].configuration), content, "", problems)
    if not problems:
        problems = list(configuration.problems())
    if problems:
        origin = path if path is not None else "configuration"
        raise ConfigurationError(f"{origin}: " + "; ".join(problems))
    return configuration


def as_dictionary(configuration: Configuration) -> dict[str, Any]:
    """Turn a configuration into nested plain values, for YAML and JSON."""
    dictionary: dict[str, Any] = plain(asdict(configuration))
    return dictionary


def dump_configuration(configuration: Configuration) -> str:
    """Write a configuration as YAML that :func:`load_configuration` reads."""
    return yaml.safe_dump(as_dictionary(configuration), sort_keys=False)
