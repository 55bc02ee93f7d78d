"""Networks in PyTorch that calculate in 16 bits."""

import copy
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from upcracknet.runtime.compiled import answer_with, tensors_of


def has_bfloat16() -> bool:
    """Whether this processor multiplies in bfloat16 (AVX-512 BF16, AMX); others would only imitate it."""
    supports = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in supports)


class BFloat16Network(nn.Module):
    """Stands in a scorer for a network: the same, in bfloat16, with answers in 32 bits.

    Args:
        network: a trained network; not changed.
        size_multiple: height and width of the images must be multiples of this many pixels.
    """

    engine = "torch"

    def __init__(self, network: nn.Module, size_multiple: int) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).to(torch.bfloat16)
        self.size_multiple = size_multiple

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Any:
        """The network's answer, in the network's form."""
        answer = self.network(images.to(torch.bfloat16))
        return answer_with(answer, [values.float() for values in tensors_of(answer).values()])
