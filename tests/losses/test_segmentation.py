import pytest
import torch
from kornia.losses import binary_focal_loss_with_logits
from torch.nn import functional as F

from upcracknet.losses import focal_loss, segmentation_loss


def test_it_is_cross_entropy_plus_dice():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 16, 16, generator=generator)
    crack = (torch.rand(1, 16, 16, generator=generator) > 0.7).float()
    cross_entropy = F.binary_cross_entropy_with_logits(logits, crack)
    score = logits.sigmoid()
    dice = 1 - (2 * (score * crack).sum() + 1) / (score.sum() + crack.sum() + 1)
    assert segmentation_loss(logits, crack) == pytest.approx(float(cross_entropy + dice), abs=1e-6)


def test_a_hard_answer_has_the_dice_of_two_sets():
    generator = torch.Generator().manual_seed(1)
    crack = torch.rand(1, 32, 32, generator=generator) > 0.5
    answer = torch.rand(1, 32, 32, generator=generator) > 0.5
    logits = (answer.float() * 2 - 1) * 200
    ours = segmentation_loss(logits, crack.float()) - F.binary_cross_entropy_with_logits(
        logits, crack.float()
    )
    overlap = 2 * (answer & crack).sum() / (answer.sum() + crack.sum())
    assert float(ours) == pytest.approx(1 - float(overlap), abs=2e-3)


def test_a_perfect_answer_costs_nothing():
    crack = torch.zeros(2, 8, 8)
    crack[0, 3] = 1
    assert segmentation_loss((crack * 2 - 1) * 50, crack) == pytest.approx(0, abs=1e-6)
    assert segmentation_loss(torch.full((1, 8, 8), -50.0), torch.zeros(1, 8, 8)) == pytest.approx(0, abs=1e-6)


def test_pixels_of_weight_zero_do_not_count():
    generator = torch.Generator().manual_seed(2)
    logits = torch.randn(1, 8, 8, generator=generator)
    crack = (torch.rand(1, 8, 8, generator=generator) > 0.5).float()
    known = torch.ones(1, 8, 8)
    known[:, :, 4:] = 0
    other = torch.where(known > 0, logits, 9.0)
    assert segmentation_loss(logits, crack, known) == pytest.approx(
        float(segmentation_loss(other, crack, known)), abs=1e-7
    )
    half = segmentation_loss(logits[:, :, :4], crack[:, :, :4])
    assert segmentation_loss(logits, crack, known) == pytest.approx(float(half), abs=1e-6)


def test_focal_loss_is_kornias():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 8, 9, generator=generator) * 3
    crack = (torch.rand(2, 8, 9, generator=generator) > 0.7).float()
    for gamma in (0.5, 2.0):
        expected = binary_focal_loss_with_logits(logits, crack, alpha=None, gamma=gamma, reduction="mean")
        torch.testing.assert_close(focal_loss(logits, crack, gamma), expected, rtol=1e-4, atol=1e-5)


def test_focal_loss_without_gamma_is_cross_entropy():
    logits, crack = torch.randn(1, 4, 4), torch.ones(1, 4, 4)
    expected = F.binary_cross_entropy_with_logits(logits, crack)
    torch.testing.assert_close(focal_loss(logits, crack, 0.0), expected)


def test_sure_pixels_hardly_count():
    sure = focal_loss(torch.full((1, 2, 2), 6.0), torch.ones(1, 2, 2))
    assert float(sure) == pytest.approx(0, abs=1e-7)
