import math

import pytest
import torch
from jaxtyping import TypeCheckError

from upcracknet.errors import ConfigurationError
from upcracknet.losses import (
    LossWeights,
    RandomFeatures,
    multi_scale_gradient_magnitude_similarity_loss,
    restoration_loss,
    structural_similarity_loss,
    style_loss,
    total_loss,
)

NOTHING = {"mae": 0.0, "ssim": 0.0, "msgms": 0.0, "style": 0.0}


class Unwanted:
    name = "unwanted"

    def __call__(self, images: torch.Tensor) -> list[torch.Tensor]:
        raise AssertionError


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(11)
    original = torch.rand(2, 3, 32, 32, generator=generator)
    return (original + 0.3 * torch.rand(original.shape, generator=generator)).clamp(0, 1), original


def test_defaults_are_the_papers():
    weights = LossWeights()
    assert (weights.mae, weights.ssim, weights.msgms, weights.style) == (1, 1, 1, 10)
    assert (weights.restoration, weights.adversarial) == (100, 1)


def test_mean_absolute_error_by_hand():
    restored, original = torch.full((1, 3, 8, 8), 0.75), torch.full((1, 3, 8, 8), 0.5)
    loss = restoration_loss(restored, original, LossWeights(**{**NOTHING, "mae": 3.0}))
    assert loss.terms["mae"].item() == pytest.approx(0.25)
    assert loss.total.item() == pytest.approx(0.75)


def test_terms_are_unweighted_and_the_total_is_equation_7(pair):
    extractor = RandomFeatures()
    loss = restoration_loss(*pair, LossWeights(mae=2.0, ssim=3.0, msgms=5.0, style=7.0), extractor)
    mae = (pair[0] - pair[1]).abs().mean()
    ssim = structural_similarity_loss(*pair)
    msgms = multi_scale_gradient_magnitude_similarity_loss(*pair)
    style = style_loss(*pair, extractor)
    torch.testing.assert_close(loss.terms, {"mae": mae, "ssim": ssim, "msgms": msgms, "style": style})
    torch.testing.assert_close(loss.total, 2 * mae + 3 * ssim + 5 * msgms + 7 * style)


def test_the_form_of_the_code_sees_images_from_minus_1_to_1_and_adds_layers_up(pair):
    extractor = RandomFeatures(levels=3)
    paper = restoration_loss(*pair, LossWeights(), extractor)
    code = restoration_loss(*pair, LossWeights(form="code"), extractor)
    wide = [image * 2 - 1 for image in pair]
    torch.testing.assert_close(code.terms["mae"], 2 * paper.terms["mae"])
    torch.testing.assert_close(code.terms["style"], 3 * paper.terms["style"])
    torch.testing.assert_close(code.terms["ssim"], structural_similarity_loss(*wide, border="zeros"))
    torch.testing.assert_close(code.terms["msgms"], multi_scale_gradient_magnitude_similarity_loss(*wide))


@pytest.mark.parametrize("name", ["mae", "ssim", "msgms", "style"])
def test_losses_without_weight_are_not_computed(pair, name: str):
    extractor = RandomFeatures() if name == "style" else Unwanted()
    loss = restoration_loss(*pair, LossWeights(**{**NOTHING, name: 0.5}), extractor)
    assert list(loss.terms) == [name]
    torch.testing.assert_close(loss.total, 0.5 * loss.terms[name])


def test_identical_images_have_no_loss(pair):
    _, original = pair
    loss = restoration_loss(original.clone(), original, LossWeights(), RandomFeatures())
    assert loss.total.item() == pytest.approx(0, abs=1e-6)


def test_every_loss_reaches_the_restored_image(pair):
    restored, original = pair
    loss = restoration_loss(restored.requires_grad_(), original, LossWeights(), RandomFeatures())
    for term in loss.terms.values():
        (gradient,) = torch.autograd.grad(term, restored, retain_graph=True)
        assert gradient.isfinite().all()
        assert gradient.abs().sum() > 0


def test_total_gradients():
    restored, original = torch.rand(
        2, 1, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    ).unbind()
    extractor = RandomFeatures(filters=2, levels=1).double()
    assert torch.autograd.gradcheck(
        lambda image: restoration_loss(image, original, LossWeights(), extractor).total,
        restored.requires_grad_(),
    )


def test_half_precision_gives_nearly_the_same_losses(pair):
    extractor = RandomFeatures()
    full = restoration_loss(*pair, LossWeights(), extractor)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = restoration_loss(pair[0].bfloat16(), pair[1], LossWeights(), extractor)
    assert {term.dtype for term in half.terms.values()} == {torch.float32}
    torch.testing.assert_close(half.terms, full.terms, rtol=0.02, atol=1e-3)


def test_total_loss_is_equation_2():
    restoration, adversarial = torch.tensor(0.5), torch.tensor(0.7)
    assert total_loss(restoration, adversarial, LossWeights()).item() == pytest.approx(50.7)
    assert total_loss(
        restoration, adversarial, LossWeights(restoration=2.0, adversarial=0.0)
    ).item() == pytest.approx(1)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf])
def test_impossible_weights_are_refused(weight: float):
    with pytest.raises(ConfigurationError, match=r"'ssim'.*finite numbers of 0 or more"):
        LossWeights(ssim=weight)


@pytest.mark.parametrize("wrong", [NOTHING, {"restoration": 0.0}])
def test_weights_must_leave_something_to_restore_by(wrong: dict[str, float]):
    with pytest.raises(ConfigurationError, match="nothing to restore by"):
        LossWeights(**wrong)


def test_style_needs_an_extractor(pair):
    with pytest.raises(ConfigurationError, match="no feature extractor"):
        restoration_loss(*pair, LossWeights())


def test_refuses_images_of_different_shapes(pair):
    with pytest.raises(TypeCheckError):
        restoration_loss(pair[0], pair[1][:1], LossWeights(), RandomFeatures())
