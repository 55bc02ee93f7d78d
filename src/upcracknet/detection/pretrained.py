"""Shipped and self-trained models as scorers."""

from importlib.resources import files
from pathlib import Path

from upcracknet.detection.scorer import RestorationScorer
from upcracknet.detection.settings import PRESETS, DetectionSettings
from upcracknet.detection.threshold import OtsuThreshold
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.networks import UNetGenerator
from upcracknet.weights import load_state, load_weights

SHIPPED = {"default": "paper", "paper": "paper"}


def weights_path(model: str | Path) -> Path:
    """File of a model: a shipped name, a run folder, or a file.

    Raises:
        WeightsError: there is no such model.
    """
    if str(model) in SHIPPED:
        return Path(str(files("upcracknet") / "pretrained" / f"{SHIPPED[str(model)]}.safetensors"))
    path = Path(model)
    if path.is_dir():
        path = path / "generator.safetensors"
    if not path.is_file():
        raise WeightsError(
            f"{model}: no such model; give one of {', '.join(SHIPPED)}, a run folder of `upcracknet train`, "
            "or a .safetensors file"
        )
    return path


def load_scorer(model: str | Path, preset: str | None = None) -> tuple[RestorationScorer, OtsuThreshold]:
    """Load a restorer with its threshold.

    Args:
        model: see :func:`weights_path`.
        preset: name of detection settings; None takes the ones stored with the weights; the shipped model
            named ``paper`` takes the paper's.

    Raises:
        WeightsError: unusable weights.
        ConfigurationError: an unknown preset.
    """
    if preset is not None and preset not in PRESETS:
        raise ConfigurationError(f"unknown preset {preset!r}; known: {', '.join(PRESETS)}")
    path = weights_path(model)
    tensors, record = load_weights(path)
    if record.architecture != "UNetGenerator":
        raise WeightsError(f"{path}: weights of a {record.architecture!r}, expected a 'UNetGenerator'")
    if preset is None and model == "paper":
        preset = "paper"
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
    scorer = RestorationScorer(generator, settings, input_size, name=name)
    return scorer, OtsuThreshold(floor=settings.level_floor, minimum_extent=settings.minimum_extent)
