"""The weighted sums of the losses: restoration (Section III-E, equation 7) and total (equation 2)."""

import math
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from upcracknet.errors import ConfigurationError
from upcracknet.losses.similarity import (
    at_least_float32,
    multi_scale_gradient_magnitude_similarity_loss,
    structural_similarity_loss,
)
from upcracknet.losses.style import FeatureExtractor, style_loss


@dataclass(frozen=True)
class LossWeights:
    """The λ of equations 2 and 7, with the values of Section IV-B; a loss of weight 0 is not computed.

    Attributes:
        mae: λ_mae, mean absolute error.
        ssim: λ_ssim, structural similarity.
        msgms: λ_gms, multi-scale gradient magnitude similarity.
        style: λ_style, Gram matrices.
        restoration: λ_res, the sum of the four above.
        adversarial: λ_adv, the discriminator's opinion.
        form: ``paper``: all losses see images in [0, 1], the range for which the constants of SSIM and GMS
            are made; the paper names none. ``code``: as in the authors' code, MAE, SSIM and MSGMS see images
            in [-1, 1], SSIM continues them by zeros, and the layers of the style loss are added up where
            equation 6 has their mean. The MAE is then twice as large, the style loss of VGG-19 four times.

    Raises:
        ConfigurationError: a weight is negative or not finite, or no restoration loss has any weight.
    """

    mae: float = 1.0
    ssim: float = 1.0
    msgms: float = 1.0
    style: float = 10.0
    restoration: float = 100.0
    adversarial: float = 1.0
    form: Literal["paper", "code"] = "paper"

    def __post_init__(self) -> None:
        weights = {name: weight for name, weight in asdict(self).items() if name != "form"}
        wrong = {name: weight for name, weight in weights.items() if not 0 <= weight < math.inf}
        if wrong:
            raise ConfigurationError(f"loss weights {wrong} are not usable; give finite numbers of 0 or more")
        if not self.restoration * (self.mae + self.ssim + self.msgms + self.style):
            raise ConfigurationError(
                "nothing to restore by; give restoration and one of mae, ssim, msgms, style a weight above 0"
            )


class RestorationLoss(NamedTuple):
    """Restoration loss and what it is made of.

    Attributes:
        total: weighted sum of the terms (equation 7).
        terms: the losses before weighting, by their names in ``LossWeights``; only those with a weight.
    """

    total: Float[Tensor, ""]
    terms: dict[str, Tensor]


def restoration_loss(
    restored: Float[Tensor, "b 3 h w"],
    original: Float[Tensor, "b 3 h w"],
    weights: LossWeights,
    extractor: FeatureExtractor | None = None,
) -> RestorationLoss:
    """Compare restored with original images by every loss that has a weight (equations 3 to 7).

    Args:
        restored: restored images in [0, 1].
        original: original images in [0, 1].
        weights: weights of the losses.
        extractor: where the style loss takes its feature maps from; needed when ``weights.style`` is not 0.

    Returns:
        the weighted sum and the single losses.

    Raises:
        ConfigurationError: the style loss has a weight but there is no extractor.
        ValueError: the images are too small for a loss.
    """
    terms: dict[str, Tensor] = {}
    code = weights.form == "code"
    a, b = at_least_float32(restored), at_least_float32(original)
    if code:
        a, b = a * 2 - 1, b * 2 - 1
    if weights.mae:
        terms["mae"] = F.l1_loss(a, b)
    if weights.ssim:
        terms["ssim"] = structural_similarity_loss(a, b, "zeros" if code else "mirror")
    if weights.msgms:
        terms["msgms"] = multi_scale_gradient_magnitude_similarity_loss(a, b)
    if weights.style:
        if extractor is None:
            raise ConfigurationError(
                "the style loss has a weight but no feature extractor; give one, or weight 0"
            )
        terms["style"] = style_loss(restored, original, extractor, layers="sum" if code else "mean")
    total = torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()
    return RestorationLoss(total, terms)


def total_loss(
    restoration: Float[Tensor, ""], adversarial: Float[Tensor, ""], weights: LossWeights
) -> Float[Tensor, ""]:
    """Weigh the restoration loss (equation 7) against the generator's adversarial loss (equation 2)."""
    return weights.restoration * restoration + weights.adversarial * adversarial
