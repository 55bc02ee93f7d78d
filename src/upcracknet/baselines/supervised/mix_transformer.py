"""The Mix Transformer (MiT), SegFormer's encoder.

Xie, Wang, Yu, Anandkumar, Alvarez and Luo, "SegFormer: Simple and Efficient Design for Semantic Segmentation
with Transformers", NeurIPS 2021, Section 3.1. Parameters are named as in the published ImageNet weights
(patch_embed1.proj, block1.0.attn.q …), so that those load by name.
"""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

Variant = Literal["b0", "b1", "b2"]

WIDTHS: dict[Variant, tuple[int, ...]] = {
    "b0": (32, 64, 160, 256),
    "b1": (64, 128, 320, 512),
    "b2": (64, 128, 320, 512),
}
"""Channels of each stage, at 1/4, 1/8, 1/16 and 1/32 of the image (Table 6)."""

DEPTHS: dict[Variant, tuple[int, ...]] = {"b0": (2, 2, 2, 2), "b1": (2, 2, 2, 2), "b2": (3, 4, 6, 3)}
"""Blocks of each stage."""

HEADS = (1, 2, 5, 8)
REDUCTIONS = (8, 4, 2, 1)
"""Keys and values come from squares of so many tokens a side."""

EXPANSION = 4
STOCHASTIC_DEPTH = 0.1
"""How likely an image skips the last block in training; the chance grows evenly from 0 in the first."""

BLOCK_EPSILON = 1e-6
"""What the blocks' layer normalisations add to the variance, as the published weights were trained."""


class StochasticDepth(nn.Module):
    """Leaves a residual out for some images of a batch while training (Huang et al., ECCV 2016)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, residual: Float[Tensor, "b n c"]) -> Float[Tensor, "b n c"]:
        """Zero for some images; the others grow so that the expectation stays."""
        if not self.training or self.rate == 0:
            return residual
        kept = torch.rand(len(residual), 1, 1, device=residual.device) >= self.rate
        return residual * kept.to(residual.dtype) / (1 - self.rate)


class EfficientAttention(nn.Module):
    """Self-attention of all tokens to a spatially reduced set of them (equation 2)."""

    def __init__(self, channels: int, heads: int, reduction: int) -> None:
        super().__init__()
        self.heads, self.reduction = heads, reduction
        self.q = nn.Linear(channels, channels)
        self.kv = nn.Linear(channels, 2 * channels)
        self.proj = nn.Linear(channels, channels)
        if reduction > 1:
            self.sr = nn.Conv2d(channels, channels, reduction, stride=reduction)
            self.norm = nn.LayerNorm(channels)

    def forward(self, tokens: Float[Tensor, "b n c"], height: int, width: int) -> Float[Tensor, "b n c"]:
        """Attend; the tokens are a map of ``height`` × ``width``, row by row."""
        context = tokens
        if self.reduction > 1:
            features = tokens.mT.reshape(*tokens.mT.shape[:2], height, width)
            context = self.norm(self.sr(features).flatten(2).mT)
        query = self.q(tokens).reshape(*tokens.shape[:2], self.heads, -1).transpose(1, 2)
        pairs = self.kv(context).reshape(*context.shape[:2], 2, self.heads, -1)
        key, value = pairs.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(query, key, value)
        result: Tensor = self.proj(attended.transpose(1, 2).flatten(2))
        return result


class DepthwiseConvolution(nn.Module):
    """A 3×3 convolution of each channel by itself, over tokens."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, tokens: Float[Tensor, "b n c"], height: int, width: int) -> Float[Tensor, "b n c"]:
        """Convolve the tokens as a map of ``height`` × ``width``."""
        features: Tensor = self.dwconv(tokens.mT.reshape(*tokens.mT.shape[:2], height, width))
        return features.flatten(2).mT


class MixFeedForward(nn.Module):
    """Two linear layers with a depthwise convolution between, which tells tokens their place (equation 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, EXPANSION * channels)
        self.dwconv = DepthwiseConvolution(EXPANSION * channels)
        self.fc2 = nn.Linear(EXPANSION * channels, channels)

    def forward(self, tokens: Float[Tensor, "b n c"], height: int, width: int) -> Float[Tensor, "b n c"]:
        """Mix the channels of each token with its neighbours'."""
        result: Tensor = self.fc2(F.gelu(self.dwconv(self.fc1(tokens), height, width)))
        return result


class Block(nn.Module):
    """Attention and feed-forward, each normalised beforehand and added to what comes in."""

    def __init__(self, channels: int, heads: int, reduction: int, stochastic_depth: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels, eps=BLOCK_EPSILON)
        self.attn = EfficientAttention(channels, heads, reduction)
        self.norm2 = nn.LayerNorm(channels, eps=BLOCK_EPSILON)
        self.mlp = MixFeedForward(channels)
        self.stochastic_depth = StochasticDepth(stochastic_depth)

    def forward(self, tokens: Float[Tensor, "b n c"], height: int, width: int) -> Float[Tensor, "b n c"]:
        """Run one block of the transformer."""
        tokens = tokens + self.stochastic_depth(self.attn(self.norm1(tokens), height, width))
        mixed: Tensor = tokens + self.stochastic_depth(self.mlp(self.norm2(tokens), height, width))
        return mixed


class PatchEmbedding(nn.Module):
    """Overlapping patches as tokens: a strided convolution and layer normalisation."""

    def __init__(self, channels: int, out_channels: int, size: int, stride: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, out_channels, size, stride, padding=size // 2)
        self.norm = nn.LayerNorm(out_channels)

    def forward(self, features: Float[Tensor, "b c h w"]) -> tuple[Float[Tensor, "b n c2"], int, int]:
        """Give tokens row by row, and height and width of their map."""
        features = self.proj(features)
        return self.norm(features.flatten(2).mT), features.shape[2], features.shape[3]


class MixTransformer(nn.Module):
    """Four stages of transformer blocks over ever coarser tokens (Figure 2, left).

    Args:
        variant: "b0", "b1" or "b2".

    Attributes:
        widths: channels of the four stages.

    Raises:
        ValueError: when there is no such variant.
    """

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        if variant not in WIDTHS:
            raise ValueError(
                f"variant={variant!r}: expected one of {', '.join(get_args(Variant))}; choose one of them"
            )
        self.widths = WIDTHS[variant]
        depths = DEPTHS[variant]
        rates = iter(torch.linspace(0, STOCHASTIC_DEPTH, sum(depths), device="cpu").tolist())
        for stage, (channels, width) in enumerate(zip((3, *self.widths[:-1]), self.widths, strict=True)):
            size, stride = (3, 2) if stage else (7, 4)
            blocks = (
                Block(width, HEADS[stage], REDUCTIONS[stage], next(rates)) for _ in range(depths[stage])
            )
            self.add_module(f"patch_embed{stage + 1}", PatchEmbedding(channels, width, size, stride))
            self.add_module(f"block{stage + 1}", nn.ModuleList(blocks))
            self.add_module(f"norm{stage + 1}", nn.LayerNorm(width, eps=BLOCK_EPSILON))
        initialize_transformer(self)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Feature maps at 1/4, 1/8, 1/16 and 1/32 of images whose sides are multiples of 32 pixels."""
        maps: list[Tensor] = []
        for stage in range(1, 5):
            embed, blocks, norm = (
                getattr(self, f"{part}{stage}") for part in ("patch_embed", "block", "norm")
            )
            tokens, height, width = embed(maps[-1] if maps else images)
            for block in blocks:
                tokens = block(tokens, height, width)
            maps.append(norm(tokens).mT.unflatten(2, (height, width)).contiguous())
        return maps


def initialize_transformer(network: nn.Module) -> None:
    """Draw weights as SegFormer does: linear ones from a truncated N(0, 0.02²), convolutions by fan-out.

    Args:
        network: changed in place.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
        elif isinstance(module, nn.Conv2d):
            # Unlike nn.init, count what one input reaches: in a depthwise convolution, one channel.
            reached = module.weight[0, 0].numel() * module.out_channels // module.groups
            nn.init.normal_(module.weight, 0.0, (2 / reached) ** 0.5)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
