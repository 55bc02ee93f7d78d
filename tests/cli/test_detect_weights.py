"""Weights that `upcracknet detect` cannot use."""

import pickle
from pathlib import Path

import pytest
import torch
from tests.cli.printed import error_line

from upcracknet.cli.console import EXIT_FAILED
from upcracknet.networks import UNetGenerator
from upcracknet.weights import WeightsRecord, save_weights


def write_weights(path: Path, kind: str) -> str:
    """Writes unusable weights; gives what the error must say."""
    detection, network = {"input_size": 64}, UNetGenerator(4, 4)
    if kind == "pickle":
        path.write_bytes(pickle.dumps({"weight": 1}))
        return "this is a pickle, which can run code"
    if kind == "torch":
        torch.save(network.state_dict(), path)
        return "this is a pickle, which can run code"
    if kind == "corrupt":
        path.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00 not safetensors")
        return "corrupt or not a safetensors file"
    architecture = "DeepLab" if kind == "method" else "UNetGenerator"
    filters = 8 if kind == "sizes" else 4
    save_weights(
        path,
        network.state_dict(),
        WeightsRecord(architecture, {"filters": filters, "depth": 4}, detection, {}),
    )
    return "weights of a 'DeepLab'" if kind == "method" else "weights of another architecture"


@pytest.mark.parametrize("kind", ["pickle", "torch", "corrupt", "method", "sizes"])
def test_unusable_weights_are_one_clear_error(photos, detect, tmp_path, capsys, kind):
    path = tmp_path / "weights.safetensors"
    reason = write_weights(path, kind)
    assert detect(photos, model=path) == EXIT_FAILED
    line = error_line(capsys)
    assert reason in line
    assert "weights.safetensors" in line


def test_a_model_that_is_not_there(photos, detect, capsys):
    assert detect(photos, model="runs/none") == EXIT_FAILED
    assert "runs/none: no such model" in error_line(capsys)
