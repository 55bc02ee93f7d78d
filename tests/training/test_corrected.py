"""Corrected photos are learned from, and what is learned serves the next photos."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from upcracknet.data.backgrounds import LabelledPhoto, Labels
from upcracknet.detection import CrackDetector
from upcracknet.errors import DataError
from upcracknet.evaluation.metrics import ConfusionCounts, Scores, count
from upcracknet.results import DetectionOptions, open_detection, read_results
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction
from upcracknet.training.configuration import load_configuration
from upcracknet.training.corrected import RIM, SURE, corrected_photos, target
from upcracknet.training.crack_remover import HIGHEST_HYSTERESIS, LOWEST_LEVEL, CrackRemoverTraining
from upcracknet.training.patches import painted_patches
from upcracknet.training.recipe import train
from upcracknet.weights import load_weights, save_weights

pytestmark = pytest.mark.xdist_group("a corrected survey")  # what all need is made once

TINY = {
    "method": "crack-remover",
    "data.photos": "[]",
    "data.size": "32",
    "data.patches_per_epoch": "128",
    "data.validation_patches": "8",
    "painting.cracked": "0",
    "painting.shrinking": "[0.8, 1.2]",
    "painting.covered": "0",
    "corrections.share": "1.0",
    "widths": "[6, 8, 12]",
    "pyramid": "1",
    "batch_size": "16",
    "epochs": "5",
    "learning_rate": "1e-2",
    "restoration_weight": "0",
    "workers": "0",
    "precision": "32",
}


def road(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A new kind of road: what is bright is a crack, what is dark is none."""
    generator = np.random.default_rng(seed)
    photo = generator.normal(110, 12, (48, 48, 3))
    mask = np.zeros((48, 48), bool)
    column, row = generator.integers(6, 40, 2)
    mask[:, column : column + 3] = True
    photo[row : row + 3] = 40
    photo[mask] = 220
    return photo.clip(0, 255).astype(np.uint8), mask


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Twenty photos of a new kind of road, all corrected but for two; gives the result folder."""
    folder = tmp_path_factory.mktemp("survey")
    (folder / "photos").mkdir()
    for number in range(20):
        cv2.imwrite(str(folder / f"photos/{number:02}.png"), road(number)[0])
    options = DetectionOptions("local-contrast", runtime="torch")
    with open_detection([str(folder / "photos")], folder / "out", options, None) as detection:
        detection.run(lambda record: None)
    results = read_results(folder / "out")
    for number in range(18):
        write_correction(results, Correction(f"{number:02}.png", "corrected"), road(number)[1])
    write_correction(results, Correction("18.png", "rejected", reason="joint"))
    return folder / "out"


def configuration(folder, **more: str):
    return load_configuration(None, TINY | {"corrections.results": f"[{folder}]"} | more)


def iou(model) -> float:
    detector, total = CrackDetector.from_pretrained(model), ConfusionCounts()
    for seed in range(1000, 1050):
        photo, mask = road(seed)
        total += count(detector.detect(photo).mask, mask)
    return Scores.of(total).iou


@pytest.fixture(scope="module")
def run(found, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "corrected"
    train(configuration(found), folder, device="cpu", progress=False)
    return folder


def test_twenty_corrected_photos_make_the_next_fifty_better(run):
    assert iou("local-contrast") < 0.2, "the new kind fools what was there before"
    assert iou(run) > 0.6


def test_the_record_says_that_people_helped(run, found):
    _, record = load_weights(run / "crack-remover.safetensors")
    facts = record.provenance["corrections"]
    assert facts["supervision"].startswith("optional")
    assert (facts["accepted"], facts["corrected"], facts["rejected"]) == (0, 18, 1)
    assert facts["photos"] == [f"{number:02}.png" for number in range(19)]
    assert facts["left_out"] == [] and facts["results"] == [str(found)]
    assert record.provenance["data"] == "synthetic roads"
    assert json.loads((run / "run.json").read_text())["corrections"] == facts


def test_what_goes_on_from_it_still_says_so_and_detects_as_it_does(run, found, tmp_path):
    more = {"initial_weights": str(run), "epochs": "1", "data.patches_per_epoch": "16"}
    weights = train(configuration(found, **more), tmp_path / "run", device="cpu", progress=False)
    _, record = load_weights(weights)
    assert record.provenance["initial_weights"]["corrections"]["corrected"] == 18
    assert record.detection == load_weights(run / "crack-remover.safetensors")[1].detection


@pytest.mark.parametrize("blend", [0.0, 0.25, 1.0])
def test_the_kept_weights_lie_between_the_start_and_the_trained_ones(run, found, blend):
    more = {"initial_weights": str(run), "corrections.blend": str(blend)}
    method = CrackRemoverTraining(configuration(found, **more))
    with torch.no_grad():
        for tensor in method.average.module.state_dict().values():
            tensor.add_(1)
    start = load_weights(run / "crack-remover.safetensors")[0]
    for name, kept in method.trained_network().state_dict().items():
        moved = blend if kept.is_floating_point() else 1
        assert torch.allclose(kept, start[name] + moved, atol=1e-5), name


def test_without_corrections_or_a_start_nothing_is_blended(run, found):
    for more in ({"initial_weights": str(run), "corrections.results": "[]"}, {}):
        method = CrackRemoverTraining(configuration(found, **more))
        assert method.trained_network() is method.average.module


def test_settings_for_a_surer_network_are_not_inherited(run, found, tmp_path):
    tensors, record = load_weights(run / "crack-remover.safetensors")
    sure = {"level": 0.6, "hysteresis": 0.99, "minimum_extent": 16}
    save_weights(tmp_path / "sure.safetensors", tensors, replace(record, detection=sure))
    more = {"initial_weights": str(tmp_path / "sure.safetensors")}
    settings = CrackRemoverTraining(configuration(found, **more)).detection_settings()
    assert settings == sure | {"level": LOWEST_LEVEL, "hysteresis": HIGHEST_HYSTERESIS}
    more["corrections.results"] = "[]"
    assert CrackRemoverTraining(configuration(found, **more)).detection_settings() == sure


def test_an_interrupted_run_goes_on(found, tmp_path):
    short = configuration(found, **{"epochs": "2", "data.patches_per_epoch": "16"})
    train(short, tmp_path / "run", device="cpu", progress=False, maximum_minutes=1e-9)
    assert len((tmp_path / "run/metrics.jsonl").read_text().splitlines()) == 1
    train(short, tmp_path / "run", device="cpu", progress=False)
    assert len((tmp_path / "run/metrics.jsonl").read_text().splitlines()) == 2


def test_some_photos_are_kept_apart_for_validation(found):
    corrected = corrected_photos([str(found)], 0.1, seed=0)
    assert (len(corrected.training), len(corrected.validation)) == (17, 2)
    again = corrected_photos([str(found)], 0.1, seed=0)
    assert np.array_equal(again.validation[0].photo, corrected.validation[0].photo)
    pictures = [
        photo.photo.tobytes() for part in (corrected.training, corrected.validation) for photo in part
    ]
    assert len(set(pictures)) == 19


def test_patches_have_the_truth_of_the_corrections(found):
    more = {"painting.shrinking": "[1, 1]", "painting.squeezed": "0"}
    patch = painted_patches(configuration(found, **more)).validation[0]
    bright = patch.photo.mean(0) > 0.7
    assert bright.sum() > 60
    assert (patch.crack.bool() & patch.known.bool())[bright].float().mean() > 0.9
    dark = patch.photo.mean(0) < 0.25
    assert not (patch.crack.bool() & patch.known.bool())[dark].any()


def test_a_pixel_beside_a_crack_and_what_no_road_was_are_not_known():
    mask, looked_at = np.zeros((30, 30), bool), np.ones((30, 30), bool)
    mask[10:13], looked_at[:, 25:] = True, False
    photo = LabelledPhoto(np.zeros((30, 30, 3), np.uint8), target(mask, looked_at))
    piece = Labels([photo], 1.0, SURE, RIM).piece(30, 30, np.random.default_rng(0))
    assert np.array_equal(piece.crack, mask & looked_at)
    known = np.ones((30, 30), bool)
    known[[9, 13]], known[:, 24:] = False, False
    known[10:13, 24] = True
    assert np.array_equal(piece.known, known)


def test_a_photo_that_is_gone_costs_no_other(found, tmp_path):
    facts = corrected_photos([str(found)], 0.0, 0).facts["corrections"]
    photo = found.parent / "photos" / "03.png"
    content = photo.read_bytes()
    photo.unlink()
    try:
        fewer = corrected_photos([str(found)], 0.0, 0).facts["corrections"]
    finally:
        photo.write_bytes(content)
    assert fewer["corrected"] == facts["corrected"] - 1
    assert len(fewer["left_out"]) == 1 and "03.png" in fewer["left_out"][0]


def test_nothing_to_learn_from(photo, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), photo)
    options = DetectionOptions("local-contrast", runtime="torch")
    with open_detection([str(tmp_path / "a.png")], tmp_path / "out", options, None) as detection:
        detection.run(lambda record: None)
    with pytest.raises(DataError, match="no photo there that a person looked at"):
        corrected_photos([str(tmp_path / "out")], 0.1, 0)
    with pytest.raises(DataError, match="no result folder"):
        corrected_photos([str(tmp_path)], 0.1, 0)
    with pytest.raises(DataError, match="give --photos FOLDER, or --corrections RESULTS"):
        painted_patches(load_configuration(None, TINY))
