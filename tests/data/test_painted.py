import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from upcracknet.data.dataset import Sample
from upcracknet.data.painted import (
    PaintedPatches,
    PaintingRange,
    SelfLabelledPhoto,
    SelfLabels,
    change_light,
    draw_factors,
    extend,
    share_of_pixels,
)
from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.photo import save_image_atomically


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory) -> UndamagedPatches:
    folder = tmp_path_factory.mktemp("undamaged")
    samples = []
    for number in range(3):
        grey = np.random.default_rng(number).normal(150, 8, (90, 120, 1))
        photo = cv2.GaussianBlur(grey, (0, 0), 1.0)[..., None].repeat(3, 2).clip(0, 255).astype(np.uint8)
        save_image_atomically(folder / f"{number}.png", photo)
        samples.append(Sample(str(number), folder / f"{number}.png"))
    return UndamagedPatches(samples, size=32, window_sizes=(32, 64), stride=8)


def painted(undamaged, **options) -> PaintedPatches:
    painting = PaintingRange(
        **{"cracked": 1.0, "distracted": 0.0, "synthetic": 0.0} | options.pop("painting", {})
    )
    return PaintedPatches(
        [undamaged], **{"size": 32, "painting": painting, "patches_per_epoch": 12} | options
    )


def test_shapes_and_ranges(undamaged):
    for patch in (painted(undamaged)[index] for index in range(12)):
        assert patch.photo.shape == patch.road.shape == (3, 32, 32)
        assert patch.crack.shape == patch.known.shape == (32, 32)
        for values in (patch.photo, patch.road, patch.crack):
            assert values.dtype == torch.float32
            assert 0 <= values.min() <= values.max() <= 1
        assert patch.has_road == 1
        assert (patch.known == 1).all()


def test_the_photo_is_the_road_but_for_its_cracks(undamaged):
    patches = painted(undamaged, augment=False, painting={"shrinking": (1.0, 1.0), "squeezed": 0.0})
    for patch in (patches[index] for index in range(12)):
        if not patch.crack.any():
            continue
        near = cv2.dilate((patch.crack > 0).numpy().astype(np.uint8), np.ones((25, 25))) > 0
        difference = (patch.photo - patch.road).abs().amax(0).numpy()
        assert difference[~near].max(initial=0) == 0
        marked = patch.crack.numpy() > 0.5
        assert (patch.photo.numpy()[:, marked] < patch.road.numpy()[:, marked]).mean() > 0.8


def test_items_depend_on_seed_epoch_and_index_alone(undamaged):
    one, same, other = (painted(undamaged, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(one[5][part], same[5][part]) for part in range(5))
    assert not torch.equal(one[5].photo, other[5].photo)
    one.set_epoch(1)
    assert not torch.equal(one[5].photo, same[5].photo)
    fixed = painted(undamaged, augment=False)
    before = fixed[3].photo
    fixed.set_epoch(4)
    assert torch.equal(fixed[3].photo, before)


def test_workers_change_nothing(undamaged):
    patches = painted(undamaged)
    batches = list(DataLoader(patches, 4, num_workers=1))
    assert torch.equal(batches[1].photo[2], patches[6].photo)
    assert torch.equal(batches[2].known, torch.stack([patches[i].known for i in range(8, 12)]))


def test_roads_without_cracks_have_none(undamaged):
    patches = painted(undamaged, painting={"cracked": 0.0})
    for patch in (patches[index] for index in range(6)):
        assert not patch.crack.any()
        assert torch.equal(patch.photo, patch.road)


def test_synthetic_roads_need_no_photos():
    patches = PaintedPatches([], size=32, patches_per_epoch=2)
    assert patches[0].photo.shape == (3, 32, 32)


def test_an_index_beyond_the_end(undamaged):
    with pytest.raises(IndexError):
        painted(undamaged)[12]


def test_self_labels_are_believed_where_they_are_sure(undamaged):
    photo = np.full((64, 64, 3), 120, np.uint8)
    score = np.zeros((64, 64), np.uint8)
    score[:, :20], score[:, 20:40] = 250, 115
    labels = SelfLabels([SelfLabelledPhoto(photo, score)], share=1.0, sure=(0.3, 0.6))
    patches = painted(
        undamaged,
        self_labels=labels,
        augment=False,
        painting={"shrinking": (0.5, 0.5), "squeezed": 0.0},
    )
    patch = patches[0]
    assert patch.has_road == 0
    assert torch.equal(patch.photo, patch.road)
    assert patch.crack[:, :9].all()
    assert not patch.crack[:, 10:].any()
    assert patch.known[:, :9].all()
    assert not patch.known[:, 11:19].any()
    assert patch.known[:, 21:].all()


def test_factors_stay_in_their_range():
    generator = np.random.default_rng(0)
    squeezed = PaintingRange(shrinking=(0.4, 1.6), squeezed=1.0)
    drawn = [draw_factors(squeezed, generator) for _ in range(200)]
    assert all(0.4 <= factor <= 1.6 for pair in drawn for factor in pair)
    ratios = [max(pair) / min(pair) for pair in drawn]
    assert max(ratios) <= 1.8 + 1e-9
    assert np.mean([down >= across for down, across in drawn]) > 0.6
    alike = PaintingRange(squeezed=0.0)
    assert all(down == across for down, across in (draw_factors(alike, generator) for _ in range(20)))


def test_a_small_window_is_continued_by_its_mirror_image():
    window = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)
    extended = extend(window, 6, 9, np.random.default_rng(0))
    assert extended.shape == (6, 9, 3)
    expected = cv2.copyMakeBorder(window, 0, 2, 0, 3, cv2.BORDER_REFLECT_101)
    assert np.array_equal(extended[:, :7], expected)


def test_light_changes_photo_and_road_alike():
    photo = np.random.default_rng(0).random((16, 16, 3), dtype=np.float32) * 0.2 + 0.4
    road = photo.copy()
    road[:8] += 0.1
    for seed in range(10):
        one, two = change_light((photo, road), np.random.default_rng(seed))
        assert one.dtype == two.dtype == np.float32
        np.testing.assert_allclose(one[13:], two[13:], atol=1e-6)  # below what a blur carries over
        assert (two[:6] >= one[:6] - 1e-6).all()


def test_shares_of_pixels_keep_the_area():
    mask = np.zeros((64, 64), np.float32)
    mask[10:13] = 1
    assert share_of_pixels(mask, 32).mean() == pytest.approx(mask.mean(), abs=1e-6)


def test_a_piece_has_the_scores_of_its_own_pixels():
    photo = np.zeros((10, 12, 3), np.uint8)
    score = np.arange(120, dtype=np.uint8).reshape(10, 12)
    photo[..., 0] = score
    for seed in range(5):
        piece, scores = SelfLabelledPhoto(photo, score).crop(4, 50, np.random.default_rng(seed))
        assert piece.shape == (4, 12, 3)
        np.testing.assert_allclose(piece[..., 0] / 255, scores, atol=1e-6)
