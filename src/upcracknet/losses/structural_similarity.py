"""Structural similarity, SSIM (Wang et al., IEEE TIP 2004), and its loss (Section III-E, equation 4)."""

import torch
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
        a: images in [0, 1].
        b: images in [0, 1].
        window_size: side of the Gaussian window in pixels, odd.
        sigma: standard deviation of the Gaussian window in pixels.

    Returns:
        similarity of each pixel's neighbourhood, in [-1, 1]; 1 where the images are the same.

    Raises:
        ValueError: the window size is even or the images are not larger than half a window.
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
    """Average 1 − SSIM over pixels, channels and images (equation 4).

    Args:
        restored: restored images in [0, 1].
        original: original images in [0, 1].

    Returns:
        loss, 0 for identical images.

    Raises:
        ValueError: the images are not larger than half a window, 5 pixels.
    """
    return (1 - structural_similarity(restored, original)).mean()


def _gaussian_filter(images: Tensor, window_size: int, sigma: float) -> Tensor:
    """Filter b×c×h×w images, mirrored at their edges, one direction after the other.

    Each direction is a product with a banded matrix: on processors several times faster than depthwise
    convolutions or shifted sums, forwards and backwards. Autocast is off, since variances are small
    differences of large numbers.
    """
    height, width = images.shape[-2:]
    with torch.autocast(images.device.type, enabled=False):
        down = _filter_matrix(height, window_size, sigma).to(images)
        across = _filter_matrix(width, window_size, sigma).to(images)
        return down @ images @ across.T


def _filter_matrix(length: int, window_size: int, sigma: float) -> Tensor:
    """Make a matrix whose row i holds the Gaussian weights around pixel i, mirrored back at the edges."""
    offsets = torch.arange(window_size) - window_size // 2
    weights = torch.exp(-offsets.double().square() / (2 * sigma**2))
    positions = (torch.arange(length).unsqueeze(1) + offsets).abs()
    positions = torch.where(positions >= length, 2 * (length - 1) - positions, positions)
    matrix = torch.zeros(length, length, dtype=torch.float64)
    return matrix.scatter_add_(1, positions, (weights / weights.sum()).expand(length, -1))
