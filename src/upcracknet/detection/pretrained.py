"""Load a shipped or self-trained model: from its path to its record, from its record to its system."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from upcracknet.detection.acceleration import accelerated, can_be_exported, exported_part
from upcracknet.detection.scorer import Scorer
from upcracknet.detection.systems import CLASSICAL, SYSTEMS, TRAINABLE, System, imported
from upcracknet.detection.threshold import Threshold
from upcracknet.errors import ConfigurationError, UpCrackNetError, WeightsError
from upcracknet.files import one_line
from upcracknet.parsing import fits
from upcracknet.runtime import Engine, Precision, open_exported, read_description, runtime_of_file
from upcracknet.weights import WeightsRecord, checked_record, filled, load_weights, parameter_count

_log = logging.getLogger(__name__)

LARGEST_NETWORK = 500_000_000
"""Parameters that no network of this package has: 2 GB."""

HUB_WEIGHTS = "model.safetensors"
"""Name of the weights in a folder for a model hub."""


@dataclass(frozen=True)
class ShippedModel:
    """A model of this package.

    Attributes:
        file: name of its weights, without suffix.
        preset: detection settings that it takes in place of those of the weights.
    """

    file: str
    preset: str | None = None


SHIPPED = {
    "default": ShippedModel("default"),
    "up-cracknet-32": ShippedModel("up-cracknet-32", preset="paper"),
    "up-cracknet-32-calibrated": ShippedModel("up-cracknet-32"),
}


@dataclass(frozen=True)
class Pretrained:
    """A model that is ready to detect.

    Attributes:
        scorer: from images to scores.
        threshold: from scores to a mask.
        sha256: checksum of the model's tensors, its one identity; None for a classical method.
        engine: what runs its network.
        settings: how it detects, as stored with the weights; a preset takes their place.
    """

    scorer: Scorer
    threshold: Threshold
    sha256: str | None
    engine: Engine
    settings: dict[str, Any]


def load_pretrained(
    model: str | Path = "default",
    preset: str | None = None,
    engine: Engine = Engine(),  # noqa: B008 - frozen
) -> Pretrained:
    """Load a model.

    Args:
        model: see :func:`weights_path`; or the name of a classical method, which has no weights.
        preset: name of detection settings that the model's system has; None takes the model's own.
        engine: what runs the network; an exported file has its own.

    Raises:
        WeightsError: no such model, or unusable weights.
        ConfigurationError: the system has no such preset, or the engine or device is not there or cannot
            run it.
        OutputError: the network cannot be kept in the engine's form.
    """
    if model in CLASSICAL:
        _require_preset(SYSTEMS[str(model)], preset, model)
        plain = engine.runtime in ("torch", "auto") and engine.device in ("auto", "cpu")
        if not plain or engine.precision != "fp32":
            raise ConfigurationError(
                f"{model} has no network for {engine}; leave --runtime, --precision and --device out"
            )
        classical = imported(SYSTEMS[str(model)].scorer)()
        here = replace(engine, runtime="torch", device="cpu")
        return Pretrained(classical, Threshold(classical.level), None, here, {})
    path = weights_path(model)
    if runtime_of_file(path) is not None:
        return _load_exported(path, preset, engine)
    tensors, record = load_weights(path)
    if preset is None and str(model) in SHIPPED:
        preset = SHIPPED[str(model)].preset
    scorer, threshold = _scorer(path, record, tensors, preset)
    chosen = engine.chosen()
    in_torch = replace(chosen, runtime="torch")
    if engine.runtime == "auto" and chosen.device == "cpu" and not can_be_exported(scorer):
        chosen = in_torch
    try:
        if (chosen.runtime, chosen.precision, chosen.device) != ("torch", "fp32", "cpu"):
            scorer = accelerated(scorer, record.sha256, chosen)
    except UpCrackNetError as error:
        if engine.device == "auto" and chosen.device != "cpu" and chosen.precision == "fp32":
            _log.warning("%s; the processor is taken", one_line(error))
            return load_pretrained(model, preset, replace(engine, device="cpu"))
        by_name = engine.runtime != "auto" or chosen.precision == "int8" or chosen.device != "cpu"
        if by_name or chosen.runtime == "torch":
            raise
        # Asked for whatever works.
        _log.debug("%s is not taken: %s", chosen, one_line(error))
        return load_pretrained(model, preset, in_torch)
    return Pretrained(scorer, threshold, record.sha256, chosen, record.detection)


def load_network(path: Path) -> nn.Module:
    """Load the network of a weights file as training left it, without a way to detect.

    Raises:
        WeightsError: unusable weights.
    """
    tensors, record = load_weights(path)
    return _network(path, record, tensors)


def weights_path(model: str | Path) -> Path:
    """Find the file of a model.

    It is a shipped name, a run folder or one for a model hub, a ``.safetensors`` file, or an exported one.

    Raises:
        WeightsError: there is no such model, or it has no weights.
    """
    if str(model) in SHIPPED:
        return Path(str(files("upcracknet") / "pretrained" / f"{SHIPPED[str(model)].file}.safetensors"))
    path = Path(model)
    if path.is_dir():
        path = weights_of_run(path) or path
    if path.is_file():
        return path
    if str(model) in TRAINABLE:
        raise WeightsError(
            f"{model}: no weights of it are shipped; train it with "
            f"`upcracknet train {model} -o runs/{model}` and give runs/{model}"
        )
    raise WeightsError(
        f"{model}: no such model; give one of {', '.join(SHIPPED)}, a run folder of `upcracknet train`, "
        "a .safetensors file, or a file of `upcracknet export`"
    )


def weights_of_run(folder: Path) -> Path | None:
    """Find the weights in a run folder, or in one for a model hub; None if there are none yet."""
    names = (*(SYSTEMS[name].weights_file for name in TRAINABLE), HUB_WEIGHTS)
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _load_exported(path: Path, preset: str | None, engine: Engine) -> Pretrained:
    own = runtime_of_file(path)
    assert own is not None
    description = read_description(path)
    try:
        precision, record = description["precision"], checked_record(description["record"])
        own_preset, name = description.get("preset"), description["network"]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path}: written by another version of upcracknet; export it again") from error
    if not (fits(precision, Precision) and fits(own_preset, str | None)):
        raise WeightsError(f"{path}: written by another version of upcracknet; export it again")
    if engine.runtime not in ("auto", "torch", own) or engine.precision not in ("fp32", precision):
        raise ConfigurationError(
            f"{path}: exported for {own} in {precision}, not for {engine.runtime} in {engine.precision}; "
            "leave --runtime and --precision out, or export it again"
        )
    if preset is not None:
        raise ConfigurationError(f"{path}: an exported model has its settings; leave --preset out")
    scorer, threshold = _scorer(path, record, None, own_preset)
    network = exported_part(scorer)
    if name != type(network).__name__:
        raise WeightsError(f"{path}: written by another version of upcracknet; export it again")
    chosen = replace(engine, runtime=own, precision=precision).chosen()
    exported = scorer.with_network(open_exported(path, network, chosen))
    return Pretrained(exported, threshold, record.sha256, chosen, record.detection)


def _scorer(
    path: Path, record: WeightsRecord, tensors: dict[str, Tensor] | None, preset: str | None
) -> tuple[Scorer, Threshold]:
    """Scorer and threshold that a record describes."""
    system = _system(path, record)
    _require_preset(system, preset, path)
    network = _network(path, record, tensors)
    # All runs name their weights alike.
    own = path.parent.resolve().name if path.name in (system.weights_file, HUB_WEIGHTS) else path.stem
    name = f"{system.title} ({own}{'' if preset is None else f', preset {preset}'})"
    with _readable(path):
        made: tuple[Scorer, Threshold] = imported(system.scorer)(network, record.detection, preset, name)
    return made


def _network(path: Path, record: WeightsRecord, tensors: dict[str, Tensor] | None) -> nn.Module:
    """Network that a record describes; without tensors untrained, for another engine to take its place."""
    with _readable(path):
        # JSON has made lists of tuples.
        arguments = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in record.configuration.items()
        }
        build: Callable[..., nn.Module] = imported(_system(path, record).network)
        if tensors is None:
            if parameter_count(lambda: build(**arguments)) > LARGEST_NETWORK:
                raise ValueError(f"a network of more than {LARGEST_NETWORK:,} parameters")
            return build(**arguments)
    return filled(lambda: build(**arguments), tensors, path)


def _system(path: Path, record: WeightsRecord) -> System:
    known = {SYSTEMS[name].architecture: SYSTEMS[name] for name in TRAINABLE}
    if record.architecture not in known:
        raise WeightsError(
            f"{path}: weights of a {record.architecture!r:.40}, expected one of {', '.join(known)}"
        )
    return known[record.architecture]


def _require_preset(system: System, preset: str | None, model: str | Path) -> None:
    if preset is not None and preset not in system.presets:
        known = f", or take one of {', '.join(system.presets)}" if system.presets else ""
        raise ConfigurationError(
            f"{model}: {system.title} has no preset {preset!r}; leave --preset out{known}"
        )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Blame the weights' record for what cannot be built of it."""
    try:
        yield
    except (
        ConfigurationError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise WeightsError(
            f"{path}: settings of another version ({one_line(error)[:100]}); update upcracknet"
        ) from error
