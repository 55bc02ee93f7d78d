import jaxtyping
import pytest
import torch

from upcracknet.baselines.supervised.mix_transformer import (
    EfficientAttention,
    MixTransformer,
    StochasticDepth,
)


@pytest.mark.parametrize(
    ("variant", "widths", "depths", "count"),
    [
        # Millions of weights of the encoders in SegFormer's Table 1: 3.4, 13.1, 24.2.
        ("b0", (32, 64, 160, 256), (2, 2, 2, 2), 3_319_392),
        ("b1", (64, 128, 320, 512), (2, 2, 2, 2), 13_151_424),
        ("b2", (64, 128, 320, 512), (3, 4, 6, 3), 24_196_288),
    ],
)
def test_sizes(variant, widths, depths, count):
    with torch.device("meta"):
        encoder, images = MixTransformer(variant), torch.empty(2, 3, 64, 96)
    assert encoder.widths == widths
    assert tuple(len(encoder.get_submodule(f"block{stage}")) for stage in (1, 2, 3, 4)) == depths
    assert sum(p.numel() for p in encoder.parameters()) == count
    shapes = [tuple(features.shape) for features in encoder(images)]
    assert shapes == [(2, c, 64 // s, 96 // s) for c, s in zip(widths, (4, 8, 16, 32), strict=True)]


def test_parameters_are_named_as_in_the_published_weights():
    with torch.device("meta"):
        names = set(MixTransformer("b0").state_dict())
    parts = (
        *("norm1", "attn.q", "attn.kv", "attn.proj", "attn.sr", "attn.norm", "norm2"),
        *("mlp.fc1", "mlp.dwconv.dwconv", "mlp.fc2"),
    )
    expected = {
        *(f"patch_embed{stage}.{part}" for stage in (1, 2, 3, 4) for part in ("proj", "norm")),
        *(f"norm{stage}" for stage in (1, 2, 3, 4)),
        *(f"block{stage}.{block}.{part}" for stage in (1, 2, 3, 4) for block in (0, 1) for part in parts),
    } - {f"block4.{block}.attn.{part}" for block in (0, 1) for part in ("sr", "norm")}
    assert names == {f"{name}.{kind}" for name in expected for kind in ("weight", "bias")}


@pytest.mark.parametrize("reduction", [1, 2])
def test_attention_against_equation_1(reduction):
    torch.manual_seed(0)
    attention = EfficientAttention(12, heads=3, reduction=reduction)
    tokens = torch.randn(2, 4 * 6, 12)
    context = tokens
    if reduction > 1:
        reduced = attention.sr(tokens.transpose(1, 2).reshape(2, 12, 4, 6))
        context = attention.norm(reduced.reshape(2, 12, -1).transpose(1, 2))
    query, key, value = attention.q(tokens), *attention.kv(context).chunk(2, dim=2)
    heads = []
    for head in range(3):
        own = slice(4 * head, 4 * head + 4)
        similarity = query[..., own] @ key[..., own].transpose(1, 2) / 4**0.5
        heads.append(similarity.softmax(dim=-1) @ value[..., own])
    torch.testing.assert_close(attention(tokens, 4, 6), attention.proj(torch.cat(heads, dim=2)))


def test_stochastic_depth_keeps_the_expectation_and_is_silent_in_use():
    torch.manual_seed(0)
    layer, ones = StochasticDepth(0.25), torch.ones(4000, 2, 3)
    dropped = layer(ones)
    assert dropped.unique().tolist() == pytest.approx([0, 4 / 3])
    assert dropped.mean().item() == pytest.approx(1, abs=0.05)
    assert torch.equal(dropped, dropped[:, :1, :1].expand_as(dropped))
    assert torch.equal(layer.eval()(ones), ones)


def test_unknown_variant(monkeypatch):
    # As users run it, without the tests' own check of the annotations.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="variant='b9': expected one of b0, b1, b2"):
        MixTransformer("b9")
