"""Both similarities: what holds for either loss, then each by itself."""

import cv2
import kornia
import numpy as np
import pytest
import skimage.filters
import skimage.measure
import skimage.metrics
import torch
from jaxtyping import TypeCheckError

from upcracknet.losses import (
    gradient_magnitude_similarity,
    multi_scale_gradient_magnitude_similarity_loss,
    multi_scale_gradient_magnitude_similarity_map,
    structural_similarity,
    structural_similarity_loss,
)

BOTH = pytest.mark.parametrize(
    "loss", [structural_similarity_loss, multi_scale_gradient_magnitude_similarity_loss]
)


def image_pair(height: int = 40, width: int = 33) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    a = torch.rand(2, 3, height, width, generator=generator, dtype=torch.float64)
    noise = torch.randn(2, 3, height, width, generator=generator, dtype=torch.float64)
    return a, (0.8 * a + 0.1 + 0.1 * noise).clamp(0, 1)


@BOTH
def test_identical_images_have_no_loss(loss):
    a = image_pair()[0].float()
    assert loss(a, a.clone()).item() == pytest.approx(0, abs=1e-6)


@BOTH
def test_gradients(loss):
    a, b = image_pair(8, 9)
    assert torch.autograd.gradcheck(loss, (a[:1, :2].requires_grad_(), b[:1, :2].requires_grad_()))


@BOTH
def test_half_precision_is_computed_in_full(loss):
    a, b = (image.bfloat16() for image in image_pair())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = loss(a, b)
    assert ours.dtype == torch.float32
    assert torch.equal(ours, loss(a.float(), b.float()))


@BOTH
def test_refuses_images_of_different_shapes(loss):
    with pytest.raises(TypeCheckError):
        loss(torch.rand(1, 3, 16, 16), torch.rand(2, 3, 16, 16))


def test_structure_agrees_with_scikit_image_away_from_the_border():
    a, b = image_pair()
    ours = structural_similarity(a, b)
    for index in range(len(a)):
        _, theirs = skimage.metrics.structural_similarity(
            a[index].numpy(),
            b[index].numpy(),
            channel_axis=0,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )
        np.testing.assert_allclose(ours[index, :, 5:-5, 5:-5], theirs[:, 5:-5, 5:-5], atol=1e-12)


def test_structure_agrees_with_kornia_up_to_the_border():
    a, b = (image.float() for image in image_pair())
    theirs = kornia.metrics.ssim(a, b, window_size=11, max_val=1.0)
    torch.testing.assert_close(structural_similarity(a, b), theirs, atol=2e-5, rtol=0)
    torch.testing.assert_close(structural_similarity_loss(a, b), (1 - theirs).mean(), atol=2e-5, rtol=0)


def test_structure_with_zeros_beyond_the_border_agrees_with_scikit_image():
    a, b = image_pair()
    padded = [np.pad(image[0].numpy(), ((0, 0), (8, 8), (8, 8))) for image in (a, b)]
    _, theirs = skimage.metrics.structural_similarity(
        *padded,
        channel_axis=0,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    ours = structural_similarity(a, b, border="zeros")
    np.testing.assert_allclose(ours[0], theirs[:, 8:-8, 8:-8], atol=1e-12)


def test_other_windows_agree_with_scikit_image():
    a, b = image_pair()
    # scikit-image's window reaches int(3.5 * sigma + 0.5) pixels to each side: 3 for a sigma of 0.8.
    _, theirs = skimage.metrics.structural_similarity(
        a[0].numpy(),
        b[0].numpy(),
        channel_axis=0,
        data_range=1.0,
        gaussian_weights=True,
        sigma=0.8,
        use_sample_covariance=False,
        full=True,
    )
    ours = structural_similarity(a, b, window_size=7, sigma=0.8)
    np.testing.assert_allclose(ours[0, :, 3:-3, 3:-3], theirs[:, 3:-3, 3:-3], atol=1e-12)


def test_structure_of_flat_images_by_hand():
    # Flat images have no variance, so only (2 · 0.2 · 0.6 + C1) / (0.2² + 0.6² + C1) is left; C1 = 0.0001.
    a, b = torch.full((1, 1, 16, 16), 0.2), torch.full((1, 1, 16, 16), 0.6)
    torch.testing.assert_close(
        structural_similarity(a, b), torch.full_like(a, 0.2401 / 0.4001), atol=1e-4, rtol=0
    )


def test_refuses_images_smaller_than_the_window_reaches():
    small = torch.rand(1, 3, 5, 40)
    with pytest.raises(ValueError, match="too small for a window of 11; give more than 5"):
        structural_similarity(small, small)


@pytest.mark.parametrize("window_size", [0, 4, -3])
def test_refuses_windows_without_a_centre(window_size: int):
    a, b = image_pair()
    with pytest.raises(ValueError, match="odd"):
        structural_similarity(a, b, window_size=window_size)


def scikit_image_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    # scikit-image divides the magnitude by √2, the root of the number of directions.
    a, b = (np.sqrt(2) * skimage.filters.prewitt(image, mode="nearest") for image in (a, b))
    return (2 * a * b + 0.0026) / (a**2 + b**2 + 0.0026)


def scikit_image_scales(a: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    scales = []
    for side in (1, 2, 4, 8):
        scales.append(
            scikit_image_similarity(*(skimage.measure.block_reduce(image, side, np.mean) for image in (a, b)))
        )
    return scales


def test_edges_agree_with_scikit_image():
    a, b = image_pair()
    ours = gradient_magnitude_similarity(a, b)
    assert ours.shape == (2, 1, 40, 33)
    for index in range(2):
        theirs = scikit_image_similarity(a[index].mean(0).numpy(), b[index].mean(0).numpy())
        np.testing.assert_allclose(ours[index, 0], theirs, atol=1e-7)


def test_edges_of_a_step_by_hand():
    # Beside a step of 0.3 the magnitudes are 0 and 0.3, which gives 0.0026 / (0.09 + 0.0026); elsewhere 1.
    flat, step = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    step[..., 4:] = 0.3
    expected = torch.ones(1, 1, 8, 8)
    expected[..., 3:5] = 0.0026 / 0.0926
    torch.testing.assert_close(gradient_magnitude_similarity(flat, step), expected, atol=1e-4, rtol=0)


def test_loss_averages_pixels_then_scales():
    a, b = image_pair(32, 40)
    theirs = [
        [
            1 - scale.mean()
            for scale in scikit_image_scales(a[index].mean(0).numpy(), b[index].mean(0).numpy())
        ]
        for index in range(2)
    ]
    assert multi_scale_gradient_magnitude_similarity_loss(a, b).item() == pytest.approx(
        np.mean(theirs), abs=1e-7
    )


def test_map_averages_enlarged_scales():
    a, b = image_pair(32, 40)
    ours = multi_scale_gradient_magnitude_similarity_map(a, b)
    assert ours.shape == (2, 1, 32, 40)
    scales = scikit_image_scales(a[1].mean(0).numpy(), b[1].mean(0).numpy())
    theirs = np.mean(
        [cv2.resize(scale, (40, 32), interpolation=cv2.INTER_LINEAR) for scale in scales], axis=0
    )
    np.testing.assert_allclose(ours[1, 0], theirs, atol=1e-6)


def test_map_of_odd_sizes_keeps_the_size():
    image = torch.rand(1, 3, 37, 51)
    assert multi_scale_gradient_magnitude_similarity_map(image, 1 - image).shape == (1, 1, 37, 51)


def test_gradients_are_finite_where_the_image_is_flat():
    flat = torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    multi_scale_gradient_magnitude_similarity_loss(flat, torch.rand(1, 3, 16, 16)).backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


@pytest.mark.parametrize(
    "function",
    [multi_scale_gradient_magnitude_similarity_loss, multi_scale_gradient_magnitude_similarity_map],
)
def test_refuses_images_with_nothing_left_at_an_eighth(function):
    image = torch.rand(1, 3, 7, 20)
    with pytest.raises(ValueError, match=r"\(7, 20\) pixels are too small for 4 scales; give at least 8"):
        function(image, image)
