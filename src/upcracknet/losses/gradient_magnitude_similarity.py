"""Gradient magnitude similarity, GMS, over four scales (Section III-E, equation 5).

Source of GMS: Xue et al., IEEE TIP 2014.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from upcracknet.losses.precision import at_least_float32

SCALES = 4
"""The image itself and its halves, quarters and eighths."""
STABILITY_CONSTANT = 0.0026
"""c of GMS for images in [0, 1]: the 170 of Xue et al. for images in [0, 255]."""
# Keeps the gradient of the square root finite on flat road; shifts a magnitude by at most 1e-6.
_SQUARED_MAGNITUDE_FLOOR = 1e-12


def gradient_magnitude_similarity(
    a: Float[Tensor, "b c h w"], b: Float[Tensor, "b c h w"], per_channel: bool = False
) -> Float[Tensor, "b k h w"]:
    """Compare the edge strengths of two images at one scale.

    Gradients are Prewitt's, divided by 3; the image is continued by its border pixels. Computed in at least
    32 bits, also under autocast.

    Args:
        a: images in [0, 1].
        b: images in [0, 1].
        per_channel: compare each channel on its own. If not, as RIAD does, compare the mean of the channels.

    Returns:
        similarity of each pixel's edges, above 0 and up to 1 where they are the same; one channel, or each.
    """
    magnitude_a, magnitude_b = (_gradient_magnitude(_planes(image, per_channel)) for image in (a, b))
    product, squares = magnitude_a * magnitude_b, magnitude_a.square() + magnitude_b.square()
    return (2 * product + STABILITY_CONSTANT) / (squares + STABILITY_CONSTANT)


def multi_scale_gradient_magnitude_similarity_loss(
    restored: Float[Tensor, "b c h w"], original: Float[Tensor, "b c h w"], per_channel: bool = False
) -> Float[Tensor, ""]:
    """Average 1 − GMS over the pixels of each scale, then over the scales (equation 5).

    Args:
        restored: restored images in [0, 1].
        original: original images in [0, 1].
        per_channel: compare each channel on its own instead of their mean.

    Returns:
        loss, 0 for identical images.

    Raises:
        ValueError: the images are smaller than 8 pixels, which leaves nothing at the coarsest scale.
    """
    scales = _similarity_at_scales(restored, original, per_channel)
    return torch.stack([(1 - similarity).mean() for similarity in scales]).mean()


def multi_scale_gradient_magnitude_similarity_map(
    a: Float[Tensor, "b c h w"], b: Float[Tensor, "b c h w"], per_channel: bool = False
) -> Float[Tensor, "b k h w"]:
    """Average GMS over four scales at every pixel, coarser scales enlarged bilinearly.

    RIAD's anomaly map is 1 minus this.

    Args:
        a: images in [0, 1].
        b: images in [0, 1].
        per_channel: compare each channel on its own instead of their mean.

    Returns:
        similarity at each pixel, above 0 and up to 1 where the images are the same; one channel, or each.

    Raises:
        ValueError: the images are smaller than 8 pixels, which leaves nothing at the coarsest scale.
    """
    size = a.shape[-2:]
    enlarged = [
        F.interpolate(similarity, size=size, mode="bilinear", align_corners=False)
        for similarity in _similarity_at_scales(a, b, per_channel)
    ]
    return torch.stack(enlarged).mean(dim=0)


def _similarity_at_scales(a: Tensor, b: Tensor, per_channel: bool) -> list[Tensor]:
    smallest = 2 ** (SCALES - 1)
    if min(a.shape[-2:]) < smallest:
        raise ValueError(
            f"images of {tuple(a.shape[-2:])} pixels are too small for {SCALES} scales; "
            f"give at least {smallest} pixels in each direction"
        )
    a, b = _planes(a, per_channel), _planes(b, per_channel)
    similarities = [gradient_magnitude_similarity(a, b, per_channel=True)]
    for _ in range(SCALES - 1):
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
        similarities.append(gradient_magnitude_similarity(a, b, per_channel=True))
    return similarities


def _planes(images: Tensor, per_channel: bool) -> Tensor:
    images = at_least_float32(images)
    return images if per_channel else images.mean(dim=1, keepdim=True)


def _gradient_magnitude(planes: Tensor) -> Tensor:
    padded = F.pad(planes, (1, 1, 1, 1), mode="replicate")
    height, width = planes.shape[-2:]
    across = padded[..., 2:] - padded[..., :width]
    down = padded[..., 2:, :] - padded[..., :height, :]
    across = (across[..., :height, :] + across[..., 1:-1, :] + across[..., 2:, :]) / 3
    down = (down[..., :width] + down[..., 1:-1] + down[..., 2:]) / 3
    return (across.square() + down.square() + _SQUARED_MAGNITUDE_FLOOR).sqrt()
