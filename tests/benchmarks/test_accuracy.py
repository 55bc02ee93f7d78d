import importlib.util
import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

from upcracknet.baselines.classical import LocalContrast
from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackDetector, Threshold
from upcracknet.errors import DataError
from upcracknet.evaluation.false_alarms import clean_roads, clean_windows

PATH = Path(__file__).parents[2] / "benchmarks" / "accuracy.py"


@pytest.fixture(scope="module")
def accuracy():
    specification = importlib.util.spec_from_file_location("accuracy_benchmark", PATH)
    module = importlib.util.module_from_spec(specification)
    sys.modules["accuracy_benchmark"] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    yield module
    del sys.modules["accuracy_benchmark"]


class Darkness:
    """Scores a pixel by how dark it is."""

    name = "darkness"
    input_size = None
    network = None

    def with_network(self, network, name=None):
        return self

    def score(self, images: torch.Tensor) -> torch.Tensor:
        return 1 - images.mean(dim=1)


@pytest.fixture
def found(accuracy, made_datasets, tiny_deepcrack):
    dark = CrackDetector(Darkness(), Threshold(0.7))
    detectors = {
        "ours": dark,
        "compared": dark,
        "local-contrast": CrackDetector(LocalContrast(), Threshold(0.1)),
    }
    datasets = {name: open_dataset(name, made_datasets) for name in accuracy.TEST_SETS}
    clean = [clean_windows(open_dataset("deepcrack", tiny_deepcrack)), clean_roads(2, 48, 64)]
    return list(accuracy.measure(detectors, datasets, clean))


def test_a_network_that_only_serves_to_compare_is_spared_native_size(accuracy, found):
    measured = [
        (one.model, one.photos.name)
        if isinstance(one, accuracy.Clean)
        else (one.model, one.test_set, one.result.protocol)
        for one in found
    ]
    everything = [
        *((name, protocol) for name in accuracy.TEST_SETS for protocol in ("paper", "native")),
        *(("windows of deepcrack",), ("synthetic roads",)),
    ]
    some = [("deepcrack", "paper"), ("deepcrack", "native"), ("cfd", "paper"), ("crack500", "paper")]
    assert measured == [
        *(("ours", *on) for on in everything),
        *(("compared", *on) for on in some),
        *(("local-contrast", *on) for on in everything),
    ]


def test_tables_hold_what_was_measured(accuracy, found):
    text = accuracy.markdown(found, ["`ours`: what it is."])
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 4
    comparison, measures, alarms, widths = (table.splitlines() for table in tables)
    assert (
        comparison[0] == "| pooled IoU | deepcrack, 2 images | cfd, 2 images | crack500-640x360, 2 images |"
    )
    assert "58.7 (trained on DeepCrack), 61.1 (trained on Crack500)" in comparison[2]
    assert "| 60.7 | 41.1 | 47.2 |" in comparison[3]
    assert comparison[-1].startswith("| **`ours`** | ")
    exact = found[0].result.whole.exact.scores
    assert f"| {100 * exact.precision:.2f} | {100 * exact.recall:.2f} |" in measures[2]
    assert measures[2].endswith("| – |")
    assert len(measures) == 2 + 6 + 4 + 6
    assert len(alarms) == 2 + 2 + 2
    assert len(widths) == 2 + 3 * 4
    assert all(line.startswith(f"| {name} |") for name, line in zip(["ours"] * 4, widths[2:6], strict=True))
    assert "- `ours`: what it is." in text
    assert "Incomplete" not in text


def test_the_record_is_json_with_all_figures(accuracy, found):
    records = json.loads(json.dumps([accuracy.record(one) for one in found]))
    assert records[0]["groups"][0]["tolerances"][0]["pooled"]["iou"] == found[0].iou
    assert records[1]["recall_by_width"][0]["up_to"] == 3
    assert records[7] == {"model": "ours", "photos": "synthetic roads", "figures": records[7]["figures"]}
    assert records[7]["figures"]["share"] == found[7].alarms.share


def test_what_cannot_be_read_is_said(accuracy, made_datasets, tmp_path):
    shutil.copytree(made_datasets, tmp_path / "data")
    damaged = tmp_path / "data" / "DeepCrack" / "test_img" / "0.jpg"
    datasets = {name: open_dataset(name, tmp_path / "data") for name in accuracy.TEST_SETS}
    damaged.write_bytes(damaged.read_bytes()[:300])
    detectors = {"local-contrast": CrackDetector(LocalContrast(), Threshold(0.1))}
    text = accuracy.markdown(list(accuracy.measure(detectors, datasets, [clean_roads(1, 48, 64)])), [])
    assert text.count("- **Incomplete**: local-contrast, deepcrack: ") == 2
    assert str(damaged) in text


def test_a_model_is_described_by_all_that_its_figures_depend_on(accuracy, small_model):
    detector = CrackDetector.from_pretrained(small_model)
    text = accuracy.describe(str(small_model), detector)
    assert text.startswith(f"`{small_model}`: UP-CrackNet (small), weights sha256 `")
    assert text.endswith("`, trained on none; threshold: Otsu on each photo.")
    classical = accuracy.describe("local-contrast", CrackDetector.from_pretrained("local-contrast"))
    assert classical == "`local-contrast`: local-contrast, no weights; threshold: Otsu on each photo."


def test_without_data_it_says_what_to_do(accuracy, monkeypatch, tmp_path):
    monkeypatch.delenv("UPCRACKNET_DATA", raising=False)
    with pytest.raises(DataError, match="upcracknet data download"):
        accuracy.main("local-contrast", str(tmp_path))
    assert list(tmp_path.iterdir()) == []
