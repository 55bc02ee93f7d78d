import pytest
import torch

from upcracknet.baselines.supervised.upernet import UperNet


def on_meta(backbone: str = "resnet101") -> UperNet:
    with torch.device("meta"):
        return UperNet(backbone)


# The reference variants have two logits: one more 3×3 kernel over 256 channels and a bias.
@pytest.mark.parametrize(("backbone", "parameters"), [("resnet101", 126_072_898), ("resnet50", 107_080_770)])
def test_parameters_are_those_of_the_reference_but_for_its_second_logit(backbone, parameters):
    assert sum(value.numel() for value in on_meta(backbone).parameters()) == parameters - (256 * 9 + 1)


def test_pooling_over_1_2_4_and_6_cells_returns_to_the_channels_of_c5():
    network = on_meta("resnet50").eval()
    *_, fifth = network.backbone(torch.zeros(1, 3, 64, 96, device="meta"))
    assert fifth.shape == (1, 2048, 4, 6)
    assert network.pyramid[0].bins == (1, 2, 4, 6)
    assert network.pyramid(fifth).shape == fifth.shape


def test_four_levels_are_fused_at_a_quarter_of_the_size():
    network, shapes = on_meta("resnet50"), []
    network.fusion.register_forward_pre_hook(lambda _, arguments: shapes.append(arguments[0].shape))
    network.eval()(torch.zeros(1, 3, 64, 96, device="meta"))
    assert shapes == [(1, 4 * 256, 16, 24)]
