"""What holds for every method without learning, then each filter by itself."""

from statistics import NormalDist

import numpy as np
import pytest
import torch
from scipy.ndimage import black_tophat, gaussian_filter, uniform_filter
from scipy.stats import rankdata

from upcracknet.baselines.classical import BlackTopHat, Canny, Frangi, LocalContrast, Sato, Sauvola
from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import Scorer
from upcracknet.detection.systems import CLASSICAL, SYSTEMS, imported


@pytest.mark.parametrize("name", CLASSICAL)
def test_cracks_of_synthetic_roads_are_found_better_than_by_chance(name: str) -> None:
    method = imported(SYSTEMS[name].scorer)()
    for seed in (0, 1, 2):
        road = synthesize_road(seed, surface="asphalt", distractors=False)
        photo = torch.from_numpy(road.photo.copy()).permute(2, 0, 1)[None] / 255
        ranks = rankdata(method.score(photo)[0].numpy())
        cracks, rest = road.mask.sum(), (~road.mask).sum()
        # How often a pixel of a crack scores higher than another; ties count half, chance is 0.5.
        area = (ranks.reshape(road.mask.shape)[road.mask].sum() - cracks * (cracks + 1) / 2) / (cracks * rest)
        assert area > 0.6, seed


@pytest.mark.parametrize("name", CLASSICAL)
@pytest.mark.parametrize("size", [(7, 40), (33, 18)])
def test_contract(name: str, size: tuple[int, int]) -> None:
    method = imported(SYSTEMS[name].scorer)()
    assert isinstance(method, Scorer)
    assert (method.name, method.input_size) == (name, None)
    images = torch.rand((2, 3, *size), generator=torch.Generator().manual_seed(0))
    score = method.score(images)
    assert score.dtype == torch.float32
    assert score.shape == (2, *size)
    assert 0 <= score.min() <= score.max() <= 1
    # Each image is judged by itself.
    torch.testing.assert_close(method.score(images[1:])[0], score[1])


@pytest.mark.parametrize(
    ("method", "settings", "message"),
    [
        (LocalContrast, {"window": 50}, "window is 50"),
        (LocalContrast, {"sigma": 0.0}, "sigma is 0"),
        (BlackTopHat, {"diameter": 20}, "diameter is 20"),
        (BlackTopHat, {"sigma": 0.0}, "sigma is 0"),
        (Sauvola, {"window": 1}, "window is 1"),
    ],
)
def test_impossible_settings(method: type, settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        method(**settings)


def road(height: int = 70, width: int = 90, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((2, 3, height, width), generator=generator)


@pytest.mark.parametrize(("window", "sigma"), [(51, 1.0), (15, 1.0), (51, 1.5)])
def test_local_contrast_against_scipy(window: int, sigma: float) -> None:
    images = road()
    red, green, blue = images.double().numpy().transpose(1, 0, 2, 3)
    for score, grey in zip(
        LocalContrast(window, sigma).score(images), 0.299 * red + 0.587 * green + 0.114 * blue, strict=True
    ):
        darker = np.clip(uniform_filter(grey, window, mode="mirror") - grey, 0, None)
        expected = gaussian_filter(darker, sigma, mode="mirror", truncate=4)
        np.testing.assert_allclose(score.numpy(), expected, atol=2e-6)


def test_local_contrast_of_a_dark_pixel_by_hand() -> None:
    images = torch.full((1, 3, 61, 61), 0.8)
    images[:, :, 30, 30] = 0.2
    score = LocalContrast(window=51).score(images)[0]
    # The local mean is 0.8 − 0.6 / 51²; a Gaussian of σ 1 on 9 pixels is 0.39905 in its middle.
    assert score[30, 30].item() == pytest.approx((0.6 - 0.6 / 51**2) * 0.39905**2, abs=1e-4)
    assert score[30, 34].item() > 0
    assert score[0, 0].item() == pytest.approx(0, abs=1e-6)


def test_bright_lines_have_no_local_contrast() -> None:
    images = torch.full((1, 3, 60, 60), 0.3)
    images[..., 30] = 1.0
    score = LocalContrast(window=15).score(images)[0]
    assert score[:, 30].max().item() < score[:, 26].max().item()


@pytest.mark.parametrize("size", [(1, 1), (7, 200), (16, 16)])
def test_photos_smaller_than_the_window_of_local_contrast(size: tuple[int, int]) -> None:
    score = LocalContrast().score(road(*size))
    assert score.shape == (2, *size)
    assert score.isfinite().all()
    assert 0 <= score.min() <= score.max() <= 1


def disc(diameter: int) -> np.ndarray:
    """What lies within half the diameter of the middle, the ends of its axes included."""
    reach = np.arange(diameter) - diameter // 2
    half_widths = np.rint(np.sqrt((diameter // 2) ** 2 - reach**2))
    return np.abs(reach) <= half_widths[:, None]


@pytest.mark.parametrize(("diameter", "sigma"), [(9, 1.0), (21, 1.0), (15, 1.5)])
def test_black_top_hat_against_scipy(diameter: int, sigma: float) -> None:
    images = torch.rand((2, 3, 50, 70), generator=torch.Generator().manual_seed(0))
    red, green, blue = images.double().numpy().transpose(1, 0, 2, 3)
    for score, grey in zip(
        BlackTopHat(diameter, sigma).score(images), 0.299 * red + 0.587 * green + 0.114 * blue, strict=True
    ):
        smooth = gaussian_filter(grey, sigma, mode="mirror", truncate=4)
        np.testing.assert_allclose(score, black_tophat(smooth, footprint=disc(diameter)), atol=2e-6)


def test_black_lines_narrower_than_the_disc_are_found_and_wider_ones_are_not() -> None:
    images = torch.full((1, 3, 80, 80), 0.7)
    images[..., 15:21] = 0.2
    images[..., 45:70] = 0.2
    score = BlackTopHat(diameter=11).score(images)[0]
    assert score[40, 17].item() == pytest.approx(0.5, abs=0.01)
    assert score[40, 57].item() == pytest.approx(0, abs=0.01)


def test_bright_lines_have_no_black_top_hat() -> None:
    images = torch.full((1, 3, 60, 60), 0.3)
    images[..., 30:34] = 1.0
    assert BlackTopHat().score(images).max().item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("window", "k"), [(51, 0.2), (15, 0.1)])
def test_sauvola_against_the_published_formula(window: int, k: float) -> None:
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


def test_sauvola_of_a_dark_line_by_hand() -> None:
    images = torch.full((1, 3, 61, 61), 0.8)
    images[..., 30] = 0.1
    score = Sauvola(window=11, k=0.2).score(images)[0]
    # One of 11 columns is darker by 0.7.
    mean, deviation = 0.8 - 0.7 / 11, 0.7 * (10 / 121) ** 0.5
    assert score[30, 30].item() == pytest.approx(mean * (1 + 0.2 * (deviation / 0.5 - 1)) - 0.1, abs=1e-5)
    assert score[:, :30].max().item() == 0


def dark_band(contrast: float) -> torch.Tensor:
    images = torch.full((1, 3, 64, 64), 0.6)
    images[..., 28:36] -= contrast
    return images


def test_edges_of_canny_begin_at_the_upper_threshold() -> None:
    # Beside a step blurred with σ 2 Sobel's operator answers 4 (Φ(1.5 / 2) − Φ(−0.5 / 2)) times its contrast.
    normal = NormalDist()
    weakest = 0.3 / (4 * (normal.cdf(0.75) - normal.cdf(-0.25)))
    assert Canny().score(dark_band(0.9 * weakest)).max().item() == 0
    found = Canny().score(dark_band(1.1 * weakest))[0]
    assert found[5:-5, 29:35].min().item() == 1
    # The bright side of an edge is no crack.
    assert found[:, :26].max().item() == 0


def test_a_dark_line_is_filled_between_its_edges_and_a_bright_one_is_not() -> None:
    images = torch.full((1, 3, 100, 100), 0.6)
    images[..., 30:36] = 0.1
    images[..., 70:76] = 1.0
    score = Canny().score(images)[0]
    assert score[5:-5, 30:36].min().item() == 1
    assert score[:, 70:76].max().item() == 0
    assert set(score.unique().tolist()) == {0.0, 1.0}


def dark_line(contrast: float, width: float) -> torch.Tensor:
    """A line whose darkness across is a Gaussian of standard deviation ``width``, through column 64."""
    across = torch.arange(129, dtype=torch.float32) - 64
    return (0.8 - contrast * (-(across**2) / (2 * width**2)).exp()).expand(1, 3, 129, 129)


def curvature(contrast: float, width: float, sigma: float) -> float:
    """Second derivative across the middle of the line, after a blur with ``sigma``."""
    return contrast * width / (width**2 + sigma**2) ** 1.5


@pytest.mark.parametrize(("contrast", "width"), [(0.3, 3.0), (0.1, 2.0), (0.5, 6.0)])
def test_ridges_against_the_derivatives_of_a_gaussian_line(contrast: float, width: float) -> None:
    sigmas = (2.0, 4.0)
    strengths = [sigma**2 * curvature(contrast, width, sigma) for sigma in sigmas]
    tubeness = Sato(sigmas).score(dark_line(contrast, width))[0, 64, 64].item()
    assert tubeness == pytest.approx(max(strengths), rel=0.02)
    # Along the line nothing changes, so Frangi's blobness is 0 and the strength is that of one derivative.
    vesselness = Frangi(sigmas, structure=0.05).score(dark_line(contrast, width))[0, 64, 64].item()
    assert vesselness == pytest.approx(1 - np.exp(-(max(strengths) ** 2) / (2 * 0.05**2)), rel=0.04)


@pytest.mark.parametrize("method", [Frangi(), Sato()])
def test_a_ridge_scores_the_same_at_twice_the_size(method: Frangi | Sato) -> None:
    method.sigmas = (2.0,)
    small = method.score(dark_line(0.2, 2.0))[0, 64, 64].item()
    method.sigmas = (4.0,)
    assert method.score(dark_line(0.2, 4.0))[0, 64, 64].item() == pytest.approx(small, rel=0.02)


@pytest.mark.parametrize("method", [Frangi(), Sato()])
def test_ridges_do_not_depend_on_what_else_the_photo_shows(method: Frangi | Sato) -> None:
    alone = dark_line(0.2, 2.0).clone()
    crowded = alone.clone()
    crowded[..., 100:104] = 0.0
    torch.testing.assert_close(method.score(crowded)[..., 60:69], method.score(alone)[..., 60:69])


@pytest.mark.parametrize("method", [Frangi(), Sato()])
def test_bright_ridges_score_nothing_in_their_middle(method: Frangi | Sato) -> None:
    # Where nothing at all changes along a line, scikit-image's Frangi filter cannot tell bright from dark.
    grain = 0.002 * torch.randn(1, 1, 129, 129, generator=torch.Generator().manual_seed(0))
    score = method.score(1.0 - dark_line(0.3, 3.0) + grain)[0, 10:-10, 64]
    assert score.mean().item() == pytest.approx(0, abs=0.01)
