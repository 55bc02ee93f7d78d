import pytest
import torch
from torch import nn

from upcracknet.baselines.scadn import SCADNDiscriminator, SCADNGenerator, SCADNScorer, striped_errors
from upcracknet.corruption import StripedMasks
from upcracknet.detection import Scorer


def test_parameters():
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in SCADNGenerator().parameters()) == 42_077_955
    discriminator = SCADNDiscriminator()
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == 2_763_776


def test_every_parameter_learns_that_normalisation_does_not_undo():
    torch.manual_seed(0)
    generator, discriminator = SCADNGenerator(4).train(), SCADNDiscriminator(4).train()
    images = generator(torch.rand(2, 3, 32, 32))
    (discriminator(images) * torch.randn(2, 1, 2, 2)).sum().backward()
    convolutions = [module for module in generator.modules() if isinstance(module, nn.Conv2d)]
    assert all(module.weight.grad.abs().sum() > 0 for module in convolutions)
    assert all(parameter.grad.abs().sum() > 0 for parameter in discriminator.parameters())


def test_the_discriminator_is_held_at_spectral_norm_one():
    torch.manual_seed(0)
    discriminator = SCADNDiscriminator(8).train()
    for _ in range(50):  # each pass takes a step of the power iteration
        discriminator(torch.rand(1, 3, 32, 32))
    for module in discriminator.modules():
        if isinstance(module, nn.Conv2d):
            norm = torch.linalg.matrix_norm(module.weight.detach().flatten(1), 2)
            assert float(norm) == pytest.approx(1, abs=0.05)


class White(nn.Module):
    def forward(self, images):
        return torch.ones_like(images)


class Copies(nn.Module):
    def forward(self, images):
        return images


def test_each_pixel_counts_where_a_mask_removes_it():
    images = torch.rand(1, 3, 64, 64)
    errors = striped_errors(White(), images, StripedMasks())
    expected = (1 - images).square().mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    torch.testing.assert_close(errors, expected)


def test_who_copies_gives_the_white_of_what_is_removed():
    images = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(
        striped_errors(Copies(), images, StripedMasks()), striped_errors(White(), images, StripedMasks())
    )


def test_the_scale_is_chosen_that_departs_most(monkeypatch):
    scorer = SCADNScorer(SCADNGenerator(2), (0.1, 0.2, 0.6), 64)
    errors = torch.stack([torch.full((8, 8), value) for value in (0.3, 0.5, 0.7)])[None]
    monkeypatch.setattr("upcracknet.baselines.scadn.striped_errors", lambda *_: errors)
    assert torch.equal(scorer.score(torch.rand(1, 3, 8, 8)), errors[:, 1]), (
        "0.3 above the usual, not 0.2 or 0.1"
    )


def test_each_scale_needs_its_usual_error():
    with pytest.raises(ValueError, match="2 usual errors for 3 scales"):
        SCADNScorer(SCADNGenerator(2), (0.1, 0.2))


def test_it_keeps_the_contract():
    torch.manual_seed(0)
    scorer = SCADNScorer(SCADNGenerator(2), (0.0, 0.0, 0.0), 64)
    assert isinstance(scorer, Scorer)
    score = scorer.score(torch.rand(2, 3, 64, 64))
    assert score.shape == (2, 64, 64)
    assert 0 <= score.min() <= score.max() <= 1
