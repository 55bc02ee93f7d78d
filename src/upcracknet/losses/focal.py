"""The focal loss."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def focal_loss(
    logits: Float[Tensor, "b h w"], crack: Float[Tensor, "b h w"], gamma: float = 2.0
) -> Float[Tensor, ""]:
    """Average cross-entropy, in which a pixel counts less the surer it is right.

    Source: Lin et al., ICCV 2017, equation 4.

    Args:
        logits: scores before the sigmoid.
        crack: 1 where there is a crack, else 0.
        gamma: how much less; 0 gives plain cross-entropy.

    Returns:
        the mean loss, 0 for a perfect answer.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, crack, reduction="none")
    return torch.mean((1 - torch.exp(-entropy)) ** gamma * entropy)
