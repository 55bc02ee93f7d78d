import pytest
import torch
from torch import nn

from upcracknet.baselines.riad import RIADNetwork, RIADScorer, restore_by_parts
from upcracknet.corruption import JumbledSquareMasks
from upcracknet.detection import Scorer
from upcracknet.losses import multi_scale_gradient_magnitude_similarity_map


def small() -> RIADNetwork:
    torch.manual_seed(0)
    return RIADNetwork((2, 3, 4, 5, 6))


def test_parameters():
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in RIADNetwork().parameters()) == 28_805_699


def test_every_parameter_learns():
    network = small().train()
    (network(torch.randn(2, 3, 32, 48)) * torch.randn(2, 3, 32, 48)).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())


class Remembers(nn.Module):
    """Gives back what it sees."""

    def forward(self, images):
        return images


def test_nothing_is_copied():
    """Each part is restored from the others: who only copies gives back the grey of what is removed."""
    masks = JumbledSquareMasks().partition(32, 32, torch.Generator().manual_seed(0), 4)
    restored = restore_by_parts(Remembers(), torch.rand(2, 3, 32, 32), masks)
    torch.testing.assert_close(restored, torch.full_like(restored, 0.5))


class Perfect(nn.Module):
    """Restores one image from whatever is left of it."""

    def __init__(self, image):
        super().__init__()
        self.image = image * 2 - 1

    def forward(self, images):
        return self.image.expand(len(images), -1, -1, -1)


def test_a_perfect_restoration_scores_nothing_and_a_crack_scores():
    road = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 0.2 + 0.5
    scorer = RIADScorer(small(), 64)
    scorer.network = Perfect(road)
    assert scorer.score(road).abs().max() < 1e-5
    cracked = road.clone()
    cracked[..., 30:33] = 0
    score = scorer.score(cracked)[0]
    assert score[:, 28:36].mean() > 5 * score[:, :16].mean()


def test_the_score_is_the_mean_over_the_sizes_then_over_a_square():
    images = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(2))
    scorer = RIADScorer(small())
    scorer.network = Perfect(torch.full_like(images, 0.5))
    errors = 1 - multi_scale_gradient_magnitude_similarity_map(torch.full_like(images, 0.5), images)
    score = scorer.score(images)
    assert score[0, 100, 120] == pytest.approx(float(errors[0, 0, 90:111, 110:131].mean()), abs=1e-5)


def test_it_keeps_the_contract():
    scorer = RIADScorer(small(), 64)
    assert isinstance(scorer, Scorer)
    images = torch.rand(2, 3, 64, 64)
    score = scorer.score(images)
    assert score.shape == (2, 64, 64)
    assert 0 <= score.min() <= score.max() <= 1
    assert torch.equal(score, scorer.score(images)), "the same split each time"
    torch.testing.assert_close(score[:1], scorer.score(images[:1]), atol=1e-5, rtol=0)
