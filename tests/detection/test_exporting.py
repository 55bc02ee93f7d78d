"""Choices of exports, and what the files say for programs without this package."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from tests.conftest import write_small_model

from upcracknet import CrackDetector, __version__
from upcracknet.baselines.supervised.deepcrack19 import Deepcrack19
from upcracknet.detection.exporting import ExportOptions, export_model
from upcracknet.errors import ConfigurationError, UpCrackNetError
from upcracknet.weights import WeightsRecord, save_weights

pytestmark = pytest.mark.xdist_group("an exported model")  # what all need is made once


@pytest.mark.parametrize(
    ("options", "output", "parts"),
    [
        (
            ExportOptions("engine", photos="roads", millimetres_per_pixel=1.2, tile_size=512),
            "n.onnx",
            ("--photos", "--millimetres-per-pixel is for --for qgis", "--tile-size is for --for qgis"),
        ),
        (ExportOptions("qgis", "int8", tile_size=500), "n.xml", ("ends in .onnx", "as 1.2", "500", "fp32")),
        (ExportOptions("hub", "bf16", tile_size=512), "n.onnx", ("--tile-size", "writes a folder", "fp32")),
    ],
)
def test_choices_that_do_not_fit_are_named_at_once(options, output, parts, tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        export_model("sauvola", tmp_path / output, options)
    for part in (*parts, "sauvola: no trained network"):
        assert part in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_preset_that_weights_cannot_hold_is_refused_for_a_hub(tmp_path):
    weights = tmp_path / "network.safetensors"
    save_weights(weights, Deepcrack19().state_dict(), WeightsRecord("deepcrack19", {}, {}, {}))
    with pytest.raises(ConfigurationError, match="guided-filter cannot be kept"):
        export_model(str(weights), tmp_path / "hub", ExportOptions("hub", preset="guided-filter"))


def test_a_restorer_says_its_size_and_its_rule(small_model, tmp_path, monkeypatch):
    said: dict = {}
    monkeypatch.setattr(
        "upcracknet.detection.exporting.export_scorer",
        lambda scorer, threshold, path, engine, description, photos: said.update(description),
    )
    export_model(str(small_model), tmp_path / "n.onnx", ExportOptions())
    assert said["input"]["shape"] == ["batch", 3, 64, 64]
    assert said["input"]["padding"] == "reflect"
    assert said["threshold"]["level"] is None
    assert said["tiles"] == {"largest_side_px": 64, "overlap_px": 16}
    assert said["version"] == __version__
    assert said["license"] is None
    assert said["weights_sha256"] == said["record"]["sha256"]


def sealed(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the description of an export, and seal it again as the exporter does."""
    model = onnx.load(str(path))
    description = json.loads(model.metadata_props[0].value)
    del description["sha256"], model.metadata_props[:]
    change(description)
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    digest.update(model.SerializeToString(deterministic=True))
    onnx.helper.set_model_props(
        model, {"upcracknet": json.dumps(description | {"sha256": digest.hexdigest()})}
    )
    onnx.save(model, str(path))


@pytest.fixture(scope="module")
def exported_once(tmp_path_factory) -> Path:
    """Exporting takes seconds, and all tests below begin with the same file."""
    folder = tmp_path_factory.mktemp("exported")
    export_model(str(write_small_model(folder / "small.safetensors")), folder / "model.onnx", ExportOptions())
    return folder / "model.onnx"


@pytest.fixture
def exported(exported_once, tmp_path) -> Path:
    return shutil.copy(exported_once, tmp_path / "model.onnx")


CHANGES: list[dict[str, Any]] = [
    {"precision": None},
    {"precision": ["fp32"]},
    {"precision": "fp4"},
    {"preset": []},
    {"preset": 3},
    {"network": 5},
    {"network": None},
    {"record": None},
    {"record": []},
    {"record": {}},
    {"record": {"architecture": ["x"]}},
]
OF_RECORD: list[dict[str, Any]] = [
    {"architecture": []},
    {"architecture": None},
    {"configuration": "x"},
    {"configuration": {"filters": 10**9}},
    {"configuration": {"filters": 4096, "depth": 30}},
    {"configuration": {"filters": None}},
    {"detection": [1]},
    {"detection": {"input_size": 10**9}},
    {"detection": {"input_size": -64}},
    {"sha256": 5},
    {"provenance": 3},
    {"provenance": {"images_seen": "many"}},
]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("values", [*CHANGES, *({"in record": values} for values in OF_RECORD)], ids=str)
def test_a_sealed_description_that_cannot_be_is_one_line(exported, values):
    def change(description: dict[str, Any]) -> None:
        of_record = values.get("in record")
        (description if of_record is None else description["record"]).update(of_record or values)

    sealed(exported, change)
    with pytest.raises(UpCrackNetError) as caught:
        CrackDetector.from_pretrained(exported)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_description_that_is_sealed_again_as_it_was_is_read(exported):
    sealed(exported, lambda description: None)
    assert CrackDetector.from_pretrained(exported)
