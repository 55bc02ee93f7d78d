"""A folder for a model hub: it loads back, and its card says what was measured and no more."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from upcracknet import CrackDetector
from upcracknet.detection import CrackRemoverSettings
from upcracknet.detection.exporting import ExportOptions, export_model
from upcracknet.detection.pretrained import load_pretrained
from upcracknet.errors import ConfigurationError
from upcracknet.networks import CrackRemover
from upcracknet.weights import WeightsRecord, save_weights

ROOT = Path(__file__).parents[2]
FOR_HUB = ExportOptions("hub")


def front_matter(folder: Path) -> dict:
    """The YAML at the head of a card, as model hubs read it."""
    found = re.match(r"\A---\n(.*?)\n---\n", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return yaml.safe_load(found[1])


@pytest.fixture
def own(tmp_path) -> Path:
    """Weights of one's own, with settings that are not the usual ones."""
    torch.manual_seed(0)
    network, path = CrackRemover((4, 8)), tmp_path / "mine.safetensors"
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    settings = CrackRemoverSettings(level=0.4).to_dict()
    record = WeightsRecord("CrackRemover", {"widths": [4, 8]}, settings, {"data": "roads | mine", "seed": 7})
    save_weights(path, network.state_dict(), record, half_precision=True)
    return path


class TestOfOnesOwn:
    def test_it_loads_back(self, own, tmp_path, photo):
        folder = tmp_path / "hub"
        export_model(str(own), folder, FOR_HUB)
        assert sorted(file.name for file in folder.iterdir()) == [
            "README.md",
            "config.json",
            "model.safetensors",
        ]
        expected, found = load_pretrained(own), load_pretrained(folder)
        assert (found.sha256, found.settings) == (expected.sha256, expected.settings)
        masks = [CrackDetector.from_pretrained(model).detect(photo).mask for model in (own, folder)]
        np.testing.assert_array_equal(*masks)

    def test_tensors_keep_their_16_bits(self, own, tmp_path):
        export_model(str(own), tmp_path / "hub", FOR_HUB)
        tensors = load_file(tmp_path / "hub/model.safetensors")
        assert {tensor.dtype for tensor in tensors.values()} <= {torch.float16, torch.int64}

    def test_its_configuration(self, own, tmp_path):
        export_model(str(own), tmp_path / "hub", FOR_HUB)
        configuration = json.loads((tmp_path / "hub/config.json").read_text())
        assert configuration["library_name"] == "upcracknet"
        assert configuration["architectures"] == ["CrackRemover"]
        assert configuration["configuration"] == {"widths": [4, 8]}
        assert configuration["detection"]["level"] == 0.4
        assert configuration["weights_sha256"] == load_pretrained(own).sha256

    def test_its_card_invents_nothing(self, own, tmp_path):
        _, notes = export_model(str(own), tmp_path / "hub", FOR_HUB)
        front, text = front_matter(tmp_path / "hub"), (tmp_path / "hub/README.md").read_text()
        assert front["license"] == "unknown"
        assert front["library_name"] == "upcracknet"
        assert front["pipeline_tag"] == "image-segmentation"
        assert not {"metrics", "model-index"} & front.keys()
        assert "Not measured." in text
        assert any("licence" in note for note in notes)

    def test_again_it_is_replaced_and_what_is_of_others_is_not(self, own, tmp_path):
        folder = tmp_path / "hub"
        export_model(str(own), folder, FOR_HUB)
        export_model(str(own), folder, FOR_HUB)
        (tmp_path / "other").mkdir()
        (tmp_path / "other/README.md").write_text("mine")
        with pytest.raises(ConfigurationError, match=r"README\.md of something else"):
            export_model(str(own), tmp_path / "other", FOR_HUB)
        assert [file.name for file in (tmp_path / "other").iterdir()] == ["README.md"]

    def test_a_restorers_preset_is_kept(self, small_model, tmp_path, photo):
        export_model(str(small_model), tmp_path / "hub", ExportOptions("hub", preset="paper-running"))
        expected = CrackDetector.from_pretrained(small_model, preset="paper-running").detect(photo)
        found = CrackDetector.from_pretrained(tmp_path / "hub").detect(photo)
        np.testing.assert_allclose(found.score, expected.score, atol=1e-6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The shipped default, for a hub."""
    folder = tmp_path_factory.mktemp("hub") / "default"
    export_model("default", folder, FOR_HUB)
    return folder


class TestOfTheShippedModel:
    def test_its_figures_are_those_measured(self, folder):
        figures = json.loads((ROOT / "docs/results/figures.json").read_text())["measured"]["default"]
        assert (
            figures["detection"]["weights"]
            == json.loads((folder / "config.json").read_text())["weights_sha256"]
        )
        front = front_matter(folder)
        assert front["license"] == "apache-2.0"
        found = {
            result["dataset"]["type"]: {metric["type"]: metric["value"] for metric in result["metrics"]}
            for entry in front["model-index"]
            for result in entry["results"]
        }
        measures = ("iou", "precision", "recall", "f1")
        assert front["metrics"] == list(measures)
        assert found == {
            name: {measure: result[measure] for measure in measures}
            for name, result in figures["paper"].items()
        }

    def test_its_version_is_that_of_the_card_in_the_manual(self, folder):
        version = re.compile(r"^\| version \| ([\d.]+)", re.MULTILINE)
        manual = (ROOT / "docs/models/default.md").read_text()
        assert version.findall((folder / "README.md").read_text()) == version.findall(manual) != []

    def test_its_terms_are_those_of_the_card_in_the_manual(self, folder):
        manual = " ".join((ROOT / "docs/models/default.md").read_text().split())
        text = (folder / "README.md").read_text()
        terms = text.split("## Terms\n")[1].strip()
        assert terms.startswith("The photos of DeepCrack")
        assert terms in manual.replace(" ([guide](../guide.md))", "")

    def test_it_is_the_same_model(self, folder):
        assert load_pretrained(folder).sha256 == load_pretrained("default").sha256
