from statistics import NormalDist

import torch

from upcracknet.baselines.classical import Canny


def dark_band(contrast: float) -> torch.Tensor:
    images = torch.full((1, 3, 64, 64), 0.6)
    images[..., 28:36] -= contrast
    return images


def test_edges_begin_at_the_upper_threshold() -> None:
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
