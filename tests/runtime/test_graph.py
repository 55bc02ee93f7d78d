"""What is rewritten for an export answers the same."""

import pytest
import torch

from upcracknet.runtime.graph import without_narrow_transposed


@pytest.mark.parametrize("bias", [True, False])
def test_a_narrow_transposed_convolution_is_a_convolution(bias):
    torch.manual_seed(0)
    layers = [torch.nn.ConvTranspose2d(5, outputs, 4, 2, 1, bias=bias) for outputs in (3, 8)]
    images = torch.rand(2, 5, 7, 9)
    for layer, changes in zip(layers, (True, False), strict=True):
        network = torch.nn.Sequential(layer)
        other = without_narrow_transposed(network)
        assert isinstance(network[0], torch.nn.ConvTranspose2d)
        assert isinstance(other[0], torch.nn.ConvTranspose2d) != changes
        torch.testing.assert_close(other(images), network(images))
