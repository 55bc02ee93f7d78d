import cv2
import numpy as np
import pytest
import skimage.filters
import skimage.measure
import torch
from jaxtyping import TypeCheckError

from upcracknet.losses import (
    gradient_magnitude_similarity,
    multi_scale_gradient_magnitude_similarity_loss,
    multi_scale_gradient_magnitude_similarity_map,
)


def image_pair(height: int = 32, width: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    a = torch.rand(2, 3, height, width, generator=generator, dtype=torch.float64)
    return a, (a + 0.2 * torch.rand(a.shape, generator=generator, dtype=torch.float64)).clamp(0, 1)


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


def test_agrees_with_scikit_image():
    a, b = image_pair()
    ours = gradient_magnitude_similarity(a, b)
    per_channel = gradient_magnitude_similarity(a, b, per_channel=True)
    assert ours.shape == (2, 1, 32, 40)
    for index in range(2):
        grey = scikit_image_similarity(a[index].mean(0).numpy(), b[index].mean(0).numpy())
        np.testing.assert_allclose(ours[index, 0], grey, atol=1e-7)
        for channel in range(3):
            theirs = scikit_image_similarity(a[index, channel].numpy(), b[index, channel].numpy())
            np.testing.assert_allclose(per_channel[index, channel], theirs, atol=1e-7)


def test_a_step_by_hand():
    # Beside a step of 0.3 the magnitudes are 0 and 0.3, which gives 0.0026 / (0.09 + 0.0026); elsewhere 1.
    flat, step = torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    step[..., 4:] = 0.3
    expected = torch.ones(1, 1, 8, 8)
    expected[..., 3:5] = 0.0026 / 0.0926
    torch.testing.assert_close(gradient_magnitude_similarity(flat, step), expected, atol=1e-4, rtol=0)


def test_loss_averages_pixels_then_scales():
    a, b = image_pair()
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


def test_loss_per_channel():
    a, b = image_pair()
    single = [
        multi_scale_gradient_magnitude_similarity_loss(a[:, [channel]], b[:, [channel]])
        for channel in range(3)
    ]
    together = multi_scale_gradient_magnitude_similarity_loss(a, b, per_channel=True)
    torch.testing.assert_close(together, torch.stack(single).mean())


def test_map_averages_enlarged_scales():
    a, b = image_pair()
    ours = multi_scale_gradient_magnitude_similarity_map(a, b)
    assert ours.shape == (2, 1, 32, 40)
    scales = scikit_image_scales(a[1].mean(0).numpy(), b[1].mean(0).numpy())
    theirs = np.mean(
        [cv2.resize(scale, (40, 32), interpolation=cv2.INTER_LINEAR) for scale in scales], axis=0
    )
    np.testing.assert_allclose(ours[1, 0], theirs, atol=1e-6)


def test_map_of_odd_sizes_keeps_the_size():
    image = torch.rand(1, 3, 37, 51)
    similarity = multi_scale_gradient_magnitude_similarity_map(image, 1 - image, per_channel=True)
    assert similarity.shape == (1, 3, 37, 51)


def test_identical_images_have_no_loss():
    a = image_pair()[0].float()
    assert multi_scale_gradient_magnitude_similarity_loss(a, a.clone()).item() == 0
    assert (multi_scale_gradient_magnitude_similarity_map(a, a.clone()) == 1).all()


def test_gradients():
    a, b = image_pair(8, 9)
    a, b = a[:1].requires_grad_(), b[:1].requires_grad_()
    assert torch.autograd.gradcheck(multi_scale_gradient_magnitude_similarity_loss, (a, b))


def test_gradients_are_finite_where_the_image_is_flat():
    flat = torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    multi_scale_gradient_magnitude_similarity_loss(flat, torch.rand(1, 3, 16, 16)).backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_half_precision_is_computed_in_full():
    a, b = (image.bfloat16() for image in image_pair())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = multi_scale_gradient_magnitude_similarity_loss(a, b)
    assert ours.dtype == torch.float32
    assert torch.equal(ours, multi_scale_gradient_magnitude_similarity_loss(a.float(), b.float()))


@pytest.mark.parametrize(
    "function",
    [multi_scale_gradient_magnitude_similarity_loss, multi_scale_gradient_magnitude_similarity_map],
)
def test_refuses_images_with_nothing_left_at_an_eighth(function):
    image = torch.rand(1, 3, 7, 20)
    with pytest.raises(ValueError, match=r"\(7, 20\) pixels are too small for 4 scales; give at least 8"):
        function(image, image)


def test_refuses_images_of_different_shapes():
    with pytest.raises(TypeCheckError):
        gradient_magnitude_similarity(torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 17))
