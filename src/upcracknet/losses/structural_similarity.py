"""Structural similarity, SSIM (Wang et al., IEEE TIP 2004), and its loss (section III-E, eq. 4)."""

import math

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from upcracknet.losses.precision import at_least_float32

LUMINANCE_CONSTANT = 0.01**2
"""C1 for images in [0, 1]."""
CONTRAST_CONSTANT = 0.03**2
"""C2 for images in [0, 1]."""


def structural_similarity(
    a: Float[Tensor, "b c h w"], b: Float[Tensor, "b c h w"], window_size: int = 11, sigma: float = 1.5
) -> Float[Tensor, "b c h w"]:
    """Compare two images by local luminance, contrast and structure, each channel on its own.

    The image is continued by reflection at its border. Computed in at least 32 bits, because the variances
    are small differences of large numbers.

    Args:
        a: Images in [0, 1].
        b: Images in [0, 1].
        window_size: Side of the Gaussian window in pixels, odd.
        sigma: Standard deviation of the Gaussian window in pixels.

    Returns:
        Similarity of each pixel's neighbourhood, in [-1, 1]; 1 where the images are the same.

    Raises:
        ValueError: If the window size is even or the images are not larger than half a window.
    """
    if window_size % 2 == 0 or window_size < 1:
        raise ValueError(f"window_size is {window_size}; give an odd number of pixels")
    if min(a.shape[-2:]) <= window_size // 2:
        raise ValueError(
            f"images of {tuple(a.shape[-2:])} pixels are too small for a window of {window_size}; "
            f"give more than {window_size // 2} pixels in each direction"
        )
    a, b = at_least_float32(a), at_least_float32(b)
    # The formula needs the two variances only in sum: four filtered maps do, not five.
    mean_a, mean_b = _gaussian_filter(a, window_size, sigma), _gaussian_filter(b, window_size, sigma)
    mean_squares = _gaussian_filter(a * a + b * b, window_size, sigma)
    mean_product = _gaussian_filter(a * b, window_size, sigma)
    product_of_means, squares_of_means = mean_a * mean_b, mean_a * mean_a + mean_b * mean_b
    luminance = (2 * product_of_means + LUMINANCE_CONSTANT) / (squares_of_means + LUMINANCE_CONSTANT)
    covariance, variances = mean_product - product_of_means, mean_squares - squares_of_means
    return luminance * (2 * covariance + CONTRAST_CONSTANT) / (variances + CONTRAST_CONSTANT)


def structural_similarity_loss(
    restored: Float[Tensor, "b c h w"], original: Float[Tensor, "b c h w"]
) -> Float[Tensor, ""]:
    """Average 1 − SSIM over pixels, channels and images (eq. 4).

    Args:
        restored: Restored images in [0, 1].
        original: Original images in [0, 1].

    Returns:
        Loss, 0 for identical images.

    Raises:
        ValueError: If the images are not larger than half a window, 5 pixels.
    """
    return (1 - structural_similarity(restored, original)).mean()


def _gaussian_filter(images: Tensor, window_size: int, sigma: float) -> Tensor:
    """Filter b×c×h×w images, one direction after the other.

    Shifted sums instead of convolutions: on processors they are faster than depthwise convolutions, and
    neither autocast nor a setting for coarser matrix products (TF32) touches them.
    """
    half = window_size // 2
    weights = [math.exp(-((offset - half) ** 2) / (2 * sigma**2)) for offset in range(window_size)]
    weights = [weight / sum(weights) for weight in weights]
    height, width = images.shape[-2:]
    padded = F.pad(images, (half, half, half, half), mode="reflect")
    across = padded[..., :width] * weights[0]
    for offset, weight in enumerate(weights[1:], start=1):
        across = across.add(padded[..., offset : offset + width], alpha=weight)
    filtered = across[..., :height, :] * weights[0]
    for offset, weight in enumerate(weights[1:], start=1):
        filtered = filtered.add(across[..., offset : offset + height, :], alpha=weight)
    return filtered
