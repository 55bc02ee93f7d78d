from collections import Counter
from functools import partial

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from upcracknet.data.backgrounds import LabelledPhoto, Labels
from upcracknet.data.dataset import Sample
from upcracknet.data.painted import (
    ORDINARY,
    PaintedPatches,
    PaintingRange,
    cover,
    draw_factors,
    draw_widths,
    resize,
    share_of_pixels,
)
from upcracknet.data.patches import UndamagedPatches
from upcracknet.data.photo import save_image_atomically
from upcracknet.data.synthetic import BESTIARY, synthesize_road


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
        **{"cracked": 1.0, "distracted": 0.0, "things": 0.0, "synthetic": 0.0} | options.pop("painting", {})
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
        assert (patch.known[patch.crack == 0] == 1).all()


def test_the_photo_is_the_road_but_for_its_cracks(undamaged):
    patches = painted(
        undamaged, augment=False, painting={"shrinking": (1.0, 1.0), "squeezed": 0.0, "covered": 0.0}
    )
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


@pytest.fixture
def labelled() -> Labels:
    """A grey photo with a sure crack on its left, then a doubtful band, then road."""
    photo = np.full((64, 64, 3), 120, np.uint8)
    score = np.zeros((64, 64), np.uint8)
    score[:, :20], score[:, 20:40] = 250, 115
    return Labels([LabelledPhoto(photo, score)], share=1.0, sure=(0.3, 0.6))


HALF = {"shrinking": (0.5, 0.5), "squeezed": 0.0, "covered": 0.0}


def test_labels_are_believed_where_they_are_sure(undamaged, labelled):
    patch = painted(undamaged, labels=[labelled], augment=False, painting=HALF | {"cracked": 0.0})[0]
    assert patch.has_road == 0
    assert torch.equal(patch.photo, patch.road)
    assert patch.crack[:, :9].all()
    assert not patch.crack[:, 10:].any()
    assert patch.known[:, :9].all()
    assert not patch.known[:, 11:19].any()
    assert patch.known[:, 22:].all()


def test_cracks_are_painted_over_self_labelled_photos(undamaged, labelled):
    patches = painted(undamaged, labels=[labelled], augment=False, painting=HALF | {"depths": (0.5, 0.9)})
    found = 0
    for patch in (patches[index] for index in range(12)):
        assert patch.crack[:, :9].all()
        new = (patch.crack > 0.5) & (patch.photo < patch.road - 0.05).all(0)
        assert new.any()
        found += int(patch.known[new][:, None].sum())
        untouched = (patch.photo == patch.road).all(0) & (patch.crack == 0)
        assert not patch.known[:, 12:18][untouched[:, 12:18]].any()  # still in doubt
    assert found > 100


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


def test_widths_are_fine_ordinary_or_wide():
    generator, painting = np.random.default_rng(0), PaintingRange(fine=0.5, wide=0.2)
    drawn = [draw_widths(painting, 0.5, generator) for _ in range(600)]
    wide = [usual for _, usual in drawn if usual is not None]
    assert len(wide) / 600 == pytest.approx(0.2, abs=0.05)
    assert all(24 <= usual <= 240 for usual in wide)  # 12 to 120 in the patch
    assert np.median(wide) == pytest.approx(2 * np.sqrt(12 * 120), rel=0.2)  # even on a logarithmic scale
    others = [widths for widths, usual in drawn if usual is None]
    assert np.mean([widths == (0.7, 5.0) for widths in others]) == pytest.approx(0.625, abs=0.06)
    assert set(others) == {(0.7, 5.0), (0.7, ORDINARY)}


def test_covers_lie_on_road_and_cracks_alike():
    photo = np.random.default_rng(0).integers(100, 160, (80, 90, 3), dtype=np.uint8)
    cracked = photo.copy()
    cracked[38:42] //= 3
    hidden = shaded = 0
    for seed in range(20):
        one, two, covered = cover((cracked, photo), np.random.default_rng(seed))
        assert covered.shape == (80, 90)
        solid = cv2.erode(covered.astype(np.uint8), np.ones((3, 3))) > 0
        assert np.abs(one[solid].astype(int) - two[solid]).max(initial=0) <= 12  # the thing itself
        assert (one[38:42][~covered[38:42]].mean()) < two[38:42][~covered[38:42]].mean()
        hidden += bool(covered.any())
        shaded += not covered.any()
    assert hidden
    assert shaded


def test_enlarging_never_takes_means_of_pixels():
    photo = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    assert np.array_equal(resize(photo, 32, cv2.INTER_AREA), resize(photo, 32, cv2.INTER_CUBIC))
    assert not np.array_equal(resize(photo, 4, cv2.INTER_AREA), resize(photo, 4, cv2.INTER_CUBIC))


def test_the_surfaces_of_synthetic_roads_are_chosen(monkeypatch):
    asked = []

    def noted(*arguments, surface, **options):
        asked.append(surface)
        return synthesize_road(*arguments, surface=surface, **options)

    monkeypatch.setattr("upcracknet.data.painted.synthesize_road", noted)
    for painting in (PaintingRange(), PaintingRange(surfaces=("concrete",))):
        patches = PaintedPatches([], size=32, painting=painting, patches_per_epoch=20)
        for index in range(20):
            patches[index]
    assert "gravel" not in asked[:20]
    assert len(set(asked[:20])) > 1
    assert set(asked[20:]) == {"concrete"}


def test_two_to_six_per_cent_of_all_pixels_are_crack():
    patches = PaintedPatches([], painting=PaintingRange(distracted=0.0, things=0.0), patches_per_epoch=60)
    shares = [float((patches[index].crack > 0.5).float().mean()) for index in range(60)]
    assert 0.02 < np.mean(shares) < 0.06
    assert max(shares) > 0.15


def test_things_are_laid_on_the_road_each_kind_as_often_and_are_no_cracks(monkeypatch, undamaged):
    drawn = []
    recorded = {name: partial(_record_and_draw, drawn, name, draw) for name, draw in BESTIARY.items()}
    monkeypatch.setattr("upcracknet.data.painted.BESTIARY", recorded)
    patches = painted(undamaged, painting={"things": 1.0, "cracked": 0.0, "covered": 0.0})
    for epoch in range(30):
        patches.set_epoch(epoch)
        for index in range(12):
            patch = patches[index]
            assert not patch.crack.any()
            assert torch.equal(patch.photo, patch.road)
    counts = Counter(drawn)
    assert sum(counts.values()) == 360
    assert set(counts) == set(BESTIARY)
    assert max(counts.values()) < 3 * min(counts.values())


def _record_and_draw(drawn, name, draw, *scene):
    drawn.append(name)
    draw(*scene)


def test_cracks_do_not_go_on_over_what_covers_the_road(monkeypatch, undamaged):
    def hide(scene, covered, generator):
        scene[:], covered[:] = 90, 1

    monkeypatch.setattr("upcracknet.data.painted.BESTIARY", {"board": hide})
    patches = painted(undamaged, painting={"things": 1.0, "covered": 0.0})
    assert not any(patches[index].crack.any() for index in range(12))


def test_what_cannot_be_seen_is_not_known(undamaged):
    faint = painted(undamaged, painting={"depths": (0.005, 0.006)})
    plain = painted(undamaged, painting={"depths": (0.6, 0.9)})
    unknown = [
        np.mean(
            [
                float(patch.known[patch.crack > 0.5].mean())
                for patch in map(patches.__getitem__, range(12))
                if (patch.crack > 0.5).any()
            ]
        )
        for patches in (faint, plain)
    ]
    assert unknown[0] < 0.5
    assert unknown[1] > 0.8


def test_shares_of_pixels_keep_the_area():
    mask = np.zeros((64, 64), np.float32)
    mask[10:13] = 1
    assert share_of_pixels(mask, 32).mean() == pytest.approx(mask.mean(), abs=1e-6)
