import pytest
import torch
from torch import nn

from upcracknet.networks import PatchDiscriminator, UNetGenerator
from upcracknet.networks.initialization import initialize_normal


@pytest.mark.parametrize("network", [UNetGenerator, PatchDiscriminator])
def test_both_networks_start_from_the_papers_distribution(network):
    torch.manual_seed(0)
    modules = list(network(16).modules())
    convolutions = [module for module in modules if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    norms = [module for module in modules if isinstance(module, nn.BatchNorm2d)]
    weights = torch.cat([module.weight.flatten() for module in convolutions])
    scales = torch.cat([module.weight.flatten() for module in norms])
    assert weights.mean().abs() < 5e-4
    assert weights.std().item() == pytest.approx(0.02, rel=0.02)
    assert scales.mean().item() == pytest.approx(1, abs=0.005)
    assert scales.std().item() == pytest.approx(0.02, rel=0.2)
    assert all((module.bias == 0).all() for module in [*convolutions, *norms])


def test_the_deviation_can_be_chosen_and_other_layers_are_left_alone():
    torch.manual_seed(0)
    linear, convolution = nn.Linear(3, 3), nn.Conv2d(64, 64, 3, bias=False)
    before = linear.weight.clone()
    initialize_normal(nn.Sequential(linear, convolution), standard_deviation=0.5)
    assert torch.equal(linear.weight, before)
    assert convolution.weight.std().item() == pytest.approx(0.5, rel=0.02)
