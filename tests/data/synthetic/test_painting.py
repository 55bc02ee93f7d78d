import cv2
import numpy as np
import pytest
from skimage.morphology import disk, skeletonize

from upcracknet.data.synthetic import draw_crack_mask, paint_cracks

SOFT_MARGIN = 12
"""Pixels beside a crack's mask that its soft edge, worn road and rim may change."""


def noisy_photo(seed=0, height=200, width=240):
    grey = np.random.default_rng(seed).normal(130, 15, (height, width, 1))
    return np.clip(cv2.GaussianBlur(grey, (0, 0), 1.0)[..., None] + (4, 0, -6), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(12))
def test_only_cracks_and_their_margin_change(seed):
    photo = noisy_photo(seed)
    before = photo.copy()
    cracked, mask = paint_cracks(photo, np.random.default_rng(seed))
    assert np.array_equal(photo, before)
    assert mask.any()
    far = cv2.dilate(mask.astype(np.uint8), disk(SOFT_MARGIN)) == 0
    assert np.array_equal(cracked[far], photo[far])
    changed = (cracked != photo).any(axis=2)
    assert changed[mask].mean() > 0.85


def test_cracks_are_darker_than_the_road_beside_them():
    for seed in range(12):
        photo = noisy_photo(seed)
        cracked, mask = paint_cracks(photo, np.random.default_rng(seed))
        beside = (cv2.dilate(mask.astype(np.uint8), disk(15)) > 0) & (
            cv2.dilate(mask.astype(np.uint8), disk(5)) == 0
        )
        assert cracked[mask].mean() < 0.95 * cracked[beside].mean()


@pytest.mark.parametrize("depth", [0.2, 0.5, 0.9])
def test_inside_a_crack_a_plain_road_loses_the_depth(depth):
    photo = np.full((256, 256, 3), 160, np.uint8)
    for seed in range(4):
        cracked, mask = paint_cracks(
            photo,
            np.random.default_rng(seed),
            widths=(11.0, 11.0),
            depths=(depth, depth),
            pattern="branching",
            systems=1,
        )
        inside = cv2.erode(mask.astype(np.uint8), disk(4)) > 0
        assert inside.sum() > 50
        assert np.median(cracked[inside][:, 1]) == pytest.approx(160 * (1 - depth), abs=2)


def test_depths_run_from_faint_to_deep():
    photo = np.full((256, 256, 3), 160, np.uint8)
    depths = []
    for seed in range(25):
        cracked, mask = paint_cracks(photo, np.random.default_rng(seed), widths=(3.0, 15.0), systems=1)
        depths.append(1 - cracked[mask].mean() / 160)
    assert min(depths) < 0.25
    assert max(depths) > 0.6
    assert 0.3 < np.median(depths) < 0.75


def test_the_mask_is_where_more_than_half_a_pixel_is_crack():
    photo = noisy_photo()
    _, mask = paint_cracks(photo, np.random.default_rng(5), pattern="branching", systems=1)
    coverage = draw_crack_mask(200, 240, np.random.default_rng(5), pattern="branching")
    assert np.array_equal(mask, coverage > 0.5)


def test_cracks_are_hidden_under_what_lies_on_the_road():
    photo = noisy_photo()
    covered = np.zeros((200, 240), np.float32)
    covered[:, 100:] = 1
    free, all_cracks = paint_cracks(photo, np.random.default_rng(1))
    hidden, mask = paint_cracks(photo, np.random.default_rng(1), covered=covered)
    assert all_cracks[:, 100:].any()
    assert not mask[:, 100:].any()
    assert np.array_equal(hidden[:, 100 + SOFT_MARGIN :], photo[:, 100 + SOFT_MARGIN :])
    assert np.array_equal(mask[:, :100], all_cracks[:, :100])
    assert not np.array_equal(free, hidden)


def test_no_system_is_no_crack():
    photo = noisy_photo()
    cracked, mask = paint_cracks(photo, np.random.default_rng(0), systems=0)
    assert np.array_equal(cracked, photo)
    assert not mask.any()


@pytest.mark.parametrize("shape", [(1, 1), (5, 300), (33, 17)])
def test_any_size(shape):
    for seed in range(5):
        cracked, mask = paint_cracks(np.full((*shape, 3), 120, np.uint8), np.random.default_rng(seed))
        assert cracked.shape == (*shape, 3)
        assert mask.shape == shape


def test_on_a_coarse_road_no_crack_is_fainter_than_the_grain():
    coarse = np.random.default_rng(0).normal(130, 60, (200, 240, 1)) + np.zeros(3)
    photos = [
        np.clip(cv2.GaussianBlur(coarse, (0, 0), 1.2), 0, 255).astype(np.uint8),
        np.full((200, 240, 3), 130, np.uint8),
    ]
    losses = []
    for photo in photos:
        lost = 0.0
        for seed in range(6):
            cracked, mask = paint_cracks(
                photo,
                np.random.default_rng(seed),
                widths=(2.0, 2.0),
                depths=(0.02, 0.3),
                pattern="branching",
                systems=1,
            )
            lost += 1 - cracked[mask].mean() / photo[mask].mean()
        losses.append(lost / 6)
    assert losses[0] > losses[1] + 0.02


def test_what_is_wide_enough_to_look_into_is_dark():
    flat = np.full((200, 240, 3), 130, np.uint8)
    losses = []
    for width in (2.0, 10.0):
        lost = []
        for seed in range(6):
            generator = np.random.default_rng(seed)
            cracked, mask = paint_cracks(
                flat, generator, widths=(width, width), depths=(0.02, 0.9), pattern="branching", systems=1
            )
            lost.append(1 - cracked[mask].mean() / 130)
        losses.append(min(lost))
    assert losses[0] < 0.2 < losses[1]


def test_cracks_in_a_soft_photo_have_soft_edges():
    """The steepest step between neighbours across all edges falls as the photo's blur grows."""
    noise = np.random.default_rng(0).normal(0, 1, (200, 240)).astype(np.float32)
    steps = []
    for blur in (0.5, 1.5, 3.0):
        field = cv2.GaussianBlur(noise, (0, 0), blur)
        photo = np.repeat((130 + 6 * field / field.std())[..., None], 3, axis=2).astype(np.uint8)
        cracked, _ = paint_cracks(
            photo,
            np.random.default_rng(3),
            widths=(8.0, 8.0),
            depths=(0.7, 0.7),
            pattern="branching",
            systems=1,
        )
        steps.append(np.percentile(np.abs(np.diff(cracked[..., 1].astype(float), axis=1)), 99.8))
    assert steps[0] > steps[1] > steps[2]


@pytest.mark.parametrize("width", [0.7, 1.0])
def test_hairlines_are_marked_as_wide_as_they_are_seen(width):
    """Half a pixel is never covered, so the plain mask is nearly empty; people mark about two pixels."""
    photo = np.full((160, 160, 3), 160, np.uint8)
    options = {"widths": (width, width), "depths": (0.6, 0.6), "pattern": "branching", "systems": 1}
    marked = plain = length = 0
    for seed in range(6):
        _, mask = paint_cracks(photo, np.random.default_rng(seed), mark="seen", **options)
        _, covered = paint_cracks(photo, np.random.default_rng(seed), **options)
        marked, plain = marked + int(mask.sum()), plain + int(covered.sum())
        length += int(skeletonize(mask).sum())
    assert marked > plain
    assert 1.2 < marked / length < 3.5


def test_the_mark_of_a_wide_crack_is_its_edge():
    photo = np.full((200, 200, 3), 160, np.uint8)
    options = {"widths": (12.0, 12.0), "depths": (0.6, 0.6), "pattern": "branching", "systems": 1}
    for seed in range(4):
        cracked, mask = paint_cracks(photo, np.random.default_rng(seed), mark="seen", **options)
        again, covered = paint_cracks(photo, np.random.default_rng(seed), **options)
        assert np.array_equal(cracked, again)  # only the mark differs
        assert (mask & covered).sum() / (mask | covered).sum() > 0.85


@pytest.mark.parametrize("width", [30.0, 60.0, 120.0])
def test_the_mark_of_a_wide_crack_is_the_whole_band(width):
    """Earth that fills it in places, stones and lit walls belong to it: the mask has no holes."""
    photo = noisy_photo(height=300, width=320)
    for seed in range(6):
        _, mask = paint_cracks(
            photo,
            np.random.default_rng(seed),
            widths=(0.7, 120.0),
            usual=width,
            pattern="branching",
            systems=1,
            mark="seen",
        )
        core = cv2.erode(mask.astype(np.uint8), disk(2))
        filled = cv2.morphologyEx(core, cv2.MORPH_CLOSE, disk(int(width / 6)), borderValue=0)
        assert core.any()
        assert core.sum() > 0.93 * filled.sum()


def test_wide_cracks_differ_inside_from_a_plain_dark_band():
    photo = np.full((300, 320, 3), 160, np.uint8)
    for seed in range(6):
        cracked, mask = paint_cracks(
            photo,
            np.random.default_rng(seed),
            widths=(0.7, 120.0),
            usual=60.0,
            depths=(0.5, 0.5),
            pattern="branching",
            systems=1,
        )
        within = cv2.erode(mask.astype(np.uint8), disk(8)) > 0
        assert cracked[within][:, 1].std() > 6
        assert cracked[within][:, 1].mean() < 150
