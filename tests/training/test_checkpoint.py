import errno
import os
import random
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import pytorch_lightning as lightning
import torch

from upcracknet.errors import OutputError, WeightsError
from upcracknet.training import checkpoint
from upcracknet.training.checkpoint import CheckpointFiles, RandomState

CONTENT = {
    "state_dict": {"weight": torch.arange(3.0)},
    "epoch": 2,
    "optimizer_states": [],
    "pytorch-lightning_version": "2",
}


def test_a_checkpoint_comes_back(tmp_path):
    path = tmp_path / "checkpoints" / "last.ckpt"
    CheckpointFiles().save_checkpoint(CONTENT, path)
    found = CheckpointFiles().load_checkpoint(path, weights_only=True)
    assert found["epoch"] == 2
    assert torch.equal(found["state_dict"]["weight"], CONTENT["state_dict"]["weight"])
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        RuntimeError(
            "[enforce fail at inline_container.cc:1] . PytorchStreamWriter failed\nframe 1\nframe 2"
        ),
        KeyboardInterrupt(),
    ],
    ids=["full disk", "full disk as torch tells it", "interrupted"],
)
def test_the_checkpoint_before_stays_whole(tmp_path, monkeypatch, error):
    path = tmp_path / "last.ckpt"
    CheckpointFiles().save_checkpoint(CONTENT, path)
    before = path.read_bytes()

    def fail(content, target):
        Path(target).write_bytes(b"half")
        raise error

    monkeypatch.setattr(checkpoint.torch, "save", fail)
    with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
        CheckpointFiles().save_checkpoint(CONTENT | {"epoch": 3}, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    if isinstance(error, Exception):
        message = str(caught.value)
        assert message.startswith(f"{path}: the checkpoint cannot be written (")
        assert "free some space" in message
        assert "\n" not in message


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None], ids=["empty", "text", "truncated"])
def test_a_damaged_checkpoint_is_one_clear_error(tmp_path, content):
    path = tmp_path / "last.ckpt"
    CheckpointFiles().save_checkpoint(CONTENT, path)
    path.write_bytes(path.read_bytes()[:-300] if content is None else content)
    with pytest.raises(WeightsError) as caught:
        CheckpointFiles().load_checkpoint(path, weights_only=True)
    assert str(caught.value).startswith(f"{path}: the checkpoint cannot be read (")
    assert "\n" not in str(caught.value)


def draw() -> tuple[float, float, float]:
    return torch.rand(()).item(), float(np.random.rand()), random.random()  # noqa: NPY002 - the state that is saved


def test_random_numbers_go_on_where_they_were_saved(tmp_path):
    torch.save(RandomState().state_dict(), tmp_path / "state")
    expected = draw()
    draw()
    any_run = Mock(spec=lightning.Trainer), Mock(spec=lightning.LightningModule)
    resumed = RandomState()
    resumed.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    draw()  # what start-up draws
    resumed.on_train_epoch_start(*any_run)
    assert draw() == expected
    resumed.on_train_epoch_start(*any_run)  # only once
    assert draw() != expected


def test_another_file_of_torch_is_no_checkpoint(tmp_path):
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": {}}, path)
    with pytest.raises(WeightsError, match=r"no checkpoint of a training \(without optimizer_states, "):
        CheckpointFiles().load_checkpoint(path, weights_only=True)
