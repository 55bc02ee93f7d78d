"""Precision of the losses: at least 32 bits, also where the networks run in 16."""

import torch
from torch import Tensor


def at_least_float32(tensor: Tensor) -> Tensor:
    """Convert to float32, or leave as it is if it is float64."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
