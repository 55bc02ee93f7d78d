import torch

from upcracknet.baselines.supervised.resnet import Bottleneck
from upcracknet.baselines.supervised.segresnet import SegResNet, UpsamplingBottleneck


def on_meta() -> SegResNet:
    with torch.device("meta"):
        return SegResNet()


def test_parameters_are_those_of_the_reference_but_for_its_second_logit():
    assert sum(value.numel() for value in on_meta().parameters()) == 53_553_346 - (64 * 9 + 1)


def test_the_decoder_has_the_encoder_s_blocks_in_reverse():
    decoder = on_meta().decoder
    assert [len(stage) for stage in decoder] == [3, 6, 4, 3]
    assert [isinstance(stage[-1], UpsamplingBottleneck) for stage in decoder] == [True] * 3 + [False]
    assert all(isinstance(block, Bottleneck) for stage in decoder for block in stage[:-1])


def test_each_stage_of_the_decoder_halves_the_channels_and_doubles_the_size_but_the_last():
    features = torch.zeros(1, 2048, 2, 3, device="meta")
    shapes = []
    for stage in on_meta().decoder:
        features = stage(features)
        shapes.append(features.shape)
    assert shapes == [(1, 1024, 4, 6), (1, 512, 8, 12), (1, 256, 16, 24), (1, 64, 16, 24)]


def test_features_return_to_the_places_of_the_maxima():
    """A bright point decides where the decoder's features go."""
    torch.manual_seed(0)
    network, unpooled = SegResNet().eval(), []
    network.upsampling.register_forward_pre_hook(lambda _, arguments: unpooled.append(arguments[0]))
    stem = torch.zeros(1, 64, 16, 16)
    stem[..., 1::2, ::2] = 1
    network.backbone.stem = lambda images: stem
    network(torch.zeros(1, 3, 32, 32))
    assert unpooled[0].abs().sum() > 0
    assert unpooled[0][..., ::2, :].abs().sum() == unpooled[0][..., 1::2].abs().sum() == 0
