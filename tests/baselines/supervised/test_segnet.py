import torch
from torch import nn

from upcracknet.baselines.supervised.segnet import SegNet


def test_parameters():
    with torch.device("meta"):
        network = SegNet()
    # The reference's 29,481,218 hold a second channel: 64 inputs of 3×3, and a bias.
    assert sum(parameter.numel() for parameter in network.parameters()) == 29_481_218 - 577


def test_thirteen_convolutions_down_thirteen_up_and_no_features_across():
    with torch.device("meta"):
        network = SegNet()
    for half in (network.backbone, network.decoder):
        assert sum(isinstance(module, nn.Conv2d) for module in half.modules()) == 13
    # A stage of the decoder takes as many channels as come from below: nothing is concatenated.
    assert [stage[0].in_channels for stage in network.decoder.stages] == [64, 128, 256, 512, 512]
