"""Runs that are resumed, stopped or interrupted, and what keeps one from being trained."""

import errno
import json
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from tests.training.runs import metrics_of, state_of

from upcracknet.errors import ConfigurationError, DataError, OutputError, WeightsError
from upcracknet.training import checkpoint, recipe
from upcracknet.training.callbacks import RestoredSamples
from upcracknet.training.up_cracknet import AdversarialRestoration
from upcracknet.weights import load_weights


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


def test_a_run_does_not_go_on_with_other_photos(configure, train_quietly, crack_free, tmp_path):
    """A photo more would shuffle those for training and those for validation."""
    shutil.copytree(crack_free, tmp_path / "photos")
    train_quietly(configure(data__photos=str(tmp_path / "photos")), tmp_path / "run")
    (tmp_path / "photos" / "0.png").rename(tmp_path / "photos" / "new.png")
    with pytest.raises(ConfigurationError, match="the photos are not those that this run began with"):
        train_quietly(configure(data__photos=str(tmp_path / "photos"), epochs="3"), tmp_path / "run")
    (tmp_path / "photos" / "new.png").rename(tmp_path / "photos" / "0.png")
    train_quietly(configure(data__photos=str(tmp_path / "photos"), epochs="3"), tmp_path / "run")
    assert len(metrics_of(tmp_path / "run")) == 3


def test_fewer_epochs_than_were_trained(configure, train_quietly, tmp_path):
    train_quietly(configure(epochs="3"), tmp_path)
    with pytest.raises(ConfigurationError, match=r"cannot be trained so: .*max_epochs=1"):
        train_quietly(configure(epochs="1"), tmp_path)


def test_a_finished_run_stays_as_it_is(run, configure, train_quietly):
    before = (run / "metrics.jsonl").read_bytes()
    assert train_quietly(configure(), run) == run / "generator.safetensors"
    assert (run / "metrics.jsonl").read_bytes() == before


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


@pytest.fixture
def usual_sigterm():
    """As in a process of its own: what other tests use, such as Ray, may have left a handler."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("usual_sigterm")
def test_a_terminated_run_does_not_end_as_one_that_is_done(configure, train_quietly, tmp_path, monkeypatch):
    def end(callback, trainer, pl_module):
        signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(RestoredSamples, "on_validation_epoch_end", end)
        with pytest.raises(SystemExit) as ended:
            train_quietly(configure(), tmp_path)
    assert ended.value.code == 128 + signal.SIGTERM
    assert not json.loads((tmp_path / "run.json").read_text())["finished"]


@pytest.mark.usefixtures("usual_sigterm")
def test_a_signal_to_the_whole_group_may_reach_the_loaders_first(
    configure, train_quietly, tmp_path, monkeypatch
):
    """As ``timeout`` and ``kill`` of a group send it."""

    def end(callback, trainer, *_):
        signal.raise_signal(signal.SIGTERM)
        for loader in multiprocessing.active_children():
            os.kill(loader.pid, signal.SIGTERM)
        time.sleep(0.5)  # until they have ended

    with monkeypatch.context() as patch:
        patch.setattr(RestoredSamples, "on_train_epoch_start", end)
        with pytest.raises(SystemExit) as ended:
            train_quietly(configure(workers="1", data__patches_per_epoch="64"), tmp_path)
    assert ended.value.code == 128 + signal.SIGTERM


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


def test_a_finished_run_without_its_checkpoint_is_not_written_over(configure, train_quietly, tmp_path):
    weights = train_quietly(configure(epochs="1"), tmp_path)
    before = weights.read_bytes()
    shutil.rmtree(tmp_path / "checkpoints")
    for epochs in ("1", "2"):
        with pytest.raises(ConfigurationError, match=r"holds generator\.safetensors, and no checkpoint"):
            train_quietly(configure(epochs=epochs), tmp_path)
    assert weights.read_bytes() == before
    notes = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(notes | {"finished": False}))
    train_quietly(configure(epochs="1"), tmp_path)  # as after a kill before the first checkpoint


def test_a_loss_that_is_no_number_does_not_end_a_run(configure, train_quietly, tmp_path, monkeypatch):
    """Else the run would be noted as finished after its first epoch."""
    real = AdversarialRestoration.validation_step

    def step(method, *arguments):
        real(method, *arguments)
        if method.current_epoch == 0:
            method.log("validation/total", float("nan"))

    monkeypatch.setattr(AdversarialRestoration, "validation_step", step)
    train_quietly(configure(epochs="3"), tmp_path)
    assert len(metrics_of(tmp_path)) == 3
