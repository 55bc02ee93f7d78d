import kornia
import numpy as np
import pytest
import skimage.metrics
import torch
from jaxtyping import TypeCheckError

from upcracknet.losses import structural_similarity, structural_similarity_loss


def image_pair(
    height: int = 40, width: int = 33, dtype: torch.dtype = torch.float32
) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(3)
    a = torch.rand(2, 3, height, width, generator=generator, dtype=dtype)
    noise = torch.randn(2, 3, height, width, generator=generator, dtype=dtype)
    return a, (0.8 * a + 0.1 + 0.1 * noise).clamp(0, 1)


def test_agrees_with_scikit_image_away_from_the_border():
    a, b = image_pair(dtype=torch.float64)
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


def test_agrees_with_kornia_up_to_the_border():
    a, b = image_pair()
    theirs = kornia.metrics.ssim(a, b, window_size=11, max_val=1.0)
    torch.testing.assert_close(structural_similarity(a, b), theirs, atol=2e-5, rtol=0)
    torch.testing.assert_close(structural_similarity_loss(a, b), (1 - theirs).mean(), atol=2e-5, rtol=0)


def test_other_windows_agree_with_scikit_image():
    a, b = image_pair(dtype=torch.float64)
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


def test_flat_images_by_hand():
    # Flat images have no variance, so only (2 · 0.2 · 0.6 + C1) / (0.2² + 0.6² + C1) is left; C1 = 0.0001.
    a, b = torch.full((1, 1, 16, 16), 0.2), torch.full((1, 1, 16, 16), 0.6)
    torch.testing.assert_close(
        structural_similarity(a, b), torch.full_like(a, 0.2401 / 0.4001), atol=1e-4, rtol=0
    )


def test_identical_images_have_no_loss():
    a, _ = image_pair()
    assert structural_similarity_loss(a, a.clone()).item() == pytest.approx(0, abs=1e-6)


def test_gradients():
    a, b = image_pair(7, 8, torch.float64)
    a, b = a[:1, :1].requires_grad_(), b[:1, :1].requires_grad_()
    assert torch.autograd.gradcheck(structural_similarity_loss, (a, b))


def test_half_precision_is_computed_in_full():
    a, b = (image.bfloat16() for image in image_pair())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = structural_similarity(a, b)
    assert ours.dtype == torch.float32
    assert torch.equal(ours, structural_similarity(a.float(), b.float()))


def test_refuses_images_smaller_than_the_window_reaches():
    small = torch.rand(1, 3, 5, 40)
    with pytest.raises(ValueError, match="too small for a window of 11; give more than 5"):
        structural_similarity(small, small)


@pytest.mark.parametrize("window_size", [0, 4, -3])
def test_refuses_windows_without_a_centre(window_size: int):
    a, b = image_pair()
    with pytest.raises(ValueError, match="odd"):
        structural_similarity(a, b, window_size=window_size)


def test_refuses_images_of_different_shapes():
    with pytest.raises(TypeCheckError):
        structural_similarity_loss(torch.rand(1, 3, 16, 16), torch.rand(2, 3, 16, 16))
