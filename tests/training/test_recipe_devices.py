"""On what a training runs: devices, 16 bits, layouts in memory."""

import numpy as np
import pytest
import torch
from tests.training.runs import metrics_of

from upcracknet.errors import ConfigurationError
from upcracknet.networks import UNetGenerator
from upcracknet.training import recipe
from upcracknet.training.recipe import train
from upcracknet.weights import load_weights


def test_a_device_that_is_not_there(configure, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigurationError, match="device cuda: no card that PyTorch can use"):
        train(configure(), tmp_path, device="cuda", progress=False)


@pytest.mark.parametrize(
    ("device", "number", "words"),
    [
        ("auto", 2, ("cuda", 2)),
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
