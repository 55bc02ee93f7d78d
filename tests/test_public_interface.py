"""What others rely on. A change here is a change of the interface: it belongs in the changelog."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

import upcracknet
from upcracknet import errors
from upcracknet.cli import detect, evaluate, main, reproduce, train
from upcracknet.detection import PRESETS, CrackDetector, CrackMap, Scorer, Threshold
from upcracknet.evaluation.protocol import ProtocolName

PACKAGE = ["CrackDetector", "CrackMap", "__version__"]

CRACK_DETECTOR = {
    "__init__": "(self, scorer, threshold, *, overlap=None, batch_size=8, millimetres_per_pixel=None)",
    "from_pretrained": "(model='default', *, preset=None, overlap=None, batch_size=8, "
    "millimetres_per_pixel=None, runtime='torch', precision='fp32')",
    "detect": "(self, photo)",
    "detect_many": "(self, photos)",
    "scored": "(self, photos)",
    "crack_map": "(self, canvas)",
    "tiles_at_once": "(self, size)",
}

CRACK_MAP = {
    "overlay": "(self)",
    "save_overlay": "(self, path)",
    "save_mask": "(self, path)",
    "save_score": "(self, path)",
}
CRACK_MAP_VALUES = {
    "photo",
    "score",
    "mask",
    "threshold",
    "millimetres_per_pixel",
    "crack_pixels",
    "area_share",
}

CONTRACTS = {
    Scorer: {"score": "(self, images)"},
    Threshold: {"fit": "(self, scores)", "level": "(self, score)"},
}

ERRORS = {"UpCrackNetError", "PhotoError", "DataError", "WeightsError", "ConfigurationError", "OutputError"}

COMMANDS = {
    detect.detect: "(photos, /, *, output, model='default', preset=None, score='none', "
    "millimetres_per_pixel=None, overlap=None, batch_size=8, runtime='auto', precision='fp32', "
    "overwrite=False)",
    train.train: "(configuration=None, /, *overrides, output, photos=None, data_root=None, devices=1, "
    "nodes=1, accelerator='auto', maximum_minutes=None, tensorboard=False)",
}
COMMAND_NAMES = {
    *("detect", "train", "calibrate", "evaluate", "prepare", "data", "synthesize", "methods", "export"),
    *("reproduce", "survey"),
}
EXIT_CODES = {"FAILED": 1, "USAGE": 2, "INTERRUPTED": 130}

# The names that each room gives to the other rooms.
ROOMS = {
    "baselines.classical": {
        *("CLASSICAL", "BlackTopHat", "Canny", "Frangi", "LocalContrast", "MinimalPath", "Sato", "Sauvola"),
    },
    "data": {
        "CrackDataset",
        "Sample",
        "UndamagedPatches",
        "Window",
        "find_undamaged_windows",
        "list_photos",
        "load_mask",
        "load_photo",
        "open_dataset",
        "save_image_atomically",
        "split_samples",
    },
    "data.synthetic": {
        "SURFACES",
        "Surface",
        "SyntheticRoad",
        "add_distractors",
        "draw_crack_mask",
        "paint_cracks",
        "synthesize_road",
    },
    "detection": {
        "PRESETS",
        "CrackDetector",
        "CrackMap",
        "CrackRemoverScorer",
        "CrackRemoverSettings",
        "DetectionSettings",
        "Threshold",
        "RestorationScorer",
        "Scorer",
    },
    "evaluation": {
        "NATIVE",
        "PAPER",
        "EvaluationResult",
        "Protocol",
        "Scores",
        "evaluate",
        "protocol_named",
        "published_table",
        "write_report",
    },
    "losses": {
        "FeatureExtractor",
        "LossWeights",
        "RandomFeatures",
        "RestorationLoss",
        "VGG19Features",
        "discriminator_loss",
        "generator_adversarial_loss",
        "gradient_magnitude_similarity",
        "gram_matrix",
        "load_vgg19",
        "multi_scale_gradient_magnitude_similarity_loss",
        "multi_scale_gradient_magnitude_similarity_map",
        "restoration_loss",
        "segmentation_loss",
        "structural_similarity",
        "structural_similarity_loss",
        "style_loss",
        "total_loss",
    },
    "networks": {"CrackRemover", "NormalizationStatistics", "PatchDiscriminator", "UNetGenerator"},
    "preparation": {
        "Choice",
        "PreparationSettings",
        "Purity",
        "SurveyedPhoto",
        "choose_undamaged",
        "find_photos",
        "measure_purity",
        "open_detector",
        "require_no_patches",
        "save_choice",
        "survey_photos",
        "windows_by_chance",
    },
}


def parameters(function: Callable[..., Any]) -> str:
    """The parameters of a function with their defaults, without types."""
    signature = inspect.signature(function)
    bare = [item.replace(annotation=inspect.Parameter.empty) for item in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def public_methods(kind: type) -> dict[str, str]:
    members = inspect.getmembers(kind, callable)
    return {name: parameters(member) for name, member in members if not name.startswith("_")}


def test_the_package():
    assert sorted(upcracknet.__all__) == PACKAGE
    assert [getattr(upcracknet, name) for name in PACKAGE[:2]] == [CrackDetector, CrackMap]
    with pytest.raises(AttributeError, match="has no attribute 'CrackFinder'"):
        upcracknet.CrackFinder  # noqa: B018


def test_crack_detector():
    assert public_methods(CrackDetector) | {"__init__": parameters(CrackDetector.__init__)} == CRACK_DETECTOR


def test_crack_map():
    assert public_methods(CrackMap) == CRACK_MAP
    properties = {
        name for name, _ in inspect.getmembers(CrackMap, lambda member: isinstance(member, property))
    }
    assert {field.name for field in fields(CrackMap)} | properties == CRACK_MAP_VALUES


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_contracts(contract):
    assert public_methods(contract) == CONTRACTS[contract]


def test_errors_have_one_base():
    kinds = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}
    assert set(kinds) == ERRORS
    assert all(issubclass(kind, errors.UpCrackNetError) for kind in kinds.values())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_options_of_the_main_commands(command):
    assert parameters(command) == COMMANDS[command]


def test_commands_and_exit_codes():
    given = {name for name in main.app if not name.startswith("-")}
    assert given == COMMAND_NAMES
    assert {name: getattr(main, name) for name in EXIT_CODES} == EXIT_CODES
    assert detect.SOME_FAILED == evaluate.INCOMPLETE == reproduce.INCOMPLETE == 3


@pytest.mark.parametrize("room", ROOMS)
def test_names_of_the_rooms(room):
    module = importlib.import_module(f"upcracknet.{room}")
    assert set(module.__all__) == ROOMS[room]
    assert all(hasattr(module, name) for name in module.__all__)


def test_presets_and_protocols():
    assert set(PRESETS) == {"paper", "paper-running", "authors"}
    assert set(ProtocolName.__args__) == {"paper", "native"}
