"""Shipped and self-trained models as scorers."""

import hashlib
from importlib.resources import files
from pathlib import Path

from torch import Tensor

from upcracknet.baselines.classical import CLASSICAL
from upcracknet.baselines.riad import RIADNetwork, RIADScorer
from upcracknet.baselines.scadn import SCADNGenerator, SCADNScorer
from upcracknet.baselines.supervised import SUPERVISED
from upcracknet.baselines.supervised.scorer import SegmentationScorer
from upcracknet.detection.crack_removal_scorer import CrackRemovalScorer, CrackRemovalSettings
from upcracknet.detection.scorer import RestorationScorer, Scorer
from upcracknet.detection.settings import PRESETS, DetectionSettings
from upcracknet.detection.threshold import FixedThreshold, OtsuThreshold, Threshold
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.networks import CrackRemover, UNetGenerator
from upcracknet.weights import WeightsRecord, load_state, load_weights

SHIPPED = {"default": "default", "paper": "paper", "paper-calibrated": "paper"}
RUN_WEIGHTS = (
    *("crack-remover.safetensors", "generator.safetensors"),
    *("riad.safetensors", "scadn.safetensors", "network.safetensors"),
)
"""Names of the weights in a run folder."""

TRAINABLE = ("up-cracknet", "crack-removal", "riad", "scadn", *SUPERVISED)
"""Names of the methods that can be trained."""


def weights_path(model: str | Path) -> Path:
    """File of a model: a shipped name, a run folder, or a file.

    Raises:
        WeightsError: there is no such model, or it has no weights.
    """
    if str(model) in SHIPPED:
        return Path(str(files("upcracknet") / "pretrained" / f"{SHIPPED[str(model)]}.safetensors"))
    path = Path(model)
    if path.is_dir():
        path = next((path / name for name in RUN_WEIGHTS if (path / name).is_file()), path)
    if not path.is_file():
        if str(model) in TRAINABLE:
            raise WeightsError(
                f"{model}: no weights of it are shipped; train it with "
                f"`upcracknet train {model} -o runs/{model}` and give runs/{model}"
            )
        raise WeightsError(
            f"{model}: no such model; give one of {', '.join(SHIPPED)}, a run folder of `upcracknet train`, "
            "or a .safetensors file"
        )
    return path


def weights_checksum(model: str | Path) -> str | None:
    """The sha256 of a model's weights file; None for a classical method, which has none.

    Raises:
        WeightsError: there is no such model.
    """
    if model in CLASSICAL:
        return None
    with weights_path(model).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load_scorer(model: str | Path, preset: str | None = None) -> tuple[Scorer, Threshold]:
    """Load a model with its threshold.

    Args:
        model: see :func:`weights_path`; or the name of a classical method, which has no weights.
        preset: name of detection settings of a restorer; None takes the ones stored with the weights; the
            shipped model named ``paper`` takes the paper's.

    Raises:
        WeightsError: unusable weights.
        ConfigurationError: an unknown preset, or one for a model that is no restorer.
    """
    if preset is not None and preset not in PRESETS:
        raise ConfigurationError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")
    if model in CLASSICAL:
        _refuse_preset(model, preset)
        classical = CLASSICAL[str(model)]()
        level = classical.level
        return classical, OtsuThreshold() if level is None else FixedThreshold(level)
    path = weights_path(model)
    tensors, record = load_weights(path)
    if record.architecture == "UNetGenerator":
        if preset is None and model == "paper":
            preset = "paper"
        scorer = load_restorer(path, preset)
        floor, extent = scorer.settings.level_floor, scorer.settings.minimum_extent
        return scorer, OtsuThreshold(floor=floor, minimum_extent=extent)
    _refuse_preset(model, preset)
    if record.architecture == "CrackRemover":
        network, settings = build_crack_remover(path, record)
        load_state(network, tensors, path)
        threshold = FixedThreshold(
            settings.level, minimum_extent=settings.minimum_extent, seed_level=settings.seed_level
        )
        return CrackRemovalScorer(network, settings, name=f"crack remover ({path.stem})"), threshold
    try:
        return _load_baseline(path, tensors, record)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: settings of another version ({error}); update upcracknet") from error


def _load_baseline(path: Path, tensors: dict[str, Tensor], record: WeightsRecord) -> tuple[Scorer, Threshold]:
    name, settings = record.architecture, record.configuration
    if name == "RIAD":
        network = RIADNetwork(tuple(settings["widths"]))
        load_state(network, tensors, path)
        return RIADScorer(network, int(record.detection["input_size"])), OtsuThreshold()
    if name == "SCADN":
        generator = SCADNGenerator(settings["filters"])
        load_state(generator, tensors, path)
        usual, size = tuple(record.detection["usual_errors"]), int(record.detection["input_size"])
        return SCADNScorer(generator, usual, size), OtsuThreshold()
    if name in SUPERVISED:
        segmentation = SUPERVISED[name](**settings)
        load_state(segmentation, tensors, path)
        return SegmentationScorer(segmentation, SUPERVISED[name].title), FixedThreshold(0.5)
    known = ("CrackRemover", "UNetGenerator", "RIAD", "SCADN", *SUPERVISED)
    raise WeightsError(f"{path}: weights of a {name!r}, expected one of {', '.join(known)}")


def _refuse_preset(model: str | Path, preset: str | None) -> None:
    if preset is not None:
        raise ConfigurationError(
            f"preset {preset!r} is for restorers, and {model} is none; leave --preset out, or take "
            "--model paper"
        )


def build_crack_remover(path: Path, record: WeightsRecord) -> tuple[CrackRemover, CrackRemovalSettings]:
    """An untrained network and the settings that a weights file describes.

    Raises:
        WeightsError: it describes what this version does not know.
    """
    try:
        network = CrackRemover(tuple(record.configuration["widths"]))
        return network, CrackRemovalSettings.from_dict(record.detection)
    except (ConfigurationError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: settings of another version ({error}); update upcracknet") from error


def load_restorer(path: Path, preset: str | None = None) -> RestorationScorer:
    """Load a restorer.

    Args:
        path: weights of a ``UNetGenerator``.
        preset: name of detection settings; None takes the ones stored with the weights.

    Raises:
        WeightsError: unusable weights.
    """
    tensors, record = load_weights(path)
    if record.architecture != "UNetGenerator":
        raise WeightsError(f"{path}: weights of a {record.architecture!r}, expected a 'UNetGenerator'")
    try:
        stored = dict(record.detection)
        input_size = int(stored.pop("input_size", 256))
        settings = DetectionSettings.from_dict(stored) if preset is None else PRESETS[preset]
        generator = UNetGenerator(**record.configuration)
    except (ConfigurationError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: settings of another version ({error}); update upcracknet") from error
    load_state(generator, tensors, path)
    if input_size <= 0 or input_size % generator.size_multiple:
        raise WeightsError(
            f"{path}: input size {input_size}, expected a multiple of {generator.size_multiple}"
        )
    own = "calibrated" if settings.level_floor else "not calibrated"
    name = f"UP-CrackNet ({path.stem}, {own if preset is None else f'preset {preset}'})"
    return RestorationScorer(generator, settings, input_size, name=name)
