"""Shipped and self-trained models as scorers."""

from importlib.resources import files
from pathlib import Path

from upcracknet.detection.crack_removal_scorer import CrackRemovalScorer, CrackRemovalSettings
from upcracknet.detection.scorer import RestorationScorer, Scorer
from upcracknet.detection.settings import PRESETS, DetectionSettings
from upcracknet.detection.threshold import FixedThreshold, OtsuThreshold, Threshold
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.networks import CrackRemover, UNetGenerator
from upcracknet.weights import WeightsRecord, load_state, load_weights

SHIPPED = {"default": "default", "paper": "paper", "paper-calibrated": "paper"}
RUN_WEIGHTS = ("crack-remover.safetensors", "generator.safetensors")
"""Names of the weights in a run folder."""


def weights_path(model: str | Path) -> Path:
    """File of a model: a shipped name, a run folder, or a file.

    Raises:
        WeightsError: there is no such model.
    """
    if str(model) in SHIPPED:
        return Path(str(files("upcracknet") / "pretrained" / f"{SHIPPED[str(model)]}.safetensors"))
    path = Path(model)
    if path.is_dir():
        path = next((path / name for name in RUN_WEIGHTS if (path / name).is_file()), path)
    if not path.is_file():
        raise WeightsError(
            f"{model}: no such model; give one of {', '.join(SHIPPED)}, a run folder of `upcracknet train`, "
            "or a .safetensors file"
        )
    return path


def load_scorer(model: str | Path, preset: str | None = None) -> tuple[Scorer, Threshold]:
    """Load a model with its threshold.

    Args:
        model: see :func:`weights_path`.
        preset: name of detection settings of a restorer; None takes the ones stored with the weights; the
            shipped model named ``paper`` takes the paper's.

    Raises:
        WeightsError: unusable weights.
        ConfigurationError: an unknown preset, or one for a model that is no restorer.
    """
    if preset is not None and preset not in PRESETS:
        raise ConfigurationError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")
    path = weights_path(model)
    tensors, record = load_weights(path)
    if record.architecture == "CrackRemover":
        if preset is not None:
            raise ConfigurationError(
                f"preset {preset!r} is for restorers, and {model} is none; leave --preset out, or take "
                "--model paper"
            )
        network, settings = build_crack_remover(path, record)
        load_state(network, tensors, path)
        threshold = FixedThreshold(
            settings.level, minimum_extent=settings.minimum_extent, seed_level=settings.seed_level
        )
        return CrackRemovalScorer(network, settings, name=f"crack remover ({path.stem})"), threshold
    if record.architecture == "UNetGenerator":
        if preset is None and model == "paper":
            preset = "paper"
        scorer = load_restorer(path, preset)
        floor, extent = scorer.settings.level_floor, scorer.settings.minimum_extent
        return scorer, OtsuThreshold(floor=floor, minimum_extent=extent)
    raise WeightsError(
        f"{path}: weights of a {record.architecture!r}, expected a 'CrackRemover' or a 'UNetGenerator'"
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
