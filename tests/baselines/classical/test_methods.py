"""What holds for every classical method."""

import pytest
import torch
from scipy.stats import rankdata

from upcracknet.data.synthetic import synthesize_road
from upcracknet.detection import Scorer
from upcracknet.detection.systems import CLASSICAL, SYSTEMS, imported


@pytest.mark.parametrize("name", CLASSICAL)
def test_cracks_of_synthetic_roads_are_found_better_than_by_chance(name: str) -> None:
    method = imported(SYSTEMS[name].scorer)()
    for seed in (0, 1, 2):
        road = synthesize_road(seed)
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
