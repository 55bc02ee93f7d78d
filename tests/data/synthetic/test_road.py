import hashlib
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.morphology import disk

from upcracknet.data import open_dataset
from upcracknet.data.synthetic import SURFACES, SyntheticRoad, synthesize_road
from upcracknet.errors import ConfigurationError

SOFT_MARGIN = 12


def digest(road):
    return hashlib.sha256(road.photo.tobytes() + road.mask.tobytes() + road.undamaged.tobytes()).hexdigest()


@pytest.mark.parametrize("surface", [None, *SURFACES])
@pytest.mark.parametrize("shape", [(256, 256), (97, 131), (40, 300)])
def test_shapes_and_types(surface, shape):
    road = synthesize_road(5, *shape, surface=surface)
    assert isinstance(road, SyntheticRoad)
    assert road.photo.shape == road.undamaged.shape == (*shape, 3)
    assert road.photo.dtype == road.undamaged.dtype == np.uint8
    assert road.mask.shape == shape
    assert road.mask.dtype == np.bool_
    assert road.seed == 5
    assert road.surface == (surface or road.surface)
    assert road.surface in SURFACES


@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (3, 7), (65, 2)])
def test_tiny_roads(shape):
    for seed in range(6):
        assert synthesize_road(seed, *shape).photo.shape == (*shape, 3)


def test_the_same_seed_makes_the_same_bytes_and_another_seed_another_road():
    digests = [digest(synthesize_road(seed, 96, 96)) for seed in range(10)]
    assert digests == [digest(synthesize_road(seed, 96, 96)) for seed in range(10)]
    assert len(set(digests)) == 10


@pytest.mark.parametrize("seed", range(20))
def test_photo_and_undamaged_differ_on_cracks_and_nowhere_else(seed):
    road = synthesize_road(seed, 192, 224)
    assert road.mask.any()
    changed = (road.photo != road.undamaged).any(axis=2)
    far = cv2.dilate(road.mask.astype(np.uint8), disk(SOFT_MARGIN)) == 0
    assert not changed[far].any()
    assert changed[road.mask].mean() > 0.7
    assert road.photo[road.mask].mean() < road.undamaged[road.mask].mean()


def crack_depth(photo, mask):
    """Share of the brightness of the road around its cracks that they lose."""
    crack = mask.astype(np.uint8)
    beside = (cv2.dilate(crack, disk(14)) > 0) & (cv2.dilate(crack, disk(4)) == 0)
    return 1 - photo[mask].mean() / photo[beside].mean()


def test_cracks_are_darker_than_the_road_around_them_and_take_a_few_per_cent_of_it():
    roads = [synthesize_road(seed, 192, 224) for seed in range(25)]
    depths = [crack_depth(road.photo, road.mask) for road in roads]
    assert np.mean(np.array(depths) > 0) > 0.9
    assert 0.25 < np.median(depths) < 0.6
    assert 0.005 < np.median([road.mask.mean() for road in roads]) < 0.06


@pytest.mark.data
def test_tone_grain_and_depth_are_those_of_real_photos():
    """Medians of synthetic roads lie between the 10th and 90th percentiles of DeepCrack's training photos."""
    folder = os.environ.get("UPCRACKNET_DATA")
    if not folder:
        pytest.skip("UPCRACKNET_DATA is not set: real photos to compare with are not at hand")
    dataset = open_dataset("deepcrack", Path(folder), "train")
    samples = [dataset[index] for index in range(0, len(dataset), 10)]

    def figures(photo, mask):
        grey = photo.mean(axis=2).astype(np.float32)
        free = cv2.dilate(mask.astype(np.uint8), disk(4)) == 0
        grain = (grey - cv2.GaussianBlur(grey, (0, 0), 8))[free].std()
        return grey.mean(), grain, crack_depth(photo, mask)

    real = np.array([figures(sample.photo(), sample.mask()) for sample in samples])
    roads = [synthesize_road(seed, 384, 544) for seed in range(25)]
    made = np.array([figures(road.photo, road.mask) for road in roads])
    low, high = np.percentile(real, (10, 90), axis=0)
    assert (low < np.median(made, axis=0)).all()
    assert (np.median(made, axis=0) < high).all()


def test_without_cracks_the_photo_is_the_undamaged_road():
    for seed in range(5):
        road = synthesize_road(seed, 80, 100, cracks=False)
        assert not road.mask.any()
        assert np.array_equal(road.photo, road.undamaged)
        assert np.array_equal(road.undamaged, synthesize_road(seed, 80, 100).undamaged)


def test_distractors_lie_on_the_undamaged_road_too_and_can_be_left_out():
    with_them = [synthesize_road(seed, 80, 100, cracks=False).photo for seed in range(12)]
    without = [synthesize_road(seed, 80, 100, cracks=False, distractors=False).photo for seed in range(12)]
    differ = [np.abs(a.astype(int) - b).mean() > 1 for a, b in zip(with_them, without, strict=True)]
    assert np.mean(differ) > 0.5


def test_every_surface_is_drawn_when_none_is_asked_for():
    assert {synthesize_road(seed, 8, 8).surface for seed in range(40)} == set(SURFACES)


@pytest.mark.parametrize("arguments", [(0, 0, 10), (0, 10, -1), (-1, 10, 10)])
def test_impossible_sizes_and_seeds_are_refused(arguments):
    with pytest.raises(ConfigurationError, match="expected at least 1 by 1 pixels and a seed of 0 or more"):
        synthesize_road(*arguments)


def test_no_crack_runs_over_what_lies_on_the_road(monkeypatch):
    def lay_a_carpet(scene, generator, surface):
        scene[:] = 90
        return np.ones(scene.shape[:2], np.float32)

    monkeypatch.setattr("upcracknet.data.synthetic.road.lay_distractors", lay_a_carpet)
    road = synthesize_road(0, 96, 96)
    assert not road.mask.any()
    assert np.array_equal(road.photo, road.undamaged)
