import pytest
import torch
from torch.nn import functional as F

from upcracknet.baselines.supervised.deepcrack19 import REFINED_LEVEL, Deepcrack19, refine
from upcracknet.baselines.supervised.scorer import normalise
from upcracknet.detection.crack_remover_scorer import CrackRemoverScorer
from upcracknet.detection.pretrained import load_network, load_pretrained, weights_path
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.networks import CrackRemover, UNetGenerator
from upcracknet.runtime.engine import Engine
from upcracknet.weights import WeightsRecord, load_weights, save_weights


def write(path, configuration=None, detection=None, architecture="UNetGenerator"):
    record = WeightsRecord(architecture, configuration or {"filters": 2, "depth": 3}, detection or {}, {})
    save_weights(path, UNetGenerator(2, 3).state_dict(), record)
    return path


def test_the_settings_of_the_weights_are_taken(tmp_path):
    path = write(
        tmp_path / "m.safetensors", None, {"input_size": 64, "level_floor": 0.2, "minimum_extent": 7}
    )
    model = load_pretrained(path)
    scorer, threshold = model.scorer, model.threshold
    assert (scorer.input_size, threshold.floor, threshold.minimum_extent) == (64, 0.2, 7)
    assert scorer.name == "UP-CrackNet (m)"
    model = load_pretrained(path, "paper-running")
    scorer, threshold = model.scorer, model.threshold
    assert (threshold.floor, threshold.minimum_extent, scorer.settings.statistics) == (0, 0, "running")
    assert scorer.name == "UP-CrackNet (m, preset paper-running)"


def test_a_model_has_one_identity(tmp_path):
    path = write(tmp_path / "m.safetensors")
    assert load_pretrained(path).sha256 == load_weights(path)[1].sha256
    moved = save_weights(tmp_path / "n.safetensors", *load_weights(path))
    assert load_pretrained(tmp_path / "n.safetensors").sha256 == moved.sha256 == load_pretrained(path).sha256
    assert load_pretrained("sauvola").sha256 is None


def test_without_a_choice_pytorch_runs_the_network():
    assert load_pretrained("up-cracknet-32").engine == Engine("torch", "fp32")


def test_a_network_is_loaded_as_training_left_it(tmp_path):
    path = write(tmp_path / "m.safetensors")
    tensors, _ = load_weights(path)
    for name, value in load_network(path).state_dict().items():
        assert torch.equal(value, tensors[name])


def test_a_run_folder_stands_for_its_weights(tmp_path):
    path = write(tmp_path / "generator.safetensors")
    assert weights_path(tmp_path) == path


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"architecture": "Transformer"},
            "weights of a 'Transformer', expected one of CrackRemover",
        ),
        ({"configuration": {"wings": 2}}, "settings of another version"),
        ({"detection": {"wings": 2}}, "unknown detection settings wings"),
        ({"detection": {"input_size": 100}}, "input size 100, expected a multiple of 8"),
        ({"detection": {"input_size": "wide"}}, "settings of another version"),
        ({"configuration": {"filters": 4, "depth": 3}}, "another architecture"),
    ],
)
def test_weights_that_do_not_fit_are_one_clear_line(tmp_path, wrong, message):
    with pytest.raises(WeightsError, match=message) as caught:
        load_pretrained(write(tmp_path / "m.safetensors", **wrong))
    assert "m.safetensors" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_papers_weights_come_with_its_procedure_or_with_calibrated_settings():
    plain, calibrated = load_pretrained("up-cracknet-32"), load_pretrained("up-cracknet-32-calibrated")
    assert (plain.scorer.settings.error, plain.threshold.floor) == ("squared", 0)
    assert calibrated.scorer.settings.error == "absolute"
    assert calibrated.threshold.floor > 0
    assert plain.sha256 == calibrated.sha256


def test_the_default_removes_cracks():
    model = load_pretrained("default")
    assert isinstance(model.scorer, CrackRemoverScorer)
    settings = model.scorer.settings
    assert (model.threshold.level, model.threshold.hysteresis) == (settings.level, settings.hysteresis)


def test_deepcrack19_can_refine_its_answer(tmp_path):
    network, path = Deepcrack19().eval(), tmp_path / "network.safetensors"
    save_weights(path, network.state_dict(), WeightsRecord("deepcrack19", {}, {}, {}))
    images = torch.rand(1, 3, 40, 56)  # no multiples of 16: continued, and cut again
    plain, model = load_pretrained(path).scorer, load_pretrained(path, "guided-filter")
    refined = model.scorer
    assert model.threshold.level == REFINED_LEVEL
    padded = F.pad(normalise(images), (0, 8, 0, 8), mode="replicate")
    with torch.no_grad():
        first = network.side_outputs(padded)[:, 0, :40, :56].sigmoid()
    expected = refine(plain.score(images), first).clamp(0, 1)
    torch.testing.assert_close(refined.score(images), expected)
    assert (refined.score(images) - plain.score(images)).abs().max() > 0.1


@pytest.mark.parametrize(
    ("model", "preset", "message"),
    [
        (
            "default",
            "authors",
            "default.safetensors: crack remover has no preset 'authors'; leave --preset out",
        ),
        ("up-cracknet-32", "guided-filter", "or take one of paper, paper-running, authors"),
        ("sauvola", "paper", "sauvola: Sauvola's threshold has no preset 'paper'; leave --preset out"),
    ],
)
def test_a_preset_that_a_system_does_not_have(model, preset, message):
    with pytest.raises(ConfigurationError, match=message):
        load_pretrained(model, preset)


def test_the_name_of_a_run_is_that_of_its_folder(tmp_path):
    record = WeightsRecord("CrackRemover", {"widths": [4, 6, 8]}, {}, {})
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        weights = CrackRemover((4, 6, 8)).state_dict()
        save_weights(tmp_path / name / "crack-remover.safetensors", weights, record)
        assert load_pretrained(tmp_path / name).scorer.name.endswith(f"({name})")
