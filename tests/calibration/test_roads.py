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
    assert any(road.cracks.any() for road in roads)
    assert not any(road.cracks.any() for road in clean)
    for (photo, cracks, _), (undamaged, *_) in zip(roads, clean, strict=True):
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
    photo, cracks, unknown = roads[1]
    assert photo.shape == (32, 32, 3)
    np.testing.assert_array_equal(cracks, patches[1].crack.numpy() > 0.5)
    np.testing.assert_array_equal(unknown, patches[1].known.numpy() < 0.5)
    assert torch.equal(torch.from_numpy(photo).permute(2, 0, 1), (patches[1].photo * 255).round().byte())


def test_synthetic_roads_have_the_asked_size():
    roads = shrunk_synthetic_roads(64, 2)
    assert [(road.photo.shape, road.cracks.shape) for road in roads] == [((64, 64, 3), (64, 64))] * 2


def test_distracting_roads_have_no_cracks_and_are_always_the_same():
    for (photo, cracks, _), (again, *_) in zip(distracting_roads(2), distracting_roads(2), strict=True):
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


def test_what_nobody_can_see_does_not_count():
    """Neither as missed nor as falsely found; extents are those of what was marked."""
    score = np.zeros((20, 30), np.float32)
    score[5, 2:22] = 1
    cracks, unknown = np.zeros((20, 30), bool), np.zeros((20, 30), bool)
    cracks[5, 2:12] = cracks[15, :10] = True
    unknown[5, 10:20] = unknown[15, :10] = True
    (counts,) = pooled_counts(
        [score],
        [Road(score[..., None].astype(np.uint8).repeat(3, 2), cracks, unknown)],
        [Threshold(0.5, minimum_extent=16)],
    )
    assert counts == ConfusionCounts(8, 2, 0, 600 - 20 - 10, 8)
