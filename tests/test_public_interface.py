"""What others rely on. A change here is a change of the interface: it belongs in the changelog."""

import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

import upcracknet
from upcracknet import errors, measure
from upcracknet.cli import console, main, train
from upcracknet.detection import PRESETS, CrackDetector, CrackMap, Scorer, Threshold
from upcracknet.evaluation.protocol import ProtocolName
from upcracknet.results import DetectionOptions, MeasureOptions

PACKAGE = ["CrackDetector", "CrackMap", "Scale", "__version__", "measure_cracks"]

CRACK_DETECTOR = {
    "__init__": "(self, scorer, threshold, *, overlap=None, batch_size=None, millimetres_per_pixel=None)",
    "from_pretrained": "(model='default', *, preset=None, overlap=None, batch_size=None, "
    "millimetres_per_pixel=None, runtime='torch', precision='fp32', device='auto')",
    "detect": "(self, photo)",
    "detect_many": "(self, photos)",
    "detect_each": "(self, items)",
    "detect_rows": "(self, read, size, name, scratch, *, wanted=…, progress=…)",
}

CRACK_MAP = {
    "cracks": "(self, scale=None, *, direction=PHOTO_VERTICAL, standard='astm-d6433')",
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
    "height",
    "width",
    "crack_pixels",
    "area_share",
    "crack_area_cm2",
}

MEASURES = {
    "measure_cracks": "(mask, scale=None, photo=None, *, direction=PHOTO_VERTICAL, standard='astm-d6433')",
    "inspect": "(mask, scale=None, photo=None, *, direction=PHOTO_VERTICAL, standard='astm-d6433')",
    "measure_in_windows": "(read_mask, shape, scale=None, *, read_photo=None, direction=PHOTO_VERTICAL, "
    "standard='astm-d6433', window=2048)",
    "inspect_in_windows": "(read_mask, shape, scale=None, *, read_photo=None, direction=PHOTO_VERTICAL, "
    "standard='astm-d6433', window=2048)",
}

CONTRACTS = {
    Scorer: {"score": "(self, images)", "with_network": "(self, network, name=None)"},
    Threshold: {
        "level_of": "(self, score)",
        "looks_at_components": "(self, level)",
        "mask": "(self, score, level=None)",
    },
}

ERRORS = {"UpCrackNetError", "PhotoError", "DataError", "WeightsError", "ConfigurationError", "OutputError"}

COMMANDS = {
    DetectionOptions: "(model='default', preset=None, runtime='auto', precision='fp32', device='auto', "
    "overlap=None, batch_size=None, overlays=True, scores='none', region=None, road=None, every='1s', "
    "clock_offset=0.0, keep_frames=False)",
    MeasureOptions: "(scale=None, millimetres_per_pixel=None, standard='astm-d6433', direction=None, "
    "gpx=None, widths='photo', crack_pictures=False)",
    train.train: "(configuration=None, /, *overrides, output, photos=None, corrections=(), data_root=None, "
    "devices=1, nodes=1, device='auto', maximum_minutes=None, tensorboard=False)",
}
COMMAND_NAMES = {
    *("detect", "train", "calibrate", "evaluate", "prepare", "data", "synthesize", "methods", "export"),
    *(
        "reproduce",
        "scale",
        "measure",
        "map",
        "report",
        "compare",
        "export-results",
        "import",
        "serve",
        "review",
        "doctor",
    ),
}
EXIT_CODES = {"EXIT_FAILED": 1, "EXIT_USAGE": 2, "EXIT_INCOMPLETE": 3, "EXIT_INTERRUPTED": 130}


def parameters(function: Callable[..., Any]) -> str:
    """The parameters of a function with their defaults, without types."""
    signature = inspect.signature(function)
    bare = [item.replace(annotation=inspect.Parameter.empty) for item in signature.parameters.values()]
    text = str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    text = text.replace(repr(measure.PHOTO_VERTICAL), "PHOTO_VERTICAL")
    return re.sub("<function.*?>(?=[,)])", "…", text)


def public_methods(kind: type) -> dict[str, str]:
    members = inspect.getmembers(kind, callable)
    return {name: parameters(member) for name, member in members if not name.startswith("_")}


def test_the_package():
    assert sorted(upcracknet.__all__) == PACKAGE
    assert [getattr(upcracknet, name) for name in PACKAGE if name != "__version__"] == [
        CrackDetector,
        CrackMap,
        measure.Scale,
        measure.measure_cracks,
    ]
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


@pytest.mark.parametrize("name", MEASURES)
def test_measures(name):
    assert parameters(getattr(measure, name)) == MEASURES[name]


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
    assert {name: value for name, value in vars(console).items() if name.startswith("EXIT")} == EXIT_CODES


def test_presets_and_protocols():
    assert set(PRESETS) == {"paper", "paper-running", "authors"}
    assert set(ProtocolName.__args__) == {"paper", "native", "native-x2", "native-x4", "paper-shifted"}
