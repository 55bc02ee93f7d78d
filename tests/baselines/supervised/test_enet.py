import torch
from torch import nn

from upcracknet.baselines.supervised.enet import (
    DownsamplingBottleneck,
    ENet,
    InitialBlock,
    RegularBottleneck,
    UpsamplingBottleneck,
)


def test_parameters():
    with torch.device("meta"):
        network = ENet()
    # The reference's 349,068 hold one more PReLU in each of the encoder's 22 bottlenecks, after the last
    # convolution, which is not in the paper's Figure 2b.
    assert sum(parameter.numel() for parameter in network.parameters()) == 349_068 - 22


def test_the_initial_block_convolves_thirteen_channels_and_pools_three():
    block = InitialBlock().eval()
    images = torch.rand(1, 3, 8, 8)
    features = block(images)
    assert features.shape == (1, 16, 4, 4)
    pooled = nn.functional.max_pool2d(images, 2) / (1 + block.normalization.eps) ** 0.5
    torch.testing.assert_close(features[:, 13:], pooled)


def test_two_sections_of_dilated_and_asymmetric_bottlenecks():
    with torch.device("meta"):
        network = ENet()
    for section in (network.section2, network.section3):
        assert len(section) == 8
        across = [
            [layer for layer in bottleneck.extension if isinstance(layer, nn.Conv2d)][1:-1]
            for bottleneck in section
        ]
        assert [[layer.kernel_size for layer in layers] for layers in across] == [
            [(3, 3)],
            [(3, 3)],
            [(5, 1), (1, 5)],
            [(3, 3)],
        ] * 2
        assert [layers[0].dilation[0] for layers in across] == [1, 2, 1, 4, 1, 8, 1, 16]


def test_dropout_is_weak_at_first_and_of_whole_channels():
    with torch.device("meta"):
        network = ENet()
    shares = [module.p for module in network.modules() if isinstance(module, nn.Dropout2d)]
    # Bottlenecks 1.0 to 1.4; 2.0 to 3.8 and 4.0 to 5.1.
    assert shares == [0.01] * 5 + [0.1] * (17 + 5)


def test_only_the_encoder_learns_its_rectifiers():
    with torch.device("meta"):
        network = ENet()
    decoder = (network.up4, network.section4, network.up5, network.section5)
    assert not any(isinstance(module, nn.PReLU) for part in decoder for module in part.modules())
    assert sum(isinstance(module, nn.PReLU) for module in network.modules()) == 1 + 18 * 3 + 4 * 4


def test_maxima_return_to_their_places():
    down, up = DownsamplingBottleneck(16, 64, 0.0).eval(), UpsamplingBottleneck(64, 16).eval()
    for bottleneck in (down, up):
        nn.init.zeros_(bottleneck.extension[-3].weight)
    features = torch.rand(1, 16, 8, 8) + 0.1
    halved, places = down(features)
    torch.testing.assert_close(halved[:, :16], nn.functional.max_pool2d(features, 2))
    assert (halved[:, 16:] == 0).all()
    up.main[0].weight.data = torch.eye(16, 64)[:, :, None, None]
    doubled = up(halved, places) * (1 + up.main[1].eps) ** 0.5
    there = doubled != 0
    assert there.sum() == features.numel() / 4
    torch.testing.assert_close(doubled[there], features[there])


def test_a_bottleneck_keeps_the_size():
    for options in ({}, {"dilation": 16}, {"asymmetric": True}):
        assert RegularBottleneck(16, **options)(torch.rand(2, 16, 5, 7)).shape == (2, 16, 5, 7)
