import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from upcracknet import CrackDetector
from upcracknet.cli.main import run as detect
from upcracknet.data.painted import PaintedPatch
from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import ConfigurationError
from upcracknet.training.configuration import load_configuration
from upcracknet.training.crack_remover import CrackRemoverTraining, moving_average, restoration_error
from upcracknet.training.recipe import train
from upcracknet.weights import load_weights


@pytest.fixture(scope="module")
def configure(crack_free):
    """Configurations of tiny runs: four photos to paint on, two for validation, two patches a step."""

    def configure(**overrides: str):
        tiny = {
            "method": "crack-remover",
            "data.photos": str(crack_free),
            "data.size": "32",
            "data.window_sizes": "[32, 64]",
            "data.validation_share": "0.34",
            "data.patches_per_epoch": "4",
            "data.validation_patches": "2",
            "painting.synthetic": "0",
            "widths": "[4, 6, 8]",
            "pyramid": "1",
            "batch_size": "2",
            "epochs": "2",
            "workers": "0",
            "precision": "32",
        }
        return load_configuration(
            None, tiny | {key.replace("__", "."): text for key, text in overrides.items()}
        )

    return configure


@pytest.fixture(scope="module")
def run(configure, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "two"
    train(configure(), folder, device="cpu", progress=False)
    return folder


def test_a_run_leaves_everything_in_one_folder(run, configure):
    files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert files == {
        "configuration.yaml",
        "run.json",
        "metrics.jsonl",
        "crack-remover.safetensors",
        "checkpoints/last.ckpt",
        "samples/epoch-0001.png",
        ".upcracknet/lock",
    }
    assert load_configuration(run / "configuration.yaml") == configure()
    picture = cv2.imread(str(run / "samples" / "epoch-0001.png"))
    assert picture.shape == (3 * 32, 2 * 32, 3)


def test_the_record_says_where_the_weights_come_from(run, configure):
    tensors, record = load_weights(run / "crack-remover.safetensors")
    assert record.architecture == "CrackRemover"
    assert record.configuration == {"widths": [4, 6, 8], "refinement_channels": 8, "pyramid": 1}
    assert record.provenance["method"] == "crack remover"
    assert record.provenance["training_photos"] == 4
    assert record.provenance["images_seen"] == 4 * record.provenance["epoch"]
    assert record.provenance["data"] == f"{configure().data.photos[0]}, train"
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


def test_metrics_tell_losses_and_learning_rates(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    for line in lines:
        for part in ("train", "validation"):
            total = line[f"{part}/segmentation"] + 5 * line[f"{part}/restoration"]
            assert line[f"{part}/total"] == pytest.approx(total, abs=1e-4)
    assert lines[-1]["learning_rates"][0] < lines[0]["learning_rates"][0]


def test_a_detector_takes_the_run_folder(run):
    photo = np.random.default_rng(0).integers(90, 160, (70, 45, 3), np.uint8)
    crack_map = CrackDetector.from_pretrained(run).detect(photo)
    assert crack_map.score.shape == (70, 45)
    assert crack_map.threshold == 0.5


def test_an_interrupted_run_gives_the_same_weights(configure, run, tmp_path):
    folder = tmp_path / "run"
    train(configure(), folder, device="cpu", progress=False, maximum_minutes=1e-9)
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == 1
    train(configure(), folder, device="cpu", progress=False)
    whole, parts = (
        torch.load(path / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for path in (run, folder)
    )
    for name, tensor in whole.items():
        torch.testing.assert_close(parts[name], tensor, msg=name)


def test_another_method_or_schedule_needs_another_folder(configure, run):
    with pytest.raises(ConfigurationError, match="different: epochs"):
        train(configure(epochs="3"), run, device="cpu", progress=False)
    other = load_configuration(None, {"data.photos": configure().data.photos[0], "data.window_sizes": "[48]"})
    with pytest.raises(ConfigurationError, match="different: method"):
        train(other, run, device="cpu", progress=False)


def test_a_second_round_starts_from_weights_and_learns_from_scores(configure, run, tmp_path):
    photo, labels = tmp_path / "a.png", tmp_path / "labels"
    save_image_atomically(photo, np.full((40, 50, 3), 120, np.uint8))
    assert detect(["detect", str(photo), "-o", str(labels), "--model", str(run), "--scores", "png"]) == 0
    second = configure(
        initial_weights=str(run / "crack-remover.safetensors"),
        self_training__results=f"[{labels}]",
        self_training__share="1.0",
        self_training__sure="[0, 0]",  # all is crack
        pyramid="3",
        data__size="48",
        epochs="1",
    )
    module = CrackRemoverTraining(second)
    first, before = load_weights(run / "crack-remover.safetensors")
    state = module.network.state_dict()
    assert not state["coarser.weight"].any()
    for name, tensor in first.items():
        torch.testing.assert_close(state[name], tensor)
    weights = train(second, tmp_path / "second", device="cpu", progress=False)
    tensors, record = load_weights(weights)
    assert tensors["coarser.weight"].any()
    assert not torch.equal(tensors["detail.weight"], first["detail.weight"])
    assert record.provenance["initial_weights"]["sha256"] == before.sha256
    assert record.images_seen == before.images_seen + 4 > before.images_seen > 0
    line = json.loads((tmp_path / "second" / "metrics.jsonl").read_text())
    assert line["train/restoration"] == 0  # what lies beneath real cracks is not known


def test_restoration_counts_only_where_the_road_is_known():
    restored = torch.full((2, 3, 8, 8), 0.5)
    batch = PaintedPatch(
        torch.zeros(2, 3, 8, 8),
        torch.stack([torch.full((3, 8, 8), 0.4), torch.zeros(3, 8, 8)]),
        torch.zeros(2, 8, 8),
        torch.ones(2, 8, 8),
        torch.tensor([1.0, 0.0]),
    )
    assert restoration_error(restored, batch) == pytest.approx(0.1, abs=1e-6)


def test_the_average_forgets_its_beginning_and_then_follows_slowly():
    follow = moving_average(0.9)
    value, count = torch.tensor([100.0]), torch.tensor([7])
    for step in range(1, 200):
        follow([value, count], [torch.tensor([1.0]), torch.tensor([step])], torch.tensor(step))
    assert value.item() == pytest.approx(1.0, abs=1e-3)
    assert count.item() == 199
    slow = torch.tensor([0.0])
    follow([slow], [torch.tensor([1.0])], 10_000)
    assert slow.item() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"widths": "[8]"}, "`widths` must hold at least two layers"),
        ({"data.size": "33"}, "multiple of 8"),
        ({"painting.cracked": "2"}, "`painting.cracked` must lie in"),
        ({"painting.camera": "-0.1"}, "`painting.camera` must lie in"),
        ({"painting.fine": "0.8", "painting.wide": "0.3"}, "must be 1 together at most"),
        ({"painting.surfaces": "[]"}, "`painting.surfaces` must name at least one surface"),
        ({"painting.surfaces": "[sand]"}, "`painting.surfaces`: expected"),
        ({"painting.widths": "[3, 1]"}, "`painting.widths` must be two numbers"),
        ({"self_training.sure": "[0.7, 0.3]"}, "`self_training.sure`"),
        ({"learning_rate": "0"}, "`learning_rate`: expected a number above 0, found 0"),
        ({"method": "magic"}, "expected one of crack-remover, up-cracknet, .* found 'magic'; unknown key"),
        ({"method": "[magic]"}, "expected one of crack-remover, up-cracknet"),
        ({"painting.colour": "red"}, "unknown key `painting.colour`"),
    ],
)
def test_impossible_values_are_named(wrong, message):
    tiny = {"method": "crack-remover", "widths": "[4, 6, 8]", "pyramid": "1", "data.size": "32"}
    with pytest.raises(ConfigurationError, match=message):
        load_configuration(None, tiny | wrong)
