import torch
from torch import nn

from upcracknet.baselines.supervised.deepcrack18 import Deepcrack18


def test_parameters_of_the_code():
    with torch.device("meta"):
        network = Deepcrack18("code")
    assert sum(parameter.numel() for parameter in network.parameters()) == 30_905_011
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_the_paper_normalises_after_every_convolution_and_fuses_one_by_one():
    with torch.device("meta"):
        network = Deepcrack18()
    for half in (network.backbone, network.decoder):
        assert sum(isinstance(module, nn.Conv2d) for module in half.modules()) == 13
        assert sum(isinstance(module, nn.BatchNorm2d) for module in half.modules()) == 13
    fusions = [module for module in network.fusions.modules() if isinstance(module, nn.Conv2d)]
    assert [(layer.in_channels, layer.out_channels) for layer in fusions] == [
        (64 + 64, 1),
        (128 + 64, 1),
        (256 + 128, 1),
        (512 + 256, 1),
        (512 + 512, 1),
    ]
    assert {layer.kernel_size for layer in (*fusions, network.fusion)} == {(1, 1)}


def test_five_scales_answer_in_the_form_of_the_code_too():
    answer = Deepcrack18("code").train()(torch.randn(2, 3, 32, 32))
    assert [side.shape for side in answer.side] == [(2, 32, 32)] * 5
