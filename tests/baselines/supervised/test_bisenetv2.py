import torch

from upcracknet.baselines.supervised.bisenetv2 import BiSeNetV2


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameters():
    with torch.device("meta"):
        network = BiSeNetV2()
    # The reference's 3,340,177 hold a scale and a shift of 128 channels in the context embedding, which the
    # convolution and normalisation that follow undo.
    assert count(network) - count(network.auxiliary) == 3_340_177 - 2 * 128
    assert round(count(network) / 1e6, 2) == 5.19


def test_detail_at_an_eighth_and_meaning_down_to_a_thirty_second():
    network = BiSeNetV2().eval()
    images = torch.randn(1, 3, 64, 96)
    assert network.detail(images).shape == (1, 128, 8, 12)
    semantic, stages = network.semantic(images)
    assert semantic.shape == (1, 128, 2, 3)
    assert [stage.shape[1:] for stage in stages] == [(16, 16, 24), (32, 8, 12), (64, 4, 6), (128, 2, 3)]
