import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

from upcracknet.baselines.classical import LocalContrast
from upcracknet.detection import CrackDetector, Threshold
from upcracknet.errors import DataError
from upcracknet.evaluation.false_alarms import clean_roads

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def accuracy():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        specification = importlib.util.spec_from_file_location(
            "accuracy_benchmark", BENCHMARKS / "accuracy.py"
        )
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        yield module
    del sys.modules["accuracy_tables"]


class Darkness:
    """Scores a pixel by how dark it is."""

    name = "darkness"
    input_size = None
    network = None
    padding = "reflect"

    def with_network(self, network, name=None):
        return self

    def score(self, images: torch.Tensor) -> torch.Tensor:
        return 1 - images.mean(dim=1)


@pytest.fixture
def data(monkeypatch, made_datasets, tmp_path):
    """Where the measurement finds its photos, which a test may damage."""
    shutil.copytree(made_datasets, tmp_path / "data")
    monkeypatch.setenv("UPCRACKNET_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def written(accuracy, data, monkeypatch, tmp_path):
    """What the command writes for a model and the classical baseline."""
    detectors = {
        "mine": CrackDetector(Darkness(), Threshold(0.7)),
        "local-contrast": CrackDetector(LocalContrast(), Threshold(0.1)),
    }
    clean = {"windows": {"photos": 3, "pixels": 0.25, "photos_with_any": 33.3}}
    weights = dict.fromkeys(detectors, "0123456789abcdef")
    monkeypatch.setattr(accuracy.CrackDetector, "from_pretrained", detectors.get)
    monkeypatch.setattr(accuracy, "false_alarms", lambda detector: clean)
    monkeypatch.setattr(
        accuracy,
        "description",
        lambda model, detector: {"threshold": "0.7", "weights": weights[model], "scales": [0.5, 1]},
    )
    accuracy.main(*detectors, output=tmp_path / "out")
    content = json.loads((tmp_path / "out" / "figures.json").read_text(encoding="utf-8"))
    return content["measured"], (tmp_path / "out" / "accuracy.md").read_text(encoding="utf-8")


def test_everything_is_measured_of_a_model_that_is_named(accuracy, written):
    measured, _ = written
    assert list(measured) == ["local-contrast", "mine"], "in the order of the tables"
    for found in measured.values():
        assert list(found) == ["detection", *accuracy.EVERYTHING]
        assert all(list(found[part]) == ["deepcrack", "cfd", "crack500"] for part in ("paper", "native"))
        assert list(found["native-x4"]) == ["deepcrack", "crack500"]
        assert found["native"]["deepcrack"]["images"] == 2
        assert found["native-x4"]["deepcrack"]["images"] == 1
        thin, *_ = found["native"]["deepcrack"]["by_width"]
        assert thin[0] == 0, "the line is four pixels wide"
        assert "by_width" not in found["paper"]["deepcrack"]
    dark = measured["mine"]["native"]["deepcrack"]
    assert dark["f1_within_2"] >= dark["f1_within_1"] >= dark["f1"] > 50


def test_tables_hold_what_was_measured(written):
    measured, page = written
    tables = [block.splitlines() for block in page.split("\n\n") if block.startswith("|")]
    models, comparison, measures, sizes, alarms, widths = tables
    assert models[3] == "| `mine` | `0123456789ab…` | 0.5, 1 | 0.7 |"
    assert comparison[0] == "| IoU | DeepCrack, 2 images | CFD, 2 images | Crack500, 2 images |"
    found = measured["mine"]
    ious = [found["paper"][name]["iou"] for name in ("deepcrack", "cfd", "crack500")]
    assert comparison[3] == f"| `mine` | {ious[0]} | {ious[1]} | {ious[2]} |"
    assert "| *58.7* | *30.5* | *39.9* |" in comparison[5]
    assert "| *61.1* | *33.3* | *44.7* |" in comparison[6]
    assert len(measures) == 2 + 2 * 11
    exact = found["paper"]["deepcrack"]
    assert f"| `mine` | DeepCrack | `paper` | 2 | {exact['precision']} | {exact['recall']} |" in measures[13]
    assert sizes[6].startswith("| `mine` | CFD | ")
    assert sizes[6].endswith(" | – |"), "not measured at four times the size"
    assert alarms[3] == "| `mine` | windows | 3 | 0.25 % | 33 % |"
    assert widths[2].startswith("| annotated pixels | – | 0 | 768 | 0 | 0 |")
    assert widths[4].startswith(f"| `mine` | {found['native']['deepcrack']['precision']} | – (–) | ")


def test_figures_of_other_weights_stay_as_those_of_a_former_model(accuracy):
    def found(weights, iou):
        return {"detection": {"weights": weights}, "paper": iou}

    measured = accuracy.put({}, "default", found("a" * 64, 70))
    measured = accuracy.put(measured, "up-cracknet-32", found("b" * 64, 68))
    again = accuracy.put(dict(measured), "default", {"detection": {"weights": "a" * 64}, "native": 71})
    assert again["default"] == found("a" * 64, 70) | {"native": 71}
    measured = accuracy.put(measured, "default", found("c" * 64, 76))
    assert list(measured) == ["default", "up-cracknet-32", "former default (aaaaaaaa…)"]
    assert [one["paper"] for one in measured.values()] == [76, 68, 70]


def test_a_page_keeps_its_words_and_gets_new_tables(accuracy, written):
    measured, page = written
    changed = page.replace("# Accuracy", "# Mine").replace("| `mine` |", "| `theirs` |")
    assert accuracy.filled(changed, measured) == page.replace("# Accuracy", "# Mine")
    with pytest.raises(DataError, match="no place for the table 'All measures'"):
        accuracy.filled(page.replace("<!-- table: All measures -->", ""), measured)


def test_false_alarms_are_counted_on_windows_and_on_synthetic_roads(accuracy, monkeypatch, tiny_deepcrack):
    monkeypatch.setenv("UPCRACKNET_DATA", str(tiny_deepcrack))
    monkeypatch.setattr(accuracy, "CLEAN_TEST_SETS", ("deepcrack-deduplicated",))
    monkeypatch.setattr(accuracy, "clean_roads", lambda: clean_roads(2, 48, 64))
    found = accuracy.false_alarms(CrackDetector(Darkness(), Threshold(0.0)))
    assert [*found.values()] == [
        {"photos": 2, "pixels": 100.0, "photos_with_any": 100.0},
        {"photos": 2, "pixels": 100.0, "photos_with_any": 100.0},
    ]


def test_a_photo_that_cannot_be_read_stops_it(accuracy, data):
    damaged = data / "DeepCrack" / "test_img" / "0.jpg"
    damaged.write_bytes(damaged.read_bytes()[:-300])
    detector = CrackDetector(LocalContrast(), Threshold(0.1))
    with pytest.raises(DataError, match=rf"photos cannot be read \(1\): .*{damaged.name}"):
        accuracy.Measuring().part(detector, "paper")


def test_a_model_is_described_by_all_that_its_figures_depend_on(accuracy):
    detector = CrackDetector.from_pretrained("default")
    found = accuracy.description("default", detector)
    assert len(found["weights"]) == 64
    assert found["threshold"] == str(detector.threshold)
    assert found["scales"]
    classical = accuracy.description("local-contrast", CrackDetector.from_pretrained("local-contrast"))
    assert classical == {"threshold": "Otsu on each photo", "weights": None, "scales": None}


def test_without_data_it_says_what_to_do(accuracy, monkeypatch, tmp_path):
    monkeypatch.delenv("UPCRACKNET_DATA", raising=False)
    with pytest.raises(DataError, match="upcracknet data download"):
        accuracy.main("local-contrast", output=tmp_path)
    assert list(tmp_path.iterdir()) == []
