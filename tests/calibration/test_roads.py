import cv2
import numpy as np
import pytest
import torch

from upcracknet.calibration.roads import (
    Road,
    distracting_roads,
    painted_roads,
    pooled_counts,
    roads_with_added_cracks,
    shrunk_synthetic_roads,
    undamaged_roads,
)
from upcracknet.data.painted import PaintedPatches, PaintingRange
from upcracknet.detection import Threshold
from upcracknet.evaluation.metrics import ConfusionCounts, count


def test_added_cracks_lie_on_undamaged_photos_where_the_truth_says(patches):
    roads = roads_with_added_cracks(patches, 6)
    clean = undamaged_roads(patches)
    assert len(roads) == len(clean) == 6
    assert any(cracks.any() for _, cracks in roads)
    assert not any(cracks.any() for _, cracks in clean)
    for (photo, cracks), (undamaged, _) in zip(roads, clean, strict=True):
        if cracks.any():
            assert photo[cracks].mean() < undamaged[cracks].mean()
    again = roads_with_added_cracks(patches, 6)
    assert all(np.array_equal(one.photo, other.photo) for one, other in zip(roads, again, strict=True))


def test_painted_roads_are_the_patches():
    patches = PaintedPatches(
        [], size=32, painting=PaintingRange(cracked=1.0), augment=False, patches_per_epoch=3
    )
    roads = painted_roads(patches)
    assert len(roads) == 3
    photo, cracks = roads[1]
    assert photo.shape == (32, 32, 3)
    np.testing.assert_array_equal(cracks, patches[1].crack.numpy() > 0.5)
    assert torch.equal(torch.from_numpy(photo).permute(2, 0, 1), (patches[1].photo * 255).round().byte())


def test_synthetic_roads_have_the_asked_size():
    roads = shrunk_synthetic_roads(64, 2)
    assert [(road.photo.shape, road.cracks.shape) for road in roads] == [((64, 64, 3), (64, 64))] * 2


def test_distracting_roads_have_no_cracks_and_are_always_the_same():
    for (photo, cracks), (again, _) in zip(distracting_roads(2), distracting_roads(2), strict=True):
        assert photo.shape == (256, 384, 3)
        assert not cracks.any()
        np.testing.assert_array_equal(photo, again)


@pytest.mark.parametrize("level", [0.4, 0.5, 0.6, None])
def test_counts_are_those_of_the_masks(level):
    scores, roads = [], []
    for seed in range(3):
        score = cv2.GaussianBlur(np.random.default_rng(seed).random((40, 50), np.float32), (0, 0), 1.5)
        score = (score - score.min()) / (score.max() - score.min())
        scores.append(score)
        roads.append(Road(np.zeros((40, 50, 3), np.uint8), score > 0.55))
    thresholds = [
        Threshold(level, hysteresis=hysteresis, minimum_extent=extent)
        for hysteresis, extent in ((0.0, 0), (0.8, 0), (0.7, 6), (0.9, 20))
    ]
    expected = [
        sum(
            (count(one.mask(score), road.cracks) for score, road in zip(scores, roads, strict=True)),
            ConfusionCounts(),
        )
        for one in thresholds
    ]
    assert pooled_counts(scores, roads, thresholds) == expected
