import json

import cv2
import pytest
import torch
from tests.training.runs import metrics_of, state_of

from upcracknet import CrackDetector
from upcracknet.networks import UNetGenerator
from upcracknet.training import recipe
from upcracknet.training.configuration import load_configuration
from upcracknet.training.recipe import train
from upcracknet.weights import load_weights

pytestmark = pytest.mark.xdist_group("a run")  # what all need is made once


def test_a_run_leaves_everything_in_one_folder(run):
    files = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert files == {
        "configuration.yaml",
        "run.json",
        "metrics.jsonl",
        "generator.safetensors",
        "checkpoints/last.ckpt",
        "samples/epoch-0001.png",
        ".upcracknet/lock",
    }


def test_the_configuration_is_kept_resolved(run, configure):
    assert load_configuration(run / "configuration.yaml") == configure()


def test_the_record_says_where_the_weights_come_from(run, configure):
    record = json.loads((run / "run.json").read_text())
    assert record["code"].startswith("0.")
    assert record["style_features"] == "random-filters-seed0"
    assert record["training_photos"] == 4
    assert record["data"] == f"{configure().data.photos}, train"
    assert record["configuration"]["optimizer"]["generator_learning_rate"] == 1e-4
    assert record["configuration"]["mask_edges"] == "sharp"
    assert {"torch", "pytorch_lightning", "processor", "threads", "seed", "devices"} <= set(record)
    provenance = load_weights(run / "generator.safetensors")[1].provenance
    assert record.pop("finished") is True
    assert provenance.items() >= record.items()
    assert provenance["method"] == "UP-CrackNet"
    assert provenance["images_seen"] == 4 * provenance["epoch"]


def test_metrics_tell_losses_speed_and_learning_rates(run):
    lines = metrics_of(run)
    assert [line["epoch"] for line in lines] == [1, 2]
    terms = ("mae", "ssim", "msgms", "style", "total")
    names = {f"{part}/{term}" for part in ("train", "validation") for term in terms}
    for line in lines:
        assert set(line) == {
            *(
                "epoch",
                "seconds",
                "images_per_second",
                "learning_rates",
                "train/adversarial",
                "train/discriminator",
            ),
            *names,
        }
        assert line["images_per_second"] > 0
        sums = [line[f"validation/{term}"] * (10 if term == "style" else 1) for term in terms[:-1]]
        assert line["validation/total"] == pytest.approx(
            sum(sums), abs=1e-5
        )  # eq. 7 with the paper's weights
    assert lines[0]["learning_rates"] == pytest.approx([1e-4, 4e-4])
    assert lines[1]["learning_rates"] == pytest.approx([1e-4 * 0.99, 4e-4 * 0.99])


def test_the_picture_shows_original_corrupted_and_restored(run):
    picture = cv2.imread(str(run / "samples" / "epoch-0001.png"))
    assert picture.shape == (3 * 64, 4 * 64, 3)
    assert (picture[64:128] == 0).all(axis=-1).mean() == 0.5


def test_a_detector_takes_the_run_folder(run, photo):
    detector = CrackDetector.from_pretrained(run)
    assert detector.scorer.input_size == 64
    assert detector.detect(photo).score.shape == (100, 150)


def test_the_weights_are_those_of_the_best_epoch(run):
    best = min(metrics_of(run), key=lambda line: line["validation/total"])
    tensors, record = load_weights(run / "generator.safetensors")
    assert record.provenance["epoch"] == best["epoch"] == 2
    assert record.provenance["validation_loss"] == best["validation/total"]
    last = state_of(run)["state_dict"]
    assert all(torch.equal(value, last[f"generator.{name}"]) for name, value in tensors.items())


def test_a_checkpoint_holds_the_two_networks_alone(run):
    assert {name.split(".")[0] for name in state_of(run)["state_dict"]} == {"generator", "discriminator"}


def test_the_generator_passes_once_a_training_step(configure, train_quietly, tmp_path, monkeypatch):
    passes = {True: 0, False: 0}
    forward = UNetGenerator.forward

    def counted(network, corrupted):
        passes[network.training] += 1
        return forward(network, corrupted)

    monkeypatch.setattr(UNetGenerator, "forward", counted)
    train_quietly(configure(epochs="1"), tmp_path)
    assert passes[True] == 2  # four patches, two a step
    assert passes[False] == 2 + 1  # validation and the picture


def test_progress_goes_to_standard_error(configure, tmp_path, capsys):
    train(configure(epochs="1"), tmp_path, device="cpu")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "epoch 1/1" in printed.err
    assert "images/s" in printed.err


@pytest.mark.parametrize(
    ("allowed", "processes", "threads"),
    [("", 1, 8), ("3", 1, 3), ("3", 4, 2), ("99", 1, 8), ("0", 1, 8), ("4,2", 1, 8), ("1", 16, 1)],
)
def test_threads_are_shared_and_no_more_than_the_user_allows(allowed, processes, threads, monkeypatch):
    monkeypatch.setattr(recipe, "usable_cores", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", allowed)
    assert recipe.threads_of_each(processes) == threads
