import pytest
import torch
from kornia.losses import binary_focal_loss_with_logits
from torch.nn import functional as F

from upcracknet.losses.focal import focal_loss


def test_it_is_kornias():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 8, 9, generator=generator) * 3
    crack = (torch.rand(2, 8, 9, generator=generator) > 0.7).float()
    for gamma in (0.5, 2.0):
        expected = binary_focal_loss_with_logits(logits, crack, alpha=None, gamma=gamma, reduction="mean")
        torch.testing.assert_close(focal_loss(logits, crack, gamma), expected, rtol=1e-4, atol=1e-5)


def test_without_gamma_it_is_cross_entropy():
    logits, crack = torch.randn(1, 4, 4), torch.ones(1, 4, 4)
    expected = F.binary_cross_entropy_with_logits(logits, crack)
    torch.testing.assert_close(focal_loss(logits, crack, 0.0), expected)


def test_sure_pixels_hardly_count():
    sure = focal_loss(torch.full((1, 2, 2), 6.0), torch.ones(1, 2, 2))
    assert float(sure) == pytest.approx(0, abs=1e-7)
