import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from upcracknet.losses import RandomFeatures, gram_matrix, style_loss


class TwoLayers:
    name = "two-layers"

    def __call__(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [images, 3 * images[:, :1]]


def test_gram_matrix_by_hand():
    # Rows (1, 2) and (3, 4): products 5, 11 and 25 over c · h · w = 2 · 1 · 2.
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])
    torch.testing.assert_close(gram_matrix(features), torch.tensor([[[1.25, 2.75], [2.75, 6.25]]]))


def test_gram_matrix_agrees_with_numpy():
    features = torch.rand(2, 5, 6, 7, dtype=torch.float64)
    expected = np.einsum("bihw,bjhw->bij", features, features) / (5 * 6 * 7)
    np.testing.assert_allclose(gram_matrix(features), expected, rtol=1e-12)


def test_gram_matrix_forgets_positions():
    features = torch.rand(1, 4, 8, 8)
    shuffled = features.flatten(2)[..., torch.randperm(64)].view_as(features)
    torch.testing.assert_close(gram_matrix(shuffled), gram_matrix(features))


def test_loss_averages_layers_by_hand():
    restored, original = torch.full((1, 3, 2, 2), 0.5), torch.full((1, 3, 2, 2), 0.1)
    # First layer: every entry is (0.25 − 0.01) / 3 = 0.08; second: 9 · (0.25 − 0.01) = 2.16; mean 1.12.
    assert style_loss(restored, original, TwoLayers()).item() == pytest.approx(1.12)


def test_identical_images_have_no_loss():
    images = torch.rand(2, 3, 64, 64)
    assert style_loss(images, images.clone(), RandomFeatures()).item() == 0


def test_gradients_flow_to_the_restored_image_only():
    restored, original = (
        torch.rand(1, 3, 32, 32, requires_grad=True),
        torch.rand(1, 3, 32, 32, requires_grad=True),
    )
    style_loss(restored, original, RandomFeatures()).backward()
    assert restored.grad is not None
    assert restored.grad.abs().sum() > 0
    assert original.grad is None


def test_gradients():
    torch.manual_seed(0)
    restored, original = torch.rand(2, 1, 3, 9, 8, dtype=torch.float64).unbind()
    extractor = RandomFeatures(filters=2, size=3, levels=2).double()
    assert torch.autograd.gradcheck(
        lambda image: style_loss(image, original, extractor), restored.requires_grad_()
    )


def test_gram_matrix_is_computed_in_full_precision():
    features = torch.rand(1, 8, 64, 64).bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours = gram_matrix(features)
    assert ours.dtype == torch.float32
    assert torch.equal(ours, gram_matrix(features.float()))


def test_refuses_images_of_different_shapes():
    with pytest.raises(TypeCheckError):
        style_loss(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 33), RandomFeatures())
