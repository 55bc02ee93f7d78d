import pytest
import torch
from torch.nn import functional as F

from upcracknet.baselines.supervised.deepcrack19 import Deepcrack19
from upcracknet.baselines.supervised.deepcrack19_refinement import REFINED_LEVEL, refine
from upcracknet.baselines.supervised.scorer import normalise
from upcracknet.detection.acceleration import can_be_exported
from upcracknet.detection.crack_remover_scorer import CrackRemoverScorer
from upcracknet.detection.pretrained import load_scorer
from upcracknet.errors import ConfigurationError, WeightsError
from upcracknet.networks import UNetGenerator
from upcracknet.weights import WeightsRecord, save_weights


def write(path, configuration=None, detection=None, architecture="UNetGenerator"):
    record = WeightsRecord(architecture, configuration or {"filters": 2, "depth": 3}, detection or {}, {})
    save_weights(path, UNetGenerator(2, 3).state_dict(), record)
    return path


def test_the_settings_of_the_weights_are_taken(tmp_path):
    path = write(
        tmp_path / "m.safetensors", None, {"input_size": 64, "level_floor": 0.2, "minimum_extent": 7}
    )
    scorer, threshold = load_scorer(path)
    assert (scorer.input_size, threshold.floor, threshold.minimum_extent) == (64, 0.2, 7)
    assert scorer.name == "UP-CrackNet (m, calibrated)"
    scorer, threshold = load_scorer(path, "paper-running")
    assert (threshold.floor, threshold.minimum_extent, scorer.settings.statistics) == (0, 0, "running")
    assert scorer.name == "UP-CrackNet (m, preset paper-running)"


def test_an_uncalibrated_model_says_so(tmp_path):
    assert load_scorer(write(tmp_path / "m.safetensors"))[0].name == "UP-CrackNet (m, not calibrated)"


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
        load_scorer(write(tmp_path / "m.safetensors", **wrong))
    assert "m.safetensors" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_papers_weights_come_with_its_procedure_or_with_calibrated_settings():
    scorer, threshold = load_scorer("up-cracknet-32")
    assert (scorer.settings.error, threshold.floor) == ("squared", 0)
    scorer, threshold = load_scorer("up-cracknet-32-calibrated")
    assert scorer.settings.error == "absolute"
    assert threshold.floor > 0


def test_the_default_removes_cracks_and_knows_no_presets():
    scorer, threshold = load_scorer("default")
    assert isinstance(scorer, CrackRemoverScorer)
    assert (threshold.fixed_level, threshold.hysteresis) == (
        scorer.settings.level,
        scorer.settings.hysteresis,
    )
    with pytest.raises(ConfigurationError, match="is for restorers"):
        load_scorer("default", "authors")


def test_deepcrack19_can_refine_its_answer(tmp_path):
    network, path = Deepcrack19().eval(), tmp_path / "network.safetensors"
    save_weights(path, network.state_dict(), WeightsRecord("deepcrack19", {}, {}, {}))
    images = torch.rand(1, 3, 40, 56)  # no multiples of 16: continued, and cut again
    plain, _ = load_scorer(path)
    refined, threshold = load_scorer(path, "guided-filter")
    assert threshold.fixed_level == REFINED_LEVEL
    assert not can_be_exported(refined)
    padded = F.pad(normalise(images), (0, 8, 0, 8), mode="replicate")
    with torch.no_grad():
        first = network.side_outputs(padded)[:, 0, :40, :56].sigmoid()
    expected = refine(plain.score(images), first).clamp(0, 1)
    torch.testing.assert_close(refined.score(images), expected)
    assert (refined.score(images) - plain.score(images)).abs().max() > 0.1


@pytest.mark.parametrize("model", ["default", "up-cracknet-32"])
def test_other_models_have_no_guided_filter(model):
    with pytest.raises(ConfigurationError, match="'guided-filter' is for weights of deepcrack19"):
        load_scorer(model, "guided-filter")
