"""The configuration of a training run: typed, read from YAML, saved with every run."""

import math
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

import yaml

from upcracknet.errors import ConfigurationError
from upcracknet.losses.restoration import LossWeights
from upcracknet.training.crack_removal_configuration import CrackRemovalConfiguration

SMALLEST_SIZE = 32  # pixels; the discriminator and the coarsest scale of the losses need that much


@dataclass(frozen=True)
class DataConfiguration:
    """Which undamaged patches are learned from (Section IV-A).

    Attributes:
        photos: a dataset's name (``deepcrack``, ``crack500``, ``cfd``) or a folder; photos with masks are
            mined for undamaged windows, photos without masks are taken to be undamaged.
        split: part of the dataset that is used.
        size: side of a patch in pixels after resizing; the networks' input size.
        window_sizes: sides of the square windows cut from the photos, in pixels: the range of scales.
        margin: distance in pixels that a window keeps from cracks.
        patches_per_epoch: patches drawn each epoch; None draws one for each photo, but at least 300.
        validation_share: share of the photos kept for validation.
    """

    photos: str = "deepcrack"
    split: str = "train"
    size: int = 256
    window_sizes: tuple[int, ...] = (96, 128, 160, 192, 224, 256, 288, 320, 352)
    margin: int = 4
    patches_per_epoch: int | None = None
    validation_share: float = 0.1


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
class TrainingConfiguration:
    """Everything that decides a training run of UP-CrackNet; the defaults are the paper's.

    But for the style features, whose default needs no download.

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
        batch_size: patches a step; 8 in the authors' code, not stated in the paper.
        epochs: most epochs.
        patience: epochs without a better validation loss before training stops.
        precision: ``auto`` is bf16 autocast where the processor has it, else 32-bit.
        sample_every: epochs between pictures of restored patches.
        workers: processes that prepare patches; 0 prepares them between the steps.
        seed: seed of everything random.
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
    batch_size: int = 8
    epochs: int = 200
    patience: int = 20
    precision: Literal["auto", "bf16", "32"] = "auto"
    sample_every: int = 10
    workers: int = 1
    seed: int = 0

    def impossible_values(self) -> list[str]:
        """What is wrong with the values, one sentence each."""
        return _impossible_values(self)


Configuration = TrainingConfiguration | CrackRemovalConfiguration
"""Of any method that can be trained; the key ``method`` tells which."""

CONFIGURATIONS: dict[str, type[Configuration]] = {
    "up-cracknet": TrainingConfiguration,
    "crack-removal": CrackRemovalConfiguration,
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
    content = {} if path is None else _read(path)
    problems: list[str] = []
    for dotted, text in (overrides or {}).items():
        _override(content, dotted, text, problems)
    method = content.get("method", "up-cracknet")
    if method not in CONFIGURATIONS:
        problems.append(f"`method`: expected one of {', '.join(CONFIGURATIONS)}, found {method!r}")
    kind = CONFIGURATIONS.get(str(method), TrainingConfiguration)
    configuration: Configuration = _build(kind, content, "", problems)
    if not problems:
        problems = configuration.impossible_values()
    if problems:
        origin = path if path is not None else "configuration"
        raise ConfigurationError(f"{origin}: " + "; ".join(problems))
    return configuration


def _read(path: Path) -> dict[Any, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise ConfigurationError(
            f"{path}: cannot be read as YAML ({reason}); give a readable YAML file"
        ) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: expected `key: value` lines, found a {type(content).__name__}")
    return content


def _override(content: dict[Any, Any], dotted: str, text: str, problems: list[str]) -> None:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problems.append(f"`{dotted}`: {text!r} cannot be read as YAML ({' '.join(str(error).split())})")
        return
    *parents, key = dotted.split(".")
    section: Any = content
    for parent in parents:
        section = section.setdefault(parent, {})
        if not isinstance(section, dict):
            problems.append(f"`{dotted}`: `{parent}` is a value, not a section")
            return
    section[key] = value


def as_dictionary(configuration: Configuration) -> dict[str, Any]:
    """A configuration as nested plain values, for YAML and JSON."""
    plain: dict[str, Any] = _plain(asdict(configuration))
    return plain


def dump_configuration(configuration: Configuration) -> str:
    """Write a configuration as YAML that :func:`load_configuration` reads back."""
    return yaml.safe_dump(as_dictionary(configuration), sort_keys=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _build(kind: type, content: dict[str, Any], prefix: str, problems: list[str]) -> Any:
    hints = get_type_hints(kind)
    known = {item.name for item in fields(kind)}
    problems += [
        f"unknown key `{prefix}{key}` (known here: {', '.join(sorted(known))})"
        for key in content
        if key not in known
    ]
    arguments = {}
    for name in (item.name for item in fields(kind) if item.name in content):
        value, hint = content[name], hints[name]
        if is_dataclass(hint):
            if isinstance(value, dict):
                arguments[name] = _build(cast(type, hint), value, f"{prefix}{name}.", problems)
            else:
                problems.append(f"`{prefix}{name}` is a section of keys, found {value!r}")
            continue
        converted = _convert(value, hint)
        if converted is _WRONG:
            problems.append(f"`{prefix}{name}`: expected {_describe(hint)}, found {value!r}")
        else:
            arguments[name] = converted
    try:
        return kind(**arguments)
    except ConfigurationError as error:  # a section that checks its own values
        problems.append(f"`{prefix.rstrip('.')}`: {error}")
        return kind()


_WRONG = object()


def _convert(value: Any, hint: Any) -> Any:
    origin, options = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return next((c for option in options if (c := _convert(value, option)) is not _WRONG), _WRONG)
    if origin is Literal:
        return next((option for option in options if str(option) == str(value)), _WRONG)
    if origin is tuple:
        if isinstance(value, str) and options == (str, ...):
            value = [value]  # `photos: deepcrack` where several could stand
        if not isinstance(value, list | tuple):
            return _WRONG
        kinds = [options[0]] * len(value) if options[-1] is Ellipsis else list(options)
        if len(kinds) != len(value):
            return _WRONG
        converted = tuple(_convert(item, kind) for item, kind in zip(value, kinds, strict=True))
        return _WRONG if _WRONG in converted else converted
    if hint is float and isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)  # YAML reads 1e-4 as text
        except ValueError:
            return _WRONG
    if hint is NoneType:
        return None if value is None else _WRONG
    return value if isinstance(value, hint) and not (isinstance(value, bool) and hint is int) else _WRONG


def _describe(hint: Any) -> str:
    origin, options = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(map(str, options))
    if origin in (Union, UnionType):
        return " or ".join(map(_describe, options))
    if origin is tuple:
        count = "" if options[-1] is Ellipsis else f"{len(options)} "
        return f"a list of {count}{_KINDS[options[0]].removeprefix('a ')}s"
    return _KINDS[hint]


_KINDS = {int: "a whole number", float: "a number", str: "a text", NoneType: "null"}


def _impossible_values(configuration: TrainingConfiguration) -> list[str]:
    data, networks, optimizer = configuration.data, configuration.networks, configuration.optimizer
    multiple = 2 ** max(networks.generator_depth, 0)
    filters = min(networks.generator_filters, networks.discriminator_filters)
    rates = (optimizer.generator_learning_rate, optimizer.discriminator_learning_rate)
    possible = {
        f"`data.size` {data.size} must be a multiple of {multiple}, which is 2 to the power of "
        "`networks.generator_depth`": data.size % multiple == 0,
        f"`data.size` must be ≥ {SMALLEST_SIZE}": data.size >= SMALLEST_SIZE,
        "`data.window_sizes` must hold sizes ≥ 8": min(data.window_sizes, default=0) >= 8,
        "`data.margin` must be ≥ 0": data.margin >= 0,
        "`data.patches_per_epoch` must be ≥ 1": data.patches_per_epoch is None or data.patches_per_epoch >= 1,
        "`data.validation_share` must lie between 0 and 1": 0 < data.validation_share < 1,
        "`networks.generator_depth` must be ≥ 2": networks.generator_depth >= 2,
        "`networks` filters must be ≥ 1": filters >= 1,
        "`optimizer` learning rates must be finite and above 0": all(0 < rate < math.inf for rate in rates),
        "`optimizer.decay` must lie in (0, 1]": 0 < optimizer.decay <= 1,
        "`optimizer.betas` must lie in [0, 1)": all(0 <= beta < 1 for beta in optimizer.betas),
        "`batch_size` must be ≥ 1": configuration.batch_size >= 1,
        "`epochs` must be ≥ 1": configuration.epochs >= 1,
        "`patience` must be ≥ 1": configuration.patience >= 1,
        "`sample_every` must be ≥ 1": configuration.sample_every >= 1,
        "`workers` must be ≥ 0": configuration.workers >= 0,
        "`seed` must lie between 0 and 4294967295": 0 <= configuration.seed < 2**32,
    }
    return [message for message, holds in possible.items() if not holds]
