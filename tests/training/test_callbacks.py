import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
import pytorch_lightning as lightning
import torch

from upcracknet.training import callbacks
from upcracknet.training.callbacks import (
    BestWeights,
    EarlyStopping,
    MetricsFile,
    RestoredSamples,
    RunProgress,
    TimeLimit,
)
from upcracknet.training.up_cracknet import AdversarialRestoration
from upcracknet.weights import load_weights


def trainer_at(epoch: int = 0, **more: Any) -> Any:
    """What the callbacks ask of a Trainer."""
    trainer = Mock(spec=lightning.Trainer)
    asked = {
        "current_epoch": epoch,
        "is_global_zero": True,
        "sanity_checking": False,
        "world_size": 1,
        "num_training_batches": 2,
        "max_epochs": 4,
        "callback_metrics": {},
        "optimizers": [],
        "should_stop": False,
        "strategy": Mock(**{"reduce_boolean_decision.side_effect": lambda decision, **_: decision}),
    }
    for name, value in (asked | more).items():
        setattr(trainer, name, value)
    return trainer


ANY_MODULE = Mock(spec=lightning.LightningModule)


@pytest.fixture
def module(configure):
    torch.manual_seed(0)
    return AdversarialRestoration(configure())


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(callbacks.time, "perf_counter", lambda: now.seconds)
    return now


def test_patience_is_the_configurations_also_after_a_resume():
    before = EarlyStopping("validation/total", patience=2)
    before.wait_count = 2
    for patience, stops in ((2, True), (3, False)):
        again, trainer = EarlyStopping("validation/total", patience=patience), trainer_at()
        again.load_state_dict(before.state_dict())
        again.on_fit_start(trainer, ANY_MODULE)
        assert (again.patience, again.wait_count, trainer.should_stop) == (patience, 2, stops)


@pytest.mark.parametrize(("epoch_seconds", "trained"), [(20, 3), (29, 2), (31, 1), (100, 1)])
def test_training_stops_before_the_epoch_that_would_pass_the_limit(clock, epoch_seconds, trained):
    clock.seconds = 1000.0
    limit, trainer = TimeLimit(1.0), trainer_at()
    limit.on_train_start(trainer, ANY_MODULE)
    epochs = 0
    while not trainer.should_stop:
        epochs += 1
        clock.seconds += epoch_seconds
        limit.on_train_epoch_end(trainer, ANY_MODULE)
    assert epochs == trained  # as many as 60 seconds hold, but one at least


def test_a_resumed_run_has_the_whole_time_again():
    assert TimeLimit(1.0).state_dict() == {}


def test_metrics_are_a_line_of_json_an_epoch(tmp_path, clock):
    metrics, path = MetricsFile(tmp_path / "metrics.jsonl"), tmp_path / "metrics.jsonl"
    optimizers = [SimpleNamespace(param_groups=[{"lr": rate}]) for rate in (1e-4, 4e-4)]
    trainer = trainer_at(
        epoch=6, world_size=2, optimizers=optimizers, callback_metrics={"train/mae": torch.tensor(0.25)}
    )
    metrics.on_train_start(trainer, ANY_MODULE)
    metrics.on_train_epoch_start(trainer, ANY_MODULE)
    for batch in (8, 4):
        clock.seconds += 2
        metrics.on_train_batch_end(trainer, ANY_MODULE, None, torch.zeros(batch, 3, 1, 1), 0)
    clock.seconds += 6  # validation
    metrics.on_train_epoch_end(trainer, ANY_MODULE)
    assert json.loads(path.read_text()) == {
        "epoch": 7,
        "seconds": 10.0,
        "images_per_second": 6.0,  # 12 images in each of 2 processes, in the 4 seconds before validation
        "learning_rates": [1e-4, 4e-4],
        "train/mae": 0.25,
    }


def test_epochs_that_are_trained_again_have_one_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"epoch": 1}\n{"epoch": 2}\n{"epoch": 3}\n{"epo')
    MetricsFile(path).on_train_start(trainer_at(epoch=2), ANY_MODULE)
    assert path.read_text() == '{"epoch": 1}\n{"epoch": 2}\n'
    MetricsFile(path).on_train_start(trainer_at(), ANY_MODULE)
    assert path.read_text() == ""


def test_pictures_every_n_epochs_and_of_the_first(tmp_path, module):
    patches = [torch.rand(3, 64, 64) for _ in range(4)]
    trainer = trainer_at(datamodule=SimpleNamespace(validation=patches))
    samples = RestoredSamples(tmp_path, every=3, columns=3)
    for epoch in range(6):
        trainer.current_epoch = epoch
        samples.on_validation_epoch_end(trainer, module)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"epoch-000{n}.png" for n in (1, 3, 6)]

    picture = cv2.imread(str(tmp_path / "epoch-0003.png"))[..., ::-1]
    assert picture.shape == (3 * 64, 3 * 64, 3)  # rows: original, corrupted, restored
    expected = np.concatenate([patch.permute(1, 2, 0).numpy() for patch in patches[:3]], axis=1)
    np.testing.assert_allclose(picture[:64] / 255, expected, atol=0.51 / 255)
    black = (picture[64:128] == 0).all(axis=-1)
    assert black.mean() == 0.5
    assert np.array_equal(picture[64:128][~black], picture[:64][~black])


def test_the_best_weights_are_kept(tmp_path, module):
    path = tmp_path / "generator.safetensors"
    best = BestWeights(path, {"seed": 0})
    trainer = trainer_at(datamodule=SimpleNamespace(training=range(3), configuration=module.configuration))
    seen = []
    for epoch, loss in enumerate((0.5, 0.4, 0.45, float("nan"), 0.3)):
        trainer.current_epoch, trainer.callback_metrics = epoch, {"validation/total": torch.tensor(loss)}
        best.on_validation_end(trainer, module)
        seen.append(load_weights(path)[1].provenance["epoch"])
    assert seen == [1, 2, 2, 2, 5]
    provenance = load_weights(path)[1].provenance
    assert provenance["validation_loss"] == 0.3
    assert provenance["images_seen"] == 5 * 3  # 2 batches of 2, but only 3 patches

    resumed = BestWeights(path, {"seed": 0})
    resumed.load_state_dict(best.state_dict())
    trainer.current_epoch, trainer.callback_metrics = 5, {"validation/total": torch.tensor(0.35)}
    resumed.on_validation_end(trainer, module)
    assert load_weights(path)[1].provenance["epoch"] == 5


def test_other_processes_write_nothing(tmp_path, module):
    trainer = trainer_at(is_global_zero=False, callback_metrics={"validation/total": torch.tensor(0.5)})
    BestWeights(tmp_path / "generator.safetensors", {}).on_validation_end(trainer, module)
    RestoredSamples(tmp_path / "samples", 1).on_validation_epoch_end(trainer, module)
    metrics = MetricsFile(tmp_path / "metrics.jsonl")
    metrics.on_train_epoch_start(trainer, ANY_MODULE)
    metrics.on_train_epoch_end(trainer, ANY_MODULE)
    assert list(tmp_path.iterdir()) == []


def test_progress_tells_epoch_speed_loss_and_time_left(clock, capsys):
    bar, trainer = RunProgress(), trainer_at(epoch=1)
    bar.on_train_start(trainer, ANY_MODULE)
    trainer.callback_metrics = {"validation/total": torch.tensor(0.25)}
    for _ in range(2):
        clock.seconds += 4
        bar.on_train_batch_end(trainer, ANY_MODULE, None, torch.zeros(8, 3, 1, 1), 0)
    bar.on_train_end(trainer, ANY_MODULE)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "epoch 2/4" in printed.err
    assert "2.0 images/s · validation loss 0.2500" in printed.err
    assert "left" in printed.err


def test_progress_of_other_processes_is_silent(capsys):
    bar = RunProgress()
    bar.disable()
    bar.on_train_start(trainer_at(), ANY_MODULE)
    bar.on_train_batch_end(trainer_at(), ANY_MODULE, None, torch.zeros(8, 3, 1, 1), 0)
    bar.on_exception(trainer_at(), ANY_MODULE, KeyboardInterrupt())
    assert capsys.readouterr().err == ""
