"""``upcracknet export``."""

import json

import numpy as np
import pytest
import torch

from upcracknet import CrackDetector
from upcracknet.baselines.supervised.deepcrack19 import Deepcrack19
from upcracknet.cli.main import run
from upcracknet.detection import CrackRemoverSettings
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.networks import CrackRemover
from upcracknet.runtime import Engine, export_network, has_bfloat16
from upcracknet.weights import WeightsRecord, save_weights

pytest.importorskip("openvino")
NAMES = ("road.onnx", "road.xml")


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    network = CrackRemover((4, 8))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    settings = CrackRemoverSettings(level=0.4, scales=(0.5, 1.0))
    path = tmp_path / "small.safetensors"
    record = WeightsRecord("CrackRemover", {"widths": [4, 8]}, settings.to_dict(), {})
    save_weights(path, network.state_dict(), record)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_file_is_a_model(weights, tmp_path, name, capsys, photo):
    path = tmp_path / "exported" / name
    assert run(["export", str(weights), "-o", str(path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["precision"] == "fp32"
    assert report["megabytes"] > 0
    assert {file.suffix for file in path.parent.iterdir()} == (
        {".onnx"} if path.suffix == ".onnx" else {".xml", ".bin"}
    )
    expected = CrackDetector.from_pretrained(weights).detect(photo)
    found = CrackDetector.from_pretrained(path).detect(photo)
    assert np.abs(found.score - expected.score).max() < 1e-3
    assert found.threshold == expected.threshold == 0.4


@pytest.mark.parametrize("preset", [None, "paper-running"])
def test_a_restorers_preset_becomes_the_files_own(small_model, tmp_path, capsys, photo, preset):
    path = tmp_path / "restorer.onnx"
    choice = [] if preset is None else ["--preset", preset]
    assert run(["export", str(small_model), "-o", str(path), *choice]) == 0
    expected = CrackDetector.from_pretrained(small_model, preset=preset).detect(photo)
    found = CrackDetector.from_pretrained(path).detect(photo)
    np.testing.assert_allclose(found.score, expected.score, atol=1e-3)


def test_deepcrack19_keeps_its_guided_filter(tmp_path, capsys, photo):
    weights, path = tmp_path / "network.safetensors", tmp_path / "guided.onnx"
    torch.manual_seed(0)
    save_weights(weights, Deepcrack19().state_dict(), WeightsRecord("deepcrack19", {}, {}, {}))
    assert run(["export", str(weights), "-o", str(path), "--preset", "guided-filter"]) == 0
    scores = [
        CrackDetector.from_pretrained(weights, preset="guided-filter").detect(photo).score,
        CrackDetector.from_pretrained(path).detect(photo).score,
    ]
    # What is filtered is black or white: a rounding error may turn a pixel.
    assert np.mean(np.abs(scores[0] - scores[1]) > 1e-3) < 0.01


def test_other_choices_than_the_files_own_are_refused(weights, tmp_path, capsys):
    path = tmp_path / "road.onnx"
    assert run(["export", str(weights), "-o", str(path)]) == 0
    for choice in ({"runtime": "openvino"}, {"precision": "int8"}, {"preset": "paper"}):
        with pytest.raises(ConfigurationError):
            CrackDetector.from_pretrained(path, **choice)


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"precision": "fp32", "network": "CrackMarker"},
        {"precision": "fp32", "network": "CrackMarker", "record": ["wings"]},
        {"precision": "fp32", "network": "CrackMarker", "record": {"wings": 2}},
        {
            "precision": "fp32",
            "network": "CrackMarker",  # both answers of the network; today the logits alone are asked for
            "record": {
                "architecture": "CrackRemover",
                "configuration": {"widths": [4, 6]},
                "detection": {},
                "provenance": {},
            },
        },
    ],
)
def test_a_file_of_another_version_is_named(tmp_path, description, photo):
    path = tmp_path / "road.onnx"
    torch.manual_seed(0)  # one graph for all
    export_network(CrackRemover((4, 6)).eval(), path, Engine(), description=description)
    with pytest.raises(WeightsError, match="export it again"):
        CrackDetector.from_pretrained(path).detect(photo)


def test_classical_methods_cannot_be_exported(tmp_path, capsys):
    assert run(["export", "sauvola", "-o", str(tmp_path / "s.onnx")]) == 1
    assert "no trained network" in capsys.readouterr().err


def test_int8_is_measured_on_photos_of_ones_own(weights, tmp_path, capsys):
    photos = tmp_path / "clean"
    assert run(["synthesize", str(photos), "--count", "2", "--height", "96", "--width", "96"]) == 0
    capsys.readouterr()
    photo, scores = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8), []
    for name, more in (("usual", []), ("own", ["--photos", str(photos / "undamaged")])):
        path = tmp_path / f"{name}.onnx"
        assert run(["export", str(weights), "-o", str(path), "--precision", "int8", *more]) == 0
        assert json.loads(capsys.readouterr().out)["precision"] == "int8"
        scores.append(CrackDetector.from_pretrained(path, precision="int8").detect(photo).score)
    assert not np.array_equal(*scores), "other photos have other ranges"


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
def test_an_exported_file_keeps_its_precision(weights, tmp_path, capsys, photo):
    short, full = tmp_path / "short.xml", tmp_path / "full.xml"
    assert run(["export", str(weights), "-o", str(short), "--precision", "bf16"]) == 0
    assert run(["export", str(weights), "-o", str(full)]) == 0
    scores = [CrackDetector.from_pretrained(file).detect(photo).score for file in (short, full)]
    assert 0 < np.abs(scores[0] - scores[1]).max() < 0.05


def test_for_qgis(weights, tmp_path, capsys):
    path = tmp_path / "crack.onnx"
    choice = ["--for", "qgis", "--millimetres-per-pixel", "1.2", "--tile-size", "256"]
    assert run(["export", str(weights), "-o", str(path), *choice]) == 0
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert (report["millimetres_per_pixel"], report["tile_size_px"]) == (1.2, 256)
    assert "narrower than 3.6 mm" in shown.err
    with pytest.raises(ConfigurationError, match="made for QGIS"):
        CrackDetector.from_pretrained(path)


def test_for_a_hub(weights, tmp_path, capsys):
    assert run(["export", str(weights), "--for", "hub", "-o", str(tmp_path / "hub")]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["model"] == str(tmp_path / "hub")
    assert "Choose a licence" in shown.err
    assert CrackDetector.from_pretrained(tmp_path / "hub").threshold.level == 0.4
