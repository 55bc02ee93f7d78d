import numpy as np
import pytest
import torch
from scipy.ndimage import black_tophat, gaussian_filter

from upcracknet.baselines.classical import BlackTopHat


def disc(diameter: int) -> np.ndarray:
    """What lies within half the diameter of the middle, the ends of its axes included."""
    reach = np.arange(diameter) - diameter // 2
    half_widths = np.rint(np.sqrt((diameter // 2) ** 2 - reach**2))
    return np.abs(reach) <= half_widths[:, None]


@pytest.mark.parametrize(("diameter", "sigma"), [(9, 1.0), (21, 1.0), (15, 1.5)])
def test_against_scipy(diameter: int, sigma: float) -> None:
    images = torch.rand((2, 3, 50, 70), generator=torch.Generator().manual_seed(0))
    red, green, blue = images.double().numpy().transpose(1, 0, 2, 3)
    for score, grey in zip(
        BlackTopHat(diameter, sigma).score(images), 0.299 * red + 0.587 * green + 0.114 * blue, strict=True
    ):
        smooth = gaussian_filter(grey, sigma, mode="mirror", truncate=4)
        np.testing.assert_allclose(score, black_tophat(smooth, footprint=disc(diameter)), atol=2e-6)


def test_lines_narrower_than_the_disc_are_found_and_wider_ones_are_not() -> None:
    images = torch.full((1, 3, 80, 80), 0.7)
    images[..., 15:21] = 0.2
    images[..., 45:70] = 0.2
    score = BlackTopHat(diameter=11).score(images)[0]
    assert score[40, 17].item() == pytest.approx(0.5, abs=0.01)
    assert score[40, 57].item() == pytest.approx(0, abs=0.01)


def test_bright_lines_score_nothing() -> None:
    images = torch.full((1, 3, 60, 60), 0.3)
    images[..., 30:34] = 1.0
    assert BlackTopHat().score(images).max().item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("diameter", "sigma", "message"),
    [(20, 1.0, "diameter is 20"), (1, 1.0, "diameter is 1"), (21, 0.0, "sigma is 0")],
)
def test_impossible_settings(diameter: int, sigma: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BlackTopHat(diameter, sigma)
