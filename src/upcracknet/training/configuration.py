"""The configuration of a training run: typed, read from YAML, saved with every run.

Each system has a dataclass of its own, which its row in ``detection.systems`` names.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml

from upcracknet.detection.systems import SYSTEMS, TRAINABLE, imported
from upcracknet.errors import ConfigurationError
from upcracknet.training.configuration_file import (
    Bounds,
    Count,
    PartialShare,
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

    def problems(self) -> Iterator[str]:
        """Find settings that do not go together, one sentence each."""
        size, multiple = self.data.size, self.size_multiple
        if size % multiple:
            yield f"`data.size` {size} must be a multiple of {multiple}, as this network wants it"
        if not self.data.photos:
            yield "`data.photos` must name at least one dataset or folder"
        if isinstance(self.data, WindowsConfiguration) and not self.data.window_sizes:
            yield "`data.window_sizes` must hold at least one size"


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
        problems.append(f"`method`: expected one of {', '.join(TRAINABLE)}, found {method!r}")
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
