import torch
from torch import nn

from upcracknet.baselines.supervised.pspnet import PSPNet


def on_meta() -> PSPNet:
    with torch.device("meta"):
        return PSPNet()


def test_parameters_are_those_of_the_reference_but_for_the_second_logit_of_both_heads():
    assert sum(value.numel() for value in on_meta().parameters()) == 49_066_948 - 513 - 257


def test_the_backbone_has_a_deep_stem_and_an_output_stride_of_8():
    network = on_meta()
    assert network.backbone.stem(torch.zeros(1, 3, 32, 32, device="meta")).shape == (1, 128, 16, 16)
    *_, fourth, fifth = network.backbone(torch.zeros(1, 3, 48, 64, device="meta"))
    assert fourth.shape == (1, 1024, 6, 8)
    assert fifth.shape == (1, 2048, 6, 8)


def test_four_grids_of_a_quarter_of_the_channels_stand_beside_the_features():
    network = on_meta()
    assert network.pyramid.bins == (1, 2, 3, 6)
    assert network.pyramid.out_channels == 4096
    reduced = [module.out_channels for module in network.pyramid.modules() if isinstance(module, nn.Conv2d)]
    assert reduced == [512] * 4
