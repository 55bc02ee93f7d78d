import numpy as np
import pytest
import torch

from upcracknet.baselines.classical import Frangi, Sato


def dark_line(contrast: float, width: float) -> torch.Tensor:
    """A line whose darkness across is a Gaussian of standard deviation ``width``, through column 64."""
    across = torch.arange(129, dtype=torch.float32) - 64
    return (0.8 - contrast * (-(across**2) / (2 * width**2)).exp()).expand(1, 3, 129, 129)


def curvature(contrast: float, width: float, sigma: float) -> float:
    """Second derivative across the middle of the line, after a blur with ``sigma``."""
    return contrast * width / (width**2 + sigma**2) ** 1.5


@pytest.mark.parametrize(("contrast", "width"), [(0.3, 3.0), (0.1, 2.0), (0.5, 6.0)])
def test_against_the_derivatives_of_a_gaussian_line(contrast: float, width: float) -> None:
    sigmas = (2.0, 4.0)
    strengths = [sigma**2 * curvature(contrast, width, sigma) for sigma in sigmas]
    tubeness = Sato(sigmas).score(dark_line(contrast, width))[0, 64, 64].item()
    assert tubeness == pytest.approx(max(strengths), rel=0.02)
    # Along the line nothing changes, so Frangi's blobness is 0 and the strength is that of one derivative.
    vesselness = Frangi(sigmas, structure=0.05).score(dark_line(contrast, width))[0, 64, 64].item()
    assert vesselness == pytest.approx(1 - np.exp(-(max(strengths) ** 2) / (2 * 0.05**2)), rel=0.04)


@pytest.mark.parametrize("method", [Frangi(), Sato()])
def test_a_line_scores_the_same_at_twice_the_size(method: Frangi | Sato) -> None:
    method.sigmas = (2.0,)
    small = method.score(dark_line(0.2, 2.0))[0, 64, 64].item()
    method.sigmas = (4.0,)
    assert method.score(dark_line(0.2, 4.0))[0, 64, 64].item() == pytest.approx(small, rel=0.02)


@pytest.mark.parametrize("method", [Frangi(), Sato()])
def test_scores_do_not_depend_on_what_else_the_photo_shows(method: Frangi | Sato) -> None:
    alone = dark_line(0.2, 2.0).clone()
    crowded = alone.clone()
    crowded[..., 100:104] = 0.0
    torch.testing.assert_close(method.score(crowded)[..., 60:69], method.score(alone)[..., 60:69])


@pytest.mark.parametrize("method", [Frangi(), Sato()])
def test_bright_lines_score_nothing_in_their_middle(method: Frangi | Sato) -> None:
    # Where nothing at all changes along a line, scikit-image's Frangi filter cannot tell bright from dark.
    grain = 0.002 * torch.randn(1, 1, 129, 129, generator=torch.Generator().manual_seed(0))
    score = method.score(1.0 - dark_line(0.3, 3.0) + grain)[0, 10:-10, 64]
    assert score.mean().item() == pytest.approx(0, abs=0.01)
