"""Adversarial loss on the patch decisions of the discriminator (Section III-E, equation 8)."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from upcracknet.losses.similarity import at_least_float32


def discriminator_loss(
    real_logits: Float[Tensor, "b 1 h w"], fake_logits: Float[Tensor, "b 1 h w"]
) -> Float[Tensor, ""]:
    """Measure how badly originals are kept apart from restored images: minus equation 8, halved.

    The half slows the discriminator down relative to the generator, as in pix2pix (Isola et al., CVPR 2017).

    Args:
        real_logits: decisions on originals, before the sigmoid; one for each patch.
        fake_logits: decisions on restored images, before the sigmoid.

    Returns:
        loss; ln 2 for a discriminator that cannot tell.
    """
    return 0.5 * (_cross_entropy(real_logits, is_real=True) + _cross_entropy(fake_logits, is_real=False))


def generator_adversarial_loss(fake_logits: Float[Tensor, "b 1 h w"]) -> Float[Tensor, ""]:
    """Measure how badly restored images pass for originals, by binary cross-entropy.

    Eq. 8 read literally has the generator minimise log(1 − D), whose gradient vanishes while the
    discriminator is sure of itself; that of −log D does not, and both have the same fixed point (Goodfellow
    et al., NeurIPS 2014). pix2pix and the authors' code minimise −log D too.

    Args:
        fake_logits: decisions on restored images, before the sigmoid; one for each patch.

    Returns:
        loss; 0 when the discriminator is sure that restored images are real.
    """
    return _cross_entropy(fake_logits, is_real=True)


def _cross_entropy(logits: Tensor, is_real: bool) -> Tensor:
    logits = at_least_float32(logits)
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(is_real)))
