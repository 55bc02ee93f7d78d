import errno
import json
import os
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from upcracknet import CrackDetector
from upcracknet.errors import ConfigurationError, DataError, OutputError, WeightsError
from upcracknet.networks import UNetGenerator
from upcracknet.training import checkpoint, recipe
from upcracknet.training.callbacks import RestoredSamples
from upcracknet.training.configuration import load_configuration
from upcracknet.training.recipe import train
from upcracknet.training.up_cracknet import AdversarialRestoration
from upcracknet.weights import load_weights


@pytest.fixture(scope="module")
def train_quietly():
    """Trains on the processor without progress."""

    def run(configuration, folder, **options):
        return train(configuration, folder, device="cpu", progress=False, **options)

    return run


@pytest.fixture(scope="module")
def run(configure, train_quietly, tmp_path_factory) -> Path:
    """The folder of a run of two epochs."""
    folder = tmp_path_factory.mktemp("runs") / "two"
    train_quietly(configure(), folder)
    return folder


def metrics_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def state_of(run: Path) -> dict:
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)


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


def test_a_resumed_run_gives_the_same_numbers(configure, train_quietly, tmp_path):
    train_quietly(configure(epochs="4"), tmp_path / "one go")
    train_quietly(configure(epochs="2"), tmp_path / "resumed")
    torch.rand(7)  # the next process starts with another random state
    train_quietly(configure(epochs="4"), tmp_path / "resumed")

    first, second = state_of(tmp_path / "one go"), state_of(tmp_path / "resumed")
    assert first["epoch"] == second["epoch"]
    assert all(torch.equal(value, second["state_dict"][name]) for name, value in first["state_dict"].items())
    assert torch.equal(
        first["callbacks"]["RandomState"]["torch"], second["callbacks"]["RandomState"]["torch"]
    )
    varying = ("seconds", "images_per_second")
    one, other = (
        [
            {key: value for key, value in line.items() if key not in varying}
            for line in metrics_of(tmp_path / name)
        ]
        for name in ("one go", "resumed")
    )
    assert one == other
    assert [line["epoch"] for line in one] == [1, 2, 3, 4]


def test_dropout_makes_the_numbers_depend_on_the_random_state(
    run, configure, train_quietly, tmp_path, monkeypatch
):
    """Without it the test above could not see whether the random state was restored."""
    seed = recipe.lightning.seed_everything

    def drawn(*arguments, **options):
        seed(*arguments, **options)
        monkeypatch.setattr(AdversarialRestoration, "on_train_start", lambda _: torch.rand(1))

    monkeypatch.setattr(recipe.lightning, "seed_everything", drawn)
    train_quietly(configure(), tmp_path)
    assert metrics_of(tmp_path)[0]["train/mae"] != metrics_of(run)[0]["train/mae"]


@pytest.mark.parametrize(
    "overrides", [{"batch_size": "4"}, {"networks__generator_filters": "8"}, {"seed": "1"}]
)
def test_a_run_of_another_configuration_is_not_resumed(run, configure, train_quietly, overrides):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    key = next(iter(overrides)).split("__")[0]
    with pytest.raises(ConfigurationError, match=f"holds a run of another configuration .different: {key}."):
        train_quietly(configure(**overrides), run)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_fewer_epochs_than_were_trained(configure, train_quietly, tmp_path):
    train_quietly(configure(epochs="3"), tmp_path)
    with pytest.raises(ConfigurationError, match=r"cannot be trained so: .*max_epochs=1"):
        train_quietly(configure(epochs="1"), tmp_path)


def test_a_finished_run_stays_as_it_is(run, configure, train_quietly):
    before = (run / "metrics.jsonl").read_bytes()
    assert train_quietly(configure(), run) == run / "generator.safetensors"
    assert (run / "metrics.jsonl").read_bytes() == before


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


def test_training_stops_early_and_stays_stopped(configure, train_quietly, tmp_path, monkeypatch):
    def hopeless(module, images, batch_index):
        module.log("validation/total", torch.tensor(1.0 + module.current_epoch))

    monkeypatch.setattr(AdversarialRestoration, "validation_step", hopeless)
    for _ in range(2):
        train_quietly(configure(epochs="9", patience="2"), tmp_path)
        assert len(metrics_of(tmp_path)) == 3  # the best epoch and two without a better one
    assert load_weights(tmp_path / "generator.safetensors")[1].provenance["epoch"] == 1


def test_a_time_limit_leaves_a_run_to_resume(configure, train_quietly, tmp_path):
    for epochs in (1, 2):
        train_quietly(configure(epochs="9"), tmp_path, maximum_minutes=1e-6)
        assert len(metrics_of(tmp_path)) == epochs
        assert json.loads((tmp_path / "run.json").read_text())["finished"] is False
    train_quietly(configure(epochs="3"), tmp_path, maximum_minutes=1e-6)
    assert json.loads((tmp_path / "run.json").read_text())["finished"] is True, "no epoch was left"


def test_a_run_without_adversarial_loss_is_trained_and_resumed(configure, train_quietly, tmp_path):
    for epochs in ("1", "2"):
        train_quietly(configure(losses__adversarial="0", epochs=epochs), tmp_path)
    assert [len(line["learning_rates"]) for line in metrics_of(tmp_path)] == [1, 1]


def test_an_interrupted_run_is_resumed_after_its_last_whole_epoch(
    run, configure, train_quietly, tmp_path, monkeypatch
):
    def interrupt(callback, trainer, pl_module):
        if trainer.current_epoch == 1:
            signal.raise_signal(signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(RestoredSamples, "on_validation_epoch_end", interrupt)
        with pytest.raises(KeyboardInterrupt):
            train_quietly(configure(), tmp_path)
    assert signal.getsignal(signal.SIGINT) is handler, "a second Ctrl-C must not be lost"
    assert len(metrics_of(tmp_path)) == 1
    train_quietly(configure(), tmp_path)
    expected = state_of(run)["state_dict"]
    assert all(torch.equal(value, expected[name]) for name, value in state_of(tmp_path)["state_dict"].items())


def test_a_full_disk_leaves_the_checkpoint_before(configure, train_quietly, tmp_path, monkeypatch):
    train_quietly(configure(epochs="1"), tmp_path)
    before = (tmp_path / "checkpoints" / "last.ckpt").read_bytes()

    def full(content, path):
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint.torch, "save", full)
    with pytest.raises(OutputError, match=r"the checkpoint cannot be written .*No space left on device"):
        train_quietly(configure(), tmp_path)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["last.ckpt"]
    assert (tmp_path / "checkpoints" / "last.ckpt").read_bytes() == before


def test_a_damaged_checkpoint_is_one_clear_error(configure, train_quietly, tmp_path):
    train_quietly(configure(epochs="1"), tmp_path)
    path = tmp_path / "checkpoints" / "last.ckpt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(
        WeightsError, match=r"the checkpoint cannot be read .*delete it to train from the start"
    ) as caught:
        train_quietly(configure(), tmp_path)
    assert "\n" not in str(caught.value)


def test_losses_that_are_never_finite(configure, train_quietly, tmp_path, monkeypatch):
    def broken(module, images, batch_index):
        module.log("validation/total", torch.tensor(float("nan")))

    monkeypatch.setattr(AdversarialRestoration, "validation_step", broken)
    with pytest.raises(
        ConfigurationError, match="the validation loss was never finite; lower the learning rates"
    ):
        train_quietly(configure(), tmp_path)


def test_a_run_folder_below_a_file(configure, train_quietly, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(OutputError, match=r"cannot be written .*; choose a writable folder"):
        train_quietly(configure(), tmp_path / "file" / "run")


def test_photos_that_are_not_there_leave_no_folder(configure, train_quietly, tmp_path):
    with pytest.raises(DataError, match="neither a dataset"):
        train_quietly(configure(data__photos="nowhere"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there(configure, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigurationError, match="device cuda: no card that PyTorch can use"):
        train(configure(), tmp_path, device="cuda", progress=False)


@pytest.mark.parametrize(
    ("device", "number", "words"),
    [
        ("auto", 2, ("auto", 2)),
        ("cpu", 2, ("cpu", 2)),
        ("cuda", 2, ("cuda", 2)),
        ("cuda:1", 1, ("cuda", [1])),
    ],
)
def test_lightning_gets_its_own_words_for_a_device(device, number, words, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert recipe.lightning_device(device, number) == words
    with pytest.raises(ConfigurationError, match="cuda:1 is one card"):
        recipe.lightning_device("cuda:1", 2)


def test_the_16_bit_path_trains(configure, train_quietly, tmp_path, photo):
    train_quietly(configure(precision="bf16", epochs="1"), tmp_path, tensorboard=True)
    assert np.isfinite(metrics_of(tmp_path)[0]["train/total"])
    tensors, _ = load_weights(tmp_path / "generator.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float32, torch.int64}
    # The flag --tensorboard writes events beside the rest.
    assert list((tmp_path / "tensorboard").glob("events.out.tfevents.*"))


@pytest.mark.parametrize(
    ("precision", "has_bf16", "expected"),
    [
        ("auto", True, torch.bfloat16),
        ("auto", False, torch.float32),
    ],
)
def test_convolutions_run_in_16_bits_when_asked_or_where_the_processor_has_them(
    configure, train_quietly, tmp_path, monkeypatch, precision, has_bf16, expected
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(recipe, "has_bfloat16", lambda: has_bf16)
    kinds = set()
    forward = UNetGenerator.forward

    def watched(network, corrupted):
        restored = forward(network, corrupted)
        if network.training:
            kinds.add(restored.dtype)
        return restored

    monkeypatch.setattr(UNetGenerator, "forward", watched)
    train_quietly(configure(precision=precision, epochs="1"), tmp_path)
    assert kinds == {expected}


def test_convolutions_run_with_channels_last(configure, train_quietly, tmp_path, monkeypatch):
    layouts = []
    forward = UNetGenerator.forward

    def watched(network, corrupted):
        weight = network.encoder[1].convolution.weight
        layouts.append(weight.is_contiguous(memory_format=torch.channels_last))
        return forward(network, corrupted)

    monkeypatch.setattr(UNetGenerator, "forward", watched)
    train_quietly(configure(epochs="1"), tmp_path)
    assert layouts
    assert all(layouts)


def test_progress_goes_to_standard_error(configure, tmp_path, capsys):
    train(configure(epochs="1"), tmp_path, device="cpu")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "epoch 1/1" in printed.err
    assert "images/s" in printed.err
