import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, uniform_filter

from upcracknet.baselines.classical import LocalContrast


def road(height: int = 70, width: int = 90, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((2, 3, height, width), generator=generator)


@pytest.mark.parametrize(("window", "sigma"), [(51, 1.0), (15, 1.0), (51, 1.5)])
def test_against_scipy(window: int, sigma: float) -> None:
    images = road()
    red, green, blue = images.double().numpy().transpose(1, 0, 2, 3)
    for score, grey in zip(
        LocalContrast(window, sigma).score(images), 0.299 * red + 0.587 * green + 0.114 * blue, strict=True
    ):
        darker = np.clip(uniform_filter(grey, window, mode="mirror") - grey, 0, None)
        expected = gaussian_filter(darker, sigma, mode="mirror", truncate=4)
        np.testing.assert_allclose(score.numpy(), expected, atol=2e-6)


def test_a_dark_pixel_on_grey_by_hand() -> None:
    images = torch.full((1, 3, 61, 61), 0.8)
    images[:, :, 30, 30] = 0.2
    score = LocalContrast(window=51).score(images)[0]
    # The local mean is 0.8 − 0.6 / 51²; a Gaussian of σ 1 on 9 pixels is 0.39905 in its middle.
    assert score[30, 30].item() == pytest.approx((0.6 - 0.6 / 51**2) * 0.39905**2, abs=1e-4)
    assert score[30, 34].item() > 0
    assert score[0, 0].item() == pytest.approx(0, abs=1e-6)


def test_bright_lines_score_nothing() -> None:
    images = torch.full((1, 3, 60, 60), 0.3)
    images[..., 30] = 1.0
    score = LocalContrast(window=15).score(images)[0]
    assert score[:, 30].max().item() < score[:, 26].max().item()


@pytest.mark.parametrize("size", [(1, 1), (7, 200), (16, 16)])
def test_photos_smaller_than_the_window(size: tuple[int, int]) -> None:
    score = LocalContrast().score(road(*size))
    assert score.shape == (2, *size)
    assert score.isfinite().all()
    assert 0 <= score.min() <= score.max() <= 1


def test_scorer_contract() -> None:
    scorer = LocalContrast()
    assert (scorer.name, scorer.input_size) == ("local-contrast", None)
    assert scorer.score(road()).dtype == torch.float32


@pytest.mark.parametrize(
    ("window", "sigma", "message"),
    [(50, 1.0, "window is 50"), (1, 1.0, "window is 1"), (51, 0.0, "sigma is 0")],
)
def test_impossible_settings(window: int, sigma: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LocalContrast(window, sigma)
