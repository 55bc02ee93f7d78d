"""Large window attention, which gives Lawin its name (Yan, Zhang and Wu 2022, "Large Window Attention")."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

WINDOW = 8
"""Side of the windows that ask, in steps of the features."""


def window_contexts(features: Float[Tensor, "b c h w"], ratio: int) -> Float[Tensor, "b c hc wc"]:
    """Pool features so that what surrounds each window, ``ratio`` times as wide, shrinks to a window's size.

    The surroundings of neighbouring windows overlap, but their cells of ``ratio`` × ``ratio`` coincide: each
    is pooled once, to the mean of its maximum and its average, as the code in use does. Beyond the map are
    zeros.

    Args:
        features: height and width are multiples of :data:`WINDOW`.
        ratio: a divisor of :data:`WINDOW`, at least 2.

    Returns:
        cells, WINDOW / ratio of them per window in each direction, after a margin on each side.
    """
    padded = F.pad(features, [WINDOW * (ratio - 1) // 2] * 4)
    return (F.max_pool2d(padded, ratio) + F.avg_pool2d(padded, ratio)) / 2


def windows(features: Float[Tensor, "b c h w"], stride: int, heads: int) -> Float[Tensor, "n heads c2 p"]:
    """Cut features into windows, each apart, with the channels of each head apart.

    Args:
        features: b×c×h×w.
        stride: from one window to the next.
        heads: a divisor of c.

    Returns:
        images and windows one after the other; heads; channels of a head; 64 places, row by row.
    """
    cut = F.unfold(features, WINDOW, stride=stride)
    return cut.mT.reshape(-1, heads, features.shape[1] // heads, WINDOW**2)


class PositionMixing(nn.Module):
    """A linear layer over the places of a window, its own for each head, which makes up for the pooling.

    Args:
        heads: how many channel groups mix apart.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.trunc_normal_(torch.empty(heads, WINDOW**2, WINDOW**2), std=0.02))
        self.bias = nn.Parameter(torch.zeros(heads, 1, WINDOW**2))

    def forward(self, context: Float[Tensor, "n heads c p"]) -> Float[Tensor, "n heads c p"]:
        """Compute what each place gets from all places."""
        return context @ self.weight.mT + self.bias


class LargeWindowAttention(nn.Module):
    """Each window of 8 × 8 asks what is around it, pooled to as many places.

    Args:
        channels: channels of the features, a multiple of twice ``heads``; the attention runs on half of them.
        ratio: how many times wider than the window its surroundings are.
        heads: heads of the attention and of the position mixing.
    """

    def __init__(self, channels: int, ratio: int, heads: int) -> None:
        super().__init__()
        self.ratio, self.heads = ratio, heads
        self.norm = nn.LayerNorm(channels)
        self.mixing = PositionMixing(heads)
        self.query = nn.Conv2d(channels, channels // 2, 1)
        self.key = nn.Linear(channels, channels // 2)
        self.value = nn.Linear(channels, channels // 2)
        self.output = nn.Sequential(
            nn.Conv2d(channels // 2, channels, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, features: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Add to features what lies around; height and width are multiples of 8."""
        contexts = self.norm(window_contexts(features, self.ratio).movedim(1, -1)).movedim(-1, 1)
        context = windows(contexts, WINDOW // self.ratio, self.heads)
        context = (context + self.mixing(context)).flatten(1, 2).mT
        key, value = (
            part(context).unflatten(2, (self.heads, -1)).transpose(1, 2) for part in (self.key, self.value)
        )
        query = windows(self.query(features), WINDOW, self.heads).mT
        attended = F.scaled_dot_product_attention(query, key, value)
        # Back from windows to the map: fold reverses what unfold did.
        columns = attended.mT.reshape(len(features), -1, key.shape[1] * key.shape[3] * WINDOW**2).mT
        answer: Tensor = self.output(F.fold(columns, features.shape[-2:], WINDOW, stride=WINDOW))
        return features + answer
