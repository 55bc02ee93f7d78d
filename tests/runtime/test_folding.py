import pytest
import torch

from upcracknet.networks import CrackRemover
from upcracknet.runtime.folding import CrackMarker, fused, without_narrow_transposed


@pytest.fixture(params=[1, 3])
def network(request) -> CrackRemover:
    """A crack remover in training, whose normalisations and biases are not those of a new one."""
    torch.manual_seed(0)
    network = CrackRemover((4, 6, 8), pyramid=request.param)
    for parameter in network.parameters():  # a bias of zero would hide what the edge must not see
        torch.nn.init.normal_(parameter, 0, 0.3)
    for _ in range(5):
        network(torch.rand(4, 3, 32, 32) * 0.5)
    return network


def test_the_fused_copy_answers_the_same_and_leaves_the_network_alone(network):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    other, images = fused(network), torch.rand(2, 3, 32, 48)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in other.modules())
    assert network.training
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    expected, answer = network.eval()(images), other(images)
    torch.testing.assert_close(answer.logits, expected.logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(answer.restored, expected.restored, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("size", [(32, 48), (16, 16), (64, 16)])
def test_the_marker_answers_as_the_network_up_to_the_edges(network, size):
    images = torch.rand(2, 3, *size)
    with torch.no_grad():
        marks, expected = CrackMarker(network)(images), network.eval()(images).logits
    assert expected.std() > 0.01
    torch.testing.assert_close(marks, expected, atol=1e-5, rtol=1e-5)


def test_the_marker_learns_nothing_and_counts_no_more_than_the_network(network):
    counts = [
        sum(parameter.numel() for parameter in one.parameters() if parameter.requires_grad)
        for one in (CrackMarker(network), fused(network))
    ]
    assert counts[0] == counts[1]


def test_the_marker_refuses_what_the_network_refuses(network):
    with pytest.raises(ValueError, match="multiples of"):
        CrackMarker(network)(torch.rand(1, 3, 33, 32))


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
