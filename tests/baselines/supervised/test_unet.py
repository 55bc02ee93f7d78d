import torch
from torch import nn

from upcracknet.baselines.supervised.unet import UNet


def test_parameters():
    with torch.device("meta"):
        network = UNet()
    assert sum(parameter.numel() for parameter in network.parameters()) == 31_037_633


def test_levels():
    with torch.device("meta"):
        network = UNet()
    widths = [64, 128, 256, 512, 1024]
    assert [level[-1][0].out_channels for level in network.contracting] == widths
    # Half of what a level of the expanding path takes comes from across.
    assert [level[0][0].in_channels for level in network.expanding] == widths[1:]
    assert all(isinstance(layer, nn.ConvTranspose2d) for layer in network.upsampling)
