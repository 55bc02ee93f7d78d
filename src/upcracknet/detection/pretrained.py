"""Shipped and self-trained models as scorers."""

import hashlib
from importlib.resources import files
from pathlib import Path

from torch import Tensor, nn

from upcracknet.baselines.classical import CLASSICAL
from upcracknet.baselines.riad import RIADNetwork, RIADScorer
from upcracknet.baselines.scadn import SCADNGenerator, SCADNScorer
from upcracknet.baselines.supervised import SUPERVISED
from upcracknet.baselines.supervised.deepcrack19 import Deepcrack19
from upcracknet.baselines.supervised.deepcrack19_refinement import REFINED_LEVEL
from upcracknet.baselines.supervised.scorer import GuidedFilterScorer, SegmentationScorer
from upcracknet.detection.acceleration import accelerated, can_be_exported, exported_part, with_network
from upcracknet.detection.crack_remover_scorer import CrackRemoverScorer, CrackRemoverSettings
from upcracknet.detection.scorer import RestorationScorer, Scorer
from upcracknet.detection.settings import PRESETS, DetectionSettings
from upcracknet.detection.threshold import Threshold
from upcracknet.errors import ConfigurationError, UpCrackNetError, WeightsError
from upcracknet.networks import CrackRemover, UNetGenerator
from upcracknet.runtime import (
    Precision,
    Runtime,
    chosen_runtime,
    open_exported,
    read_description,
    runtime_of_file,
)
from upcracknet.weights import WeightsRecord, load_state, load_weights

SHIPPED = {
    "default": "default",
    "teacher": "teacher",
    "up-cracknet-32": "up-cracknet-32",
    "up-cracknet-32-calibrated": "up-cracknet-32",
}
RUN_WEIGHTS = (
    *("crack-remover.safetensors", "generator.safetensors"),
    *("riad.safetensors", "scadn.safetensors", "network.safetensors"),
)
"""Names of the weights in a run folder."""

GUIDED_FILTER = "guided-filter"
"""The preset of Deepcrack19, whose paper refines its answer."""

TRAINABLE = ("up-cracknet", "crack-remover", "riad", "scadn", *SUPERVISED)
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
            "a .safetensors file, or a file of `upcracknet export`"
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


def load_scorer(
    model: str | Path, preset: str | None = None, *, runtime: Runtime = "torch", precision: Precision = "fp32"
) -> tuple[Scorer, Threshold]:
    """Load a model with its threshold.

    Args:
        model: see :func:`weights_path`; or the name of a classical method, which has no weights.
        preset: name of detection settings of a restorer; None takes the ones stored with the weights; the
            shipped model ``up-cracknet-32`` takes the paper's. Deepcrack19 has ``guided-filter``.
        runtime: engine of the network; an exported file has its own.
        precision: what the engine calculates in; an exported file has its own.

    Raises:
        WeightsError: unusable weights.
        ConfigurationError: an unknown preset, one for a model that is no restorer, or an engine that is not
            installed or cannot run this model.
        OutputError: the network cannot be kept in the engine's form.
    """
    if preset is not None and preset not in (*PRESETS, GUIDED_FILTER):
        raise ConfigurationError(f"unknown preset {preset!r}; known: {', '.join((*PRESETS, GUIDED_FILTER))}")
    if model in CLASSICAL:
        _refuse_preset(model, preset)
        if runtime not in ("torch", "auto") or precision != "fp32":
            raise ConfigurationError(
                f"{model} has no network for {runtime} in {precision}; leave --runtime and --precision out"
            )
        classical = CLASSICAL[str(model)]()
        return classical, Threshold(classical.level)
    path = weights_path(model)
    if runtime_of_file(path) is not None:
        return load_exported(path, preset, runtime, precision)
    tensors, record = load_weights(path)
    if preset is None and model == "up-cracknet-32":
        preset = "paper"
    scorer, threshold = scorer_of(path, record, tensors, preset)
    engine = chosen_runtime(runtime, precision)
    if runtime == "auto" and not can_be_exported(scorer):
        engine = "torch"
    if engine == "torch" and precision == "fp32":
        return scorer, threshold
    try:
        return accelerated(scorer, record.sha256, engine, precision), threshold
    except UpCrackNetError:
        if runtime != "auto" or precision == "int8" or engine == "torch":
            raise
        # Asked for whatever works.
        return load_scorer(model, preset, precision=precision)


def load_exported(
    path: Path, preset: str | None = None, runtime: Runtime = "auto", precision: Precision = "fp32"
) -> tuple[Scorer, Threshold]:
    """Load a file of ``upcracknet export``.

    Raises:
        WeightsError: the file is damaged, or not of this package or of another version.
        ConfigurationError: its engine is not installed, or other choices than the file's own.
    """
    own = runtime_of_file(path)
    description = read_description(path)
    if runtime not in ("auto", "torch", own) or precision not in ("fp32", description["precision"]):
        raise ConfigurationError(
            f"{path}: exported for {own} in {description['precision']}, not for {runtime} in {precision}; "
            "leave --runtime and --precision out, or export it anew"
        )
    if preset is not None:
        raise ConfigurationError(f"{path}: an exported model has its settings; leave --preset out")
    record = WeightsRecord(**description["record"])
    scorer, threshold = scorer_of(path, record, None, None)
    network, multiple = exported_part(scorer)
    if description.get("network") != type(network).__name__:
        raise WeightsError(f"{path}: written by another version of upcracknet; export it again")
    return with_network(scorer, open_exported(path, network, multiple, description["precision"])), threshold


def scorer_of(
    path: Path, record: WeightsRecord, tensors: dict[str, Tensor] | None, preset: str | None
) -> tuple[Scorer, Threshold]:
    """The scorer and the threshold that a record describes.

    Args:
        path: for names and errors.
        record: the record of the weights.
        tensors: the weights; None leaves the network untrained, for another engine to take its place.
        preset: name of detection settings of a restorer; None takes the record's own.

    Raises:
        WeightsError: the record is of another version, or the weights do not fit.
        ConfigurationError: a preset for a model that is no restorer.
    """
    if preset == GUIDED_FILTER and record.architecture != "deepcrack19":
        raise ConfigurationError(f"preset {preset!r} is for weights of deepcrack19, and {path} has others")
    if record.architecture == "UNetGenerator":
        scorer = restorer_of(path, record, tensors, preset)
        floor, extent = scorer.settings.level_floor, scorer.settings.minimum_extent
        return scorer, Threshold(floor=floor, minimum_extent=extent)
    if preset != GUIDED_FILTER:
        _refuse_preset(path, preset)
    if record.architecture == "CrackRemover":
        network, settings = build_crack_remover(path, record)
        _fill(network, tensors, path)
        threshold = Threshold(
            settings.level, minimum_extent=settings.minimum_extent, hysteresis=settings.hysteresis
        )
        return CrackRemoverScorer(network, settings, name=f"crack remover ({path.stem})"), threshold
    try:
        return _baseline_of(path, record, tensors, guided_filter=preset == GUIDED_FILTER)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: settings of another version ({error}); update upcracknet") from error


def _fill(network: nn.Module, tensors: dict[str, Tensor] | None, path: Path) -> None:
    if tensors is not None:
        load_state(network, tensors, path)


def _baseline_of(
    path: Path, record: WeightsRecord, tensors: dict[str, Tensor] | None, *, guided_filter: bool
) -> tuple[Scorer, Threshold]:
    name, settings = record.architecture, record.configuration
    if name == "RIAD":
        network = RIADNetwork(tuple(settings["widths"]))
        _fill(network, tensors, path)
        return RIADScorer(network, int(record.detection["input_size"])), Threshold()
    if name == "SCADN":
        generator = SCADNGenerator(settings["filters"])
        _fill(generator, tensors, path)
        usual, size = tuple(record.detection["usual_errors"]), int(record.detection["input_size"])
        return SCADNScorer(generator, usual, size), Threshold()
    if name in SUPERVISED:
        segmentation = SUPERVISED[name](**settings)
        _fill(segmentation, tensors, path)
        if guided_filter:
            assert isinstance(segmentation, Deepcrack19)
            refined = GuidedFilterScorer(segmentation, f"{Deepcrack19.title}, guided filter")
            return refined, Threshold(REFINED_LEVEL)
        return SegmentationScorer(segmentation, SUPERVISED[name].title), Threshold(0.5)
    known = ("CrackRemover", "UNetGenerator", "RIAD", "SCADN", *SUPERVISED)
    raise WeightsError(f"{path}: weights of a {name!r}, expected one of {', '.join(known)}")


def _refuse_preset(model: str | Path, preset: str | None) -> None:
    if preset is not None:
        raise ConfigurationError(
            f"preset {preset!r} is for restorers, and {model} is none; leave --preset out, or take "
            "--model up-cracknet-32"
        )


def build_crack_remover(path: Path, record: WeightsRecord) -> tuple[CrackRemover, CrackRemoverSettings]:
    """An untrained network and the settings that a weights file describes.

    Raises:
        WeightsError: it describes what this version does not know.
    """
    try:
        # Weights of before the layer at full resolution could vary do not name it.
        refinement_channels = int(record.configuration.get("refinement_channels", 16))
        network = CrackRemover(tuple(record.configuration["widths"]), refinement_channels)
        return network, CrackRemoverSettings.from_dict(record.detection)
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
    return restorer_of(path, record, tensors, preset)


def restorer_of(
    path: Path, record: WeightsRecord, tensors: dict[str, Tensor] | None, preset: str | None
) -> RestorationScorer:
    """The restorer that a record describes; see :func:`scorer_of`.

    Raises:
        WeightsError: the record is of another version, or the weights do not fit.
    """
    try:
        stored = dict(record.detection)
        input_size = int(stored.pop("input_size", 256))
        settings = DetectionSettings.from_dict(stored) if preset is None else PRESETS[preset]
        generator = UNetGenerator(**record.configuration)
    except (ConfigurationError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: settings of another version ({error}); update upcracknet") from error
    _fill(generator, tensors, path)
    if input_size <= 0 or input_size % generator.size_multiple:
        raise WeightsError(
            f"{path}: input size {input_size}, expected a multiple of {generator.size_multiple}"
        )
    own = "calibrated" if settings.level_floor else "not calibrated"
    name = f"UP-CrackNet ({path.stem}, {own if preset is None else f'preset {preset}'})"
    return RestorationScorer(generator, settings, input_size, name=name)
