import numpy as np
import pytest
import torch
from skimage.graph import route_through_array

from upcracknet.baselines.classical import LocalContrast
from upcracknet.baselines.minimal_path import MinimalPath


def zigzag(gap: slice) -> tuple[torch.Tensor, np.ndarray]:
    """A road with a dark zigzag of one pixel's width from left to right, and its row in each column."""
    columns = np.arange(96)
    rows = 48 + np.abs(columns % 32 - 16) - 8
    images = torch.full((1, 3, 96, 96), 0.6)
    for row, column in zip(rows, columns, strict=True):
        images[..., row, column] = 0.2
    images[..., gap] = 0.6
    return images, rows


def test_paths_follow_a_crack_and_cross_its_gap() -> None:
    images, rows = zigzag(slice(42, 45))
    score = MinimalPath().score(images)[0]
    along = score[torch.from_numpy(rows), torch.arange(96)]
    assert along[8:40].min().item() > 0.03
    assert along[47:88].min().item() > 0.03
    # Any way through the gap is as good as another, but one of them is taken.
    assert score[:, 42:45].max(dim=0).values.min().item() > 0
    assert LocalContrast().score(images)[0, :, 43].max().item() < along[20].item()


def test_the_path_is_that_of_dijkstra() -> None:
    images, rows = zigzag(slice(0, 0))
    dark = LocalContrast().score(images)[0].double().numpy()
    path, _ = route_through_array(1 / (dark + 0.02), (rows[8], 8), (rows[88], 88), geometric=True)
    score = MinimalPath().score(images)[0]
    assert min(score[row, column].item() for row, column in path) > 0.03


def test_a_dark_spot_scores_less_than_a_crack_as_dark() -> None:
    images, rows = zigzag(slice(0, 0))
    images[..., 85, 40] = 0.2
    score = MinimalPath().score(images)[0]
    assert score[85, 40].item() < 0.5 * score[rows[40], 40].item()


def test_an_even_road_has_no_path() -> None:
    assert MinimalPath().score(torch.full((1, 3, 40, 40), 0.5)).max().item() == pytest.approx(0, abs=1e-6)


def test_impossible_cell() -> None:
    with pytest.raises(ValueError, match="cell is 2"):
        MinimalPath(cell=2)
