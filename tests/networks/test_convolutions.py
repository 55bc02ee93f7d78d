import pytest
import torch
from torch.nn import functional as F

from upcracknet.networks import UNetGenerator
from upcracknet.networks.convolutions import FEW_PIXELS, DoublingConvolution, HalvingConvolution

BOTH = pytest.mark.parametrize(
    ("kind", "plain"), [(HalvingConvolution, F.conv2d), (DoublingConvolution, F.conv_transpose2d)]
)


def learning(kind, channels=5, out_channels=3):
    torch.manual_seed(0)
    return kind(channels, out_channels).double().to(memory_format=torch.channels_last)


def gradients(convolved, convolution, images):
    weights = torch.linspace(-1, 1, convolved.numel(), dtype=torch.double).view_as(convolved)
    return torch.autograd.grad((convolved * weights).sum(), (images, *convolution.parameters()))


@BOTH
@pytest.mark.parametrize(("height", "width"), [(2, 4), (8, 6), (16, 16), (24, 40)])
def test_numbers_and_gradients_are_pytorchs(kind, plain, height, width):
    convolution = learning(kind)
    images = torch.randn(2, 5, height, width, dtype=torch.double, requires_grad=True)
    ours = convolution(images)
    theirs = plain(images, convolution.weight, convolution.bias, stride=2, padding=1)
    torch.testing.assert_close(ours, theirs)
    for mine, other in zip(
        gradients(ours, convolution, images), gradients(theirs, convolution, images), strict=True
    ):
        torch.testing.assert_close(mine, other)


@BOTH
def test_small_images_are_multiplied_only_in_learning_with_the_channels_last(kind, plain, monkeypatch):
    called = []
    for name in ("conv2d", "conv_transpose2d"):
        original = getattr(F, name)
        monkeypatch.setattr(F, name, lambda *a, original=original, **k: called.append(1) or original(*a, **k))
    convolution, small = learning(kind), torch.zeros(1, 5, 4, 4, dtype=torch.double)
    convolution(small)
    assert not called
    convolution(torch.zeros(1, 5, 4, 4 * FEW_PIXELS, dtype=torch.double))
    assert len(called) == 1
    convolution.eval()(small)
    convolution.train().to(memory_format=torch.contiguous_format)(small)
    assert len(called) == 3


def test_a_learning_generator_restores_alike_in_both_layouts():
    torch.manual_seed(0)
    generator, images = (
        UNetGenerator(4, 4, dropout=0.0).double(),
        torch.rand(2, 3, 32, 48, dtype=torch.double),
    )
    plain = generator(images)
    torch.testing.assert_close(generator.to(memory_format=torch.channels_last)(images), plain)
