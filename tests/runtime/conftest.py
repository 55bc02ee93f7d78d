"""A small network, and a cache of its own for each test."""

import pytest
import torch

from upcracknet.detection import CrackRemoverScorer, CrackRemoverSettings
from upcracknet.networks import CrackRemover
from upcracknet.weights import WeightsRecord, save_weights


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("UPCRACKNET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def network() -> CrackRemover:
    torch.manual_seed(0)
    network = CrackRemover((4, 8))
    for parameter in network.parameters():  # an untrained one answers the same everywhere
        torch.nn.init.normal_(parameter, std=0.3)
    return network.eval()


@pytest.fixture
def scorer(network) -> CrackRemoverScorer:
    return CrackRemoverScorer(network, CrackRemoverSettings(scales=(0.5, 1.0)))


@pytest.fixture
def weights(tmp_path, network):
    path = tmp_path / "small.safetensors"
    settings = CrackRemoverSettings(level=0.4, scales=(0.5, 1.0))
    save_weights(
        path, network.state_dict(), WeightsRecord("CrackRemover", {"widths": [4, 8]}, settings.to_dict(), {})
    )
    return path
