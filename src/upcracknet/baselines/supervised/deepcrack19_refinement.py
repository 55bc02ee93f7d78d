"""Guided filtering of Deepcrack19's answer by its first side output, which knows edges best.

Liu et al., Neurocomputing 338:139-153, 2019; the filter is He, Sun and Tang, "Guided Image Filtering", TPAMI
35(6), 2013, Algorithm 1.
"""

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

FUSED_LEVEL = 0.31
"""What is filtered is 1 where the fused probability is above this, 0 elsewhere."""

REFINED_LEVEL = 0.48
"""Crack is where the filtered value is above this."""

RADIUS = 5
EPSILON = 1e-6 * 255**2
"""About 0.065, for a guide in [0, 1]."""


def refine(fused: Float[Tensor, "b h w"], first_side: Float[Tensor, "b h w"]) -> Float[Tensor, "b h w"]:
    """Bring the outline of the answer to the edges of the first side output.

    Args:
        fused: probabilities of the answer, in [0, 1].
        first_side: probabilities of the side output of the first stage, in [0, 1].

    Returns:
        values of about 0 to 1; crack where they exceed :data:`REFINED_LEVEL`.
    """
    refined = [
        guided_filter(guide, (answer > FUSED_LEVEL).astype(np.float64), RADIUS, EPSILON)
        for guide, answer in zip(
            first_side.detach().double().cpu().numpy(), fused.detach().double().cpu().numpy(), strict=True
        )
    ]
    return torch.from_numpy(np.stack(refined)).to(fused)


def guided_filter(
    guide: Float[np.ndarray, "h w"], image: Float[np.ndarray, "h w"], radius: int, epsilon: float
) -> Float[np.ndarray, "h w"]:
    """Fit, in every window, the linear function of the guide nearest to the image; average them.

    Args:
        guide: whose edges the result keeps.
        image: what is filtered.
        radius: windows are squares of 2·radius + 1 pixels, cut off at the border.
        epsilon: variance of the guide, up to which a window counts as flat and is averaged.

    Returns:
        the filtered image, in double precision.
    """

    def sums(values: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
        window = (2 * radius + 1, 2 * radius + 1)
        added = cv2.boxFilter(values, cv2.CV_64F, window, normalize=False, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(added)

    pixels = sums(np.ones_like(guide))

    def mean(values: Float[np.ndarray, "h w"]) -> Float[np.ndarray, "h w"]:
        return np.asarray(sums(values) / pixels)

    guide_mean, image_mean = mean(guide), mean(image)
    variance = mean(guide * guide) - guide_mean**2
    slope = (mean(guide * image) - guide_mean * image_mean) / (variance + epsilon)
    offset = image_mean - slope * guide_mean
    return np.asarray(mean(slope) * guide + mean(offset))
