"""Losses of a crack mask: cross-entropy and overlap, and the focal loss."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def segmentation_loss(
    logits: Float[Tensor, "b h w"],
    crack: Float[Tensor, "b h w"],
    weight: Float[Tensor, "b h w"] | None = None,
) -> Float[Tensor, ""]:
    """Add binary cross-entropy and Dice loss, both pooled over the batch.

    Cross-entropy keeps the scores near probabilities; Dice (Milletari et al., 3DV 2016) answers to overlap,
    so that the few crack pixels count as much as the many others. Some roads have no crack at all, so overlap
    is pooled over the batch, not taken of each image.

    Args:
        logits: scores before the sigmoid.
        crack: share of each pixel that is crack, in [0, 1].
        weight: how much each pixel counts, 0 where the truth is not known; None counts all alike.

    Returns:
        the loss, 0 for a perfect answer.
    """
    weight = torch.ones_like(crack) if weight is None else weight
    cross_entropy = F.binary_cross_entropy_with_logits(logits, crack, weight, reduction="sum")
    score = logits.sigmoid() * weight
    crack = crack * weight
    overlap = (2 * (score * crack).sum() + 1) / (score.sum() + crack.sum() + 1)
    return cross_entropy / weight.sum().clamp_min(1) + 1 - overlap


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
