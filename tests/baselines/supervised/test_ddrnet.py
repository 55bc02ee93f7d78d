import jaxtyping
import pytest
import torch
from torch import nn

from upcracknet.baselines.supervised.ddrnet import DDRNet


def inference_count(network: nn.Module) -> int:
    return sum(p.numel() for name, p in network.named_parameters() if not name.startswith("auxiliary."))


@pytest.mark.parametrize(
    ("variant", "pyramid_channels", "reference", "hidden"),
    [
        ("23-slim", 128, 5_694_882, 64),  # the 5.7 million of the paper
        ("23-slim", 64, 5_046_562, 64),
        ("23", 128, 20_146_754, 128),
    ],
)
def test_parameters_of_the_reference_with_two_channels(variant, pyramid_channels, reference, hidden):
    with torch.device("meta"):
        network = DDRNet(variant, pyramid_channels)
    # The reference has two output channels, each with a weight for every hidden channel and a bias.
    assert inference_count(network) == reference - (hidden + 1)


def test_branches_end_at_an_eighth_and_at_a_64th():
    with torch.device("meta"):
        network, images = DDRNet(), torch.empty(2, 3, 128, 192)
    sizes = {}
    for name in ("fine_end", "coarse_end", "pyramid", "head"):
        network.get_submodule(name).register_forward_hook(
            lambda _module, _inputs, output, name=name: sizes.update({name: tuple(output.shape)})
        )
    network(images)
    assert sizes == {
        "fine_end": (2, 128, 16, 24),
        "coarse_end": (2, 512, 2, 3),
        "pyramid": (2, 128, 2, 3),
        "head": (2, 1, 16, 24),
    }


def test_the_fusions_carry_features_both_ways():
    torch.manual_seed(0)
    fusion = DDRNet(pyramid_channels=8).eval().fusions[1]
    fine, coarse = torch.randn(1, 64, 8, 8), torch.randn(1, 256, 2, 2)
    fused_fine, fused_coarse = fusion(fine, coarse)
    assert fused_fine.shape == fine.shape
    assert fused_coarse.shape == coarse.shape
    # What is below 0 is cut before it crosses, so it reaches its own branch alone.
    unheard_fine, unheard_coarse = fusion(-fine.abs(), -coarse.abs())
    torch.testing.assert_close(unheard_fine, -fine.abs())
    torch.testing.assert_close(unheard_coarse, -coarse.abs())


def test_impossible_settings(monkeypatch):
    # As users run it, without the tests' own check of the annotations.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="variant='39': expected one of 23-slim, 23"):
        DDRNet("39")
    with pytest.raises(ValueError, match="pyramid_channels=0"):
        DDRNet(pyramid_channels=0)
