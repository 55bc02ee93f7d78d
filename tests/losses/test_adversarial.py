import math

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from upcracknet.losses import discriminator_loss, generator_adversarial_loss


def patch_logits(seed: int) -> torch.Tensor:
    return torch.randn(2, 1, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_an_undecided_discriminator_by_hand():
    undecided = torch.zeros(2, 1, 4, 4)
    assert discriminator_loss(undecided, undecided).item() == pytest.approx(math.log(2))
    assert generator_adversarial_loss(undecided).item() == pytest.approx(math.log(2))


def test_a_surer_discriminator_by_hand():
    # −log sigmoid(2) = 0.126928 and −log(1 − sigmoid(1)) = 1.313262
    real, fake = torch.full((1, 1, 2, 2), 2.0), torch.full((1, 1, 2, 2), 1.0)
    assert discriminator_loss(real, fake).item() == pytest.approx((0.126928 + 1.313262) / 2, abs=1e-6)
    assert generator_adversarial_loss(real).item() == pytest.approx(0.126928, abs=1e-6)


def test_discriminator_minimises_minus_half_of_equation_8():
    real, fake = patch_logits(0), patch_logits(1)
    p_real, p_fake = (1 / (1 + np.exp(-logits.numpy())) for logits in (real, fake))
    equation_8 = np.log(p_real).mean() + np.log(1 - p_fake).mean()
    assert discriminator_loss(real, fake).item() == pytest.approx(-equation_8 / 2)


def test_generator_has_a_gradient_while_the_discriminator_is_sure():
    sure = torch.full((1, 1, 1, 1), -20.0, requires_grad=True)
    generator_adversarial_loss(sure).backward()
    assert sure.grad is not None
    assert sure.grad.item() == pytest.approx(-1, abs=1e-6)  # that of log(1 − D) is −2e-9


def test_gradients():
    real, fake = patch_logits(0).requires_grad_(), patch_logits(1).requires_grad_()
    assert torch.autograd.gradcheck(discriminator_loss, (real, fake))
    assert torch.autograd.gradcheck(generator_adversarial_loss, fake)


def test_extreme_logits_stay_finite_in_half_precision():
    real, fake = torch.full((1, 1, 2, 2), -1e4).bfloat16(), torch.full((1, 1, 2, 2), 1e4).bfloat16()
    loss = discriminator_loss(real, fake)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(discriminator_loss(real, fake), loss)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(1e4, rel=1e-2)


def test_refuses_decisions_of_different_shapes():
    with pytest.raises(TypeCheckError):
        discriminator_loss(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 5))
