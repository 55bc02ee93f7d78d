import jaxtyping
import pytest
import torch
from torch.nn import functional as F

from upcracknet.baselines.supervised.lawin import (
    RATIOS_AND_HEADS,
    LargeWindowAttention,
    Lawin,
    PositionMixing,
    window_contexts,
    windows,
)


@pytest.mark.parametrize(
    ("backbone", "channels", "reference", "tolerance"),
    [
        ("mit-b2", 512, 29_537_522, 0),
        ("mit-b1", 512, 18_490_000, 5_000),
        ("mit-b0", 256, 4_930_000, 5_000),
    ],
)
def test_parameters_of_the_reference_with_two_channels(backbone, channels, reference, tolerance):
    with torch.device("meta"):
        network = Lawin(backbone)
    count = sum(p.numel() for p in network.parameters())
    # The reference has two output channels, each with a weight for every channel of the decoder and a bias.
    assert abs(count - (reference - (channels + 1))) <= tolerance


def test_five_branches_are_joined_and_48_channels_come_from_the_first_stage():
    with torch.device("meta"):
        network = Lawin()
    assert RATIOS_AND_HEADS == ((8, 64), (4, 16), (2, 4))
    assert network.pyramid[0].in_channels == 5 * 512
    assert network.low_level_fusion[0].in_channels == 512 + 48


@pytest.mark.parametrize("ratio", [2, 4, 8])
def test_contexts_are_those_of_pooling_each_window_apart(ratio):
    torch.manual_seed(0)
    features = torch.randn(2, 3, 16, 24)
    wide = 8 * ratio
    margin = (wide - 8) // 2
    padded = F.pad(features, (margin, margin, margin, margin))
    expected = []
    for image in padded:
        for top in range(0, 16, 8):
            for left in range(0, 24, 8):
                around = image[None, :, top : top + wide, left : left + wide]
                expected.append((F.max_pool2d(around, ratio) + F.avg_pool2d(around, ratio)) / 2)
    contexts = windows(window_contexts(features, ratio), 8 // ratio, heads=3)
    torch.testing.assert_close(contexts, torch.cat(expected).reshape(12, 3, 1, 64))


def test_heads_mix_positions_each_with_its_own_linear_layer():
    torch.manual_seed(0)
    mixing, context = PositionMixing(2), torch.randn(3, 2, 5, 64)
    torch.nn.init.normal_(mixing.bias)
    for head in range(2):
        expected = F.linear(context[:, head], mixing.weight[head], mixing.bias[head, 0])
        torch.testing.assert_close(mixing(context)[:, head], expected)


def test_a_window_hears_no_farther_than_its_context():
    torch.manual_seed(0)
    attention = LargeWindowAttention(8, ratio=2, heads=4).eval()
    features = torch.randn(1, 8, 32, 32)
    # The window in the corner sees 4 steps beyond itself.
    changed = features.clone()
    changed[..., 12:] += 1
    torch.testing.assert_close(attention(changed)[..., :8, :8], attention(features)[..., :8, :8])
    changed = features.clone()
    changed[..., 11] += 1
    assert not torch.allclose(attention(changed)[..., :8, :8], attention(features)[..., :8, :8])


def test_attention_against_one_window_by_hand():
    torch.manual_seed(0)
    attention = LargeWindowAttention(8, ratio=2, heads=2).eval()
    features = torch.randn(1, 8, 8, 8)
    pooled = window_contexts(features, 2)[0].flatten(1)
    context = attention.norm(pooled.T).T
    context = context + torch.cat(
        [F.linear(context[4 * h : 4 * h + 4], attention.mixing.weight[h]) for h in range(2)]
    )
    query, key, value = (
        attention.query(features)[0].flatten(1).T,
        attention.key(context.T),
        attention.value(context.T),
    )
    heard = []
    for own in (slice(0, 2), slice(2, 4)):
        heard.append((query[:, own] @ key[:, own].T / 2**0.5).softmax(dim=1) @ value[:, own])
    expected = features + attention.output(torch.cat(heard, dim=1).T.reshape(1, 4, 8, 8))
    torch.testing.assert_close(attention(features), expected)


def test_unknown_backbone(monkeypatch):
    # As users run it, without the tests' own check of the annotations.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="backbone='resnet50': expected one of mit-b2, mit-b1, mit-b0"):
        Lawin("resnet50")
