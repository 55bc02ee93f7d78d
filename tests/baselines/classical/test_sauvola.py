import numpy as np
import pytest
import torch
from scipy.ndimage import uniform_filter

from upcracknet.baselines.classical import Sauvola


@pytest.mark.parametrize(("window", "k"), [(51, 0.2), (15, 0.1)])
def test_against_the_published_formula(window: int, k: float) -> None:
    images = torch.rand((2, 3, 70, 90), generator=torch.Generator().manual_seed(0))
    red, green, blue = images.double().numpy().transpose(1, 0, 2, 3)
    for score, grey in zip(
        Sauvola(window, k).score(images), 0.299 * red + 0.587 * green + 0.114 * blue, strict=True
    ):
        mean = uniform_filter(grey, window, mode="mirror")
        deviation = np.sqrt(uniform_filter(grey**2, window, mode="mirror") - mean**2)
        threshold = mean * (1 + k * (deviation / 0.5 - 1))
        np.testing.assert_allclose(score, np.clip(threshold - grey, 0, 1), atol=1e-5)
        assert (score > 0).any()


def test_a_dark_line_by_hand() -> None:
    images = torch.full((1, 3, 61, 61), 0.8)
    images[..., 30] = 0.1
    score = Sauvola(window=11, k=0.2).score(images)[0]
    # One of 11 columns is darker by 0.7.
    mean, deviation = 0.8 - 0.7 / 11, 0.7 * (10 / 121) ** 0.5
    assert score[30, 30].item() == pytest.approx(mean * (1 + 0.2 * (deviation / 0.5 - 1)) - 0.1, abs=1e-5)
    assert score[:, :30].max().item() == 0


@pytest.mark.parametrize("window", [50, 1])
def test_impossible_window(window: int) -> None:
    with pytest.raises(ValueError, match=f"window is {window}"):
        Sauvola(window)
