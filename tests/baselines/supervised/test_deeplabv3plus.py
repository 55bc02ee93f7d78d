import pytest
import torch
from torch import nn

from upcracknet.baselines.supervised.deeplabv3plus import DeepLabv3Plus, SeparableConvolution


def on_meta(backbone: str = "xception") -> DeepLabv3Plus:
    with torch.device("meta"):
        return DeepLabv3Plus(backbone)


# The reference variants have two logits: one more row of 256 weights and a bias.
@pytest.mark.parametrize(
    ("backbone", "parameters"),
    [("xception", 54_700_434), ("resnet50", 40_347_298), ("resnet101", 59_339_426)],
)
def test_parameters_are_those_of_the_reference_but_for_its_second_logit(backbone, parameters):
    assert sum(value.numel() for value in on_meta(backbone).parameters()) == parameters - 257


@pytest.mark.parametrize(("backbone", "early"), [("xception", 128), ("resnet50", 256)])
def test_early_features_are_at_a_quarter_of_the_size_and_late_ones_at_a_sixteenth(backbone, early):
    network = on_meta(backbone)
    first, *_, last = network.backbone(torch.zeros(1, 3, 96, 64, device="meta"))
    assert first.shape == (1, early, 24, 16)
    assert last.shape == (1, 2048, 6, 4)


def test_context_is_dilated_by_6_12_and_18_and_early_features_are_reduced_to_48_channels():
    network = on_meta()
    dilations = [
        module.dilation[0] for module in network.context.branches.modules() if isinstance(module, nn.Conv2d)
    ]
    assert dilations == [1, 6, 12, 18]
    assert network.early[0].out_channels == 48


def test_xception_has_16_middle_blocks_and_a_dilated_end():
    backbone = on_meta().backbone
    assert len(backbone.middle) == 16
    ends = [layer for layer in backbone.exit if isinstance(layer, SeparableConvolution)]
    assert [end[0].dilation for end in ends] == [(2, 2)] * 3
