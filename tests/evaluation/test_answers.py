"""A result folder's masks against what people said of them: counts that are known by hand."""

import json

import cv2
import numpy as np
import pytest

from upcracknet.cli.evaluate import evaluate
from upcracknet.cli.main import run
from upcracknet.data.registry import open_dataset
from upcracknet.errors import ConfigurationError, DataError
from upcracknet.evaluation.answers import of_results, reviewed_dataset
from upcracknet.evaluation.evaluate import compare
from upcracknet.evaluation.metrics import ConfusionCounts
from upcracknet.evaluation.plan import learned_from, plan_evaluation
from upcracknet.evaluation.protocol import NATIVE
from upcracknet.evaluation.report import to_markdown
from upcracknet.networks import CrackRemover
from upcracknet.results import read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.weights import WeightsRecord, save_weights

BAR = np.s_[10:14, 10:50]  # 160 pixels
SHIFTED = np.s_[12:16, 10:50]  # half of it on the bar


@pytest.fixture
def results(tmp_path):
    """Five photos in which a bar was found: accepted, corrected, rejected, and two that nobody looked at."""
    (tmp_path / "photos").mkdir()
    for name in "abcde":
        photo = np.full((40, 60, 3), 200, np.uint8)
        photo[BAR] = 0
        cv2.imwrite(str(tmp_path / f"photos/{name}.png"), photo)
    words = ["detect", str(tmp_path / "photos"), "-o", str(tmp_path / "out"), "--model", "local-contrast"]
    assert run([*words, "--no-measure"]) == 0
    found = read_results(tmp_path / "out")
    mask = np.zeros((40, 60), np.uint8)
    mask[BAR] = 255
    for name in "abcde":
        cv2.imwrite(str(found.file(f"masks/{name}.png.png")), mask)
    shifted = np.zeros((40, 60), bool)
    shifted[SHIFTED] = True
    write_correction(found, Correction("a.png", "accepted"))
    write_correction(found, Correction("b.png", "corrected"), shifted)
    write_correction(found, Correction("c.png", "rejected", reason="joint"))
    return found


def test_counts_of_stored_masks(results, tmp_path):
    dataset, notes = reviewed_dataset(results)
    result = compare(of_results(dataset), dataset, NATIVE, notes=tuple(notes), output=tmp_path / "report")
    # Accepted 160 right; corrected 80 right, 80 false, 80 missed; rejected 160 false.
    assert result.whole.exact.counts == ConfusionCounts(240, 240, 80, 3 * 2400 - 560, 240)
    assert [item.name for item in result.items] == ["a.png", "b.png", "c.png"]
    assert result.model == "local-contrast (stored)" and result.complete
    assert result.notes == (
        "Compared with what people said of 3 photos: 1 accepted, 1 corrected, 1 rejected. 2 others are left "
        "out.",
    )
    assert "- Compared with what people said of 3 photos" in to_markdown([result])
    assert (tmp_path / "report" / "panels.png").is_file()


def test_the_command(results, tmp_path, capsys):
    assert evaluate(str(results.path), output=tmp_path / "e", baseline=False) == 0
    printed = capsys.readouterr()
    (figures,) = json.loads(printed.out)["results"]
    assert figures["groups"][0]["tolerances"][0]["pooled"]["iou"] == pytest.approx(240 / 560)
    assert "Compared with what people said of 3 photos" in printed.err
    assert (tmp_path / "e" / "out-native" / "local-contrast-stored" / "evaluation.md").is_file()
    # A model finds the cracks again.
    assert evaluate(str(results.path), model="local-contrast", output=tmp_path / "e", baseline=False) == 0
    (again,) = json.loads(capsys.readouterr().out)["results"]
    assert again["model"] == "local-contrast" and again["groups"][0]["images"] == 3


def test_stored_masks_have_one_size(results):
    with pytest.raises(ConfigurationError, match=r"the masks of .* have the size of their photos"):
        plan_evaluation(str(results.path), protocol="paper")


@pytest.mark.parametrize(
    "option", [{"preset": "paper"}, {"runtime": "onnx"}, {"precision": "int8"}, {"device": "cpu"}]
)
def test_stored_masks_are_not_found_again_in_another_way(results, option):
    (name,) = option
    with pytest.raises(ConfigurationError, match=f"--{name} .*: the masks of .* are there already"):
        plan_evaluation(str(results.path), **option)


def test_a_result_folder_has_no_parts(results):
    with pytest.raises(ConfigurationError, match=r"--split val: .* is a result folder"):
        plan_evaluation(str(results.path), split="val", model="local-contrast")


def test_a_mask_that_is_gone_is_named(results):
    results.file("masks/b.png.png").unlink()
    dataset, _ = reviewed_dataset(results)
    result = compare(of_results(dataset), dataset, NATIVE)
    assert [name for name, _ in result.unreadable] == ["b.png"] and result.whole.images == 2


def test_nobody_looked(results):
    for name in "abc":
        (results.path / "corrections" / f"{name}.png.json").unlink()
    with pytest.raises(DataError, match="no photo there has a correction"):
        reviewed_dataset(results)


def test_photos_that_a_model_learned_from_are_named(results, tmp_path):
    network = CrackRemover((4, 6, 8), 8, 1)
    arguments = {"widths": [4, 6, 8], "refinement_channels": 8, "pyramid": 1}
    before = {"corrections": {"photos": ["b.png", "elsewhere.png"]}}
    record = WeightsRecord(
        "CrackRemover", arguments, {}, {"corrections": {"photos": ["a.png"]}, "initial_weights": before}
    )
    path = tmp_path / "corrected.safetensors"
    save_weights(path, network.state_dict(), record)
    plan = plan_evaluation(str(results.path), model=str(path), baseline=False)
    (comparison,) = plan.comparisons
    assert comparison.learned == {"a.png", "b.png"}
    assert (
        comparison.notes[-1]
        == f"{path} learned from 3 corrected photos; by their names, 2 of these are among them."
    )
    result = compare(comparison.answerer, plan.dataset, NATIVE, learned=comparison.learned)
    assert [(group.name, group.images) for group in result.groups] == [("all", 3), ("not learned from", 1)]
    assert learned_from("default", plan.dataset) == (frozenset(), [])
    # A folder of the same photos names them without suffixes.
    for part in ("images", "masks"):
        (tmp_path / "folder" / part).mkdir(parents=True)
        for name in "bz":
            cv2.imwrite(str(tmp_path / "folder" / part / f"{name}.png"), np.zeros((40, 60), np.uint8))
    learned, _ = learned_from(str(path), open_dataset(tmp_path / "folder"))
    assert learned == {"b"}
