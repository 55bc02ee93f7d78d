"""The layers of VGG-16 that SegNet and both DeepCracks share."""

import pytest
import torch
from torch import nn

from upcracknet.baselines.supervised.vgg import VGG16, MirroredVGG16

# Where torchvision's vgg16 and vgg16_bn have their convolutions.
PLAIN = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
NORMALISED = [0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40]


@pytest.mark.parametrize(("batch_normalization", "places"), [(False, PLAIN), (True, NORMALISED)])
def test_layers_are_numbered_as_in_files_of_imagenet_weights(batch_normalization, places):
    with torch.device("meta"):
        encoder = VGG16(batch_normalization=batch_normalization)
    convolutions = {
        f"features.{place}.{part}"
        for place, layer in enumerate(encoder.features)
        if isinstance(layer, nn.Conv2d)
        for part in ("weight", "bias")
    }
    assert convolutions == {f"features.{place}.{part}" for place in places for part in ("weight", "bias")}
    assert convolutions <= encoder.state_dict().keys()
    assert encoder.state_dict()["features.0.weight"].shape == (64, 3, 3, 3)
    assert sum(parameter.numel() for parameter in encoder.parameters()) == (
        14_714_688 + 8_448 * batch_normalization
    )


def test_stages_are_those_before_pooling():
    encoding = VGG16().eval()(torch.rand(1, 3, 32, 64))
    shapes = [(64, 32, 64), (128, 16, 32), (256, 8, 16), (512, 4, 8), (512, 2, 4)]
    assert [stage.shape[1:] for stage in encoding.stages] == shapes
    assert encoding.features.shape == (1, 512, 1, 2)
    assert [places.shape[1:] for places in encoding.places] == [
        (channels, height // 2, width // 2) for channels, height, width in shapes
    ]


def test_the_last_pooling_can_be_left_out():
    encoding = VGG16(bias=False, last_pooling=False).eval()(torch.rand(1, 3, 16, 16))
    assert len(encoding.stages) == len(encoding.places) == 4
    assert encoding.features.shape == (1, 512, 1, 1)


def test_the_decoder_returns_through_the_same_sizes():
    decoded = MirroredVGG16().eval()(VGG16().eval()(torch.rand(1, 3, 32, 32)))
    assert [features.shape[1:] for features in decoded] == [
        (64, 32, 32),
        (64, 16, 16),
        (128, 8, 8),
        (256, 4, 4),
        (512, 2, 2),
    ]


def test_maxima_return_to_their_places():
    """Through a deepest stage that changes nothing, each maximum stands where the encoder found it."""
    decoder = MirroredVGG16()
    decoder.stages = nn.ModuleList([nn.Identity()])
    encoding = VGG16().eval()(torch.rand(1, 3, 32, 32))
    (unpooled,) = decoder(encoding._replace(places=encoding.places[-1:]))
    there = unpooled != 0
    assert there.any()
    torch.testing.assert_close(unpooled[there], encoding.stages[-1][there])
