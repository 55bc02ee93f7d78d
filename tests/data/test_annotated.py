import cv2
import numpy as np
import pytest
import torch

from upcracknet.data.annotated import AnnotatedPatches
from upcracknet.data.dataset import Sample
from upcracknet.errors import DataError


@pytest.fixture
def samples(tmp_path):
    """Photos whose bright half is the crack."""
    made = []
    for number in range(3):
        photo, mask = np.full((40, 60, 3), 50 + number, np.uint8), np.zeros((40, 60), np.uint8)
        photo[:, 30:], mask[:, 30:] = 200, 255
        for name, image in (("photo", photo), ("mask", mask)):
            cv2.imwrite(str(tmp_path / f"{number}-{name}.png"), image)
        made.append(Sample(str(number), tmp_path / f"{number}-photo.png", tmp_path / f"{number}-mask.png"))
    return made


def test_without_augmentation_they_are_the_photos_of_the_protocol(samples):
    patches = AnnotatedPatches(samples, size=32, augment=False, patches_per_epoch=99)
    assert len(patches) == patches.photo_count == 3
    photo, crack = patches[1]
    assert photo.shape == (3, 32, 32)
    expected = cv2.resize(samples[1].photo(), (32, 32), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal((photo * 255).round().byte().permute(1, 2, 0).numpy(), expected)
    assert crack.unique().tolist() == [0, 1]
    assert crack.mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("scales", [(0.3, 0.5), (1.0, 1.0), (2.0, 3.0)])
def test_photo_and_mask_stay_together(samples, scales):
    patches = AnnotatedPatches(samples, size=32, scales=scales, patches_per_epoch=12)
    shares = set()
    for index in range(len(patches)):
        photo, crack = patches[index]
        assert photo.shape == (3, 32, 32)
        bright = photo.mean(dim=0) > 125 / 255
        # Bilinear photos and nearest masks differ at the border of the two halves alone.
        assert (bright != crack.bool()).float().mean() <= 0.13
        shares.add(round(float(crack.mean()), 2))
    if scales[0] > 1:
        assert len(shares) > 1, "crops differ"


def test_flips_happen(samples):
    patches = AnnotatedPatches(samples, size=32, scales=(1.0, 1.0), patches_per_epoch=16)
    left = [bool(patches[index].crack[:, 0].all()) for index in range(16)]
    assert any(left)
    assert not all(left)


def test_an_item_depends_on_seed_epoch_and_index_alone(samples):
    one, same, other = (AnnotatedPatches(samples, size=16, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one[2].photo, same[2].photo)
    assert not torch.equal(one[2].photo, other[2].photo)
    same.set_epoch(1)
    assert not torch.equal(one[2].photo, same[2].photo)


def test_photos_are_read_again_where_memory_is_short(samples):
    held, read = AnnotatedPatches(samples, size=16), AnnotatedPatches(samples, size=16, cache_bytes=0)
    assert torch.equal(held[0].photo, read[0].photo)
    assert torch.equal(held[0].crack, read[0].crack)


def test_photos_without_masks_are_refused(samples):
    with pytest.raises(DataError, match="1 of 4 photos have no mask, bare for one"):
        AnnotatedPatches([*samples, Sample("bare", samples[0].photo_path)])
    with pytest.raises(DataError, match="no annotated photos"):
        AnnotatedPatches([])


def test_sizes_must_agree(samples, tmp_path):
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((10, 10), np.uint8))
    with pytest.raises(DataError, match="differ in size"):
        AnnotatedPatches([Sample("odd", samples[0].photo_path, tmp_path / "small.png")])
