import pickle
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from upcracknet.data.dataset import Sample
from upcracknet.data.patches import UndamagedPatches, flip, split_samples
from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import ConfigurationError, DataError


def make_samples(folder: Path, count: int = 3) -> list[Sample]:
    """Photos 60×80 of dark noise with a white crack along a middle column, and their masks."""
    samples = []
    for number in range(count):
        photo = np.random.default_rng(number).integers(0, 200, (60, 80, 3), np.uint8)
        mask = np.zeros((60, 80), np.bool_)
        mask[:, 35 + 5 * number] = True
        photo[mask] = 255
        photo_path, mask_path = folder / f"{number}.png", folder / f"{number}_mask.png"
        save_image_atomically(photo_path, photo)
        save_image_atomically(mask_path, mask * np.uint8(255))
        samples.append(Sample(str(number), photo_path, mask_path))
    return samples


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    return make_samples(tmp_path)


def test_patches_are_undamaged_and_as_promised(samples: list[Sample]) -> None:
    patches = UndamagedPatches(samples, size=24, window_sizes=(16, 24, 32), patches_per_epoch=60, stride=4)
    for index in range(len(patches)):
        patch = patches[index]
        assert patch.shape == (3, 24, 24)
        assert patch.dtype == torch.float32
        assert patch.min() >= 0
        assert patch.max() < 200 / 255  # the crack is white
    assert len(patches) == 60
    assert patches.photo_count == 3


def test_patch_of_the_windows_own_size_is_the_crop(samples: list[Sample]) -> None:
    patches = UndamagedPatches(samples, size=16, window_sizes=(16,), augment=False, patches_per_epoch=5)
    for index in range(5):
        sample, window = patches.choose(index)
        crop = sample.photo()[window.top : window.top + 16, window.left : window.left + 16]
        np.testing.assert_array_equal((patches[index] * 255).round().byte().permute(1, 2, 0).numpy(), crop)


def test_large_windows_shrink_by_area_averaging(samples: list[Sample]) -> None:
    patches = UndamagedPatches(samples, size=8, window_sizes=(16,), augment=False, patches_per_epoch=4)
    for index in range(4):
        sample, window = patches.choose(index)
        crop = sample.photo()[window.top : window.top + 16, window.left : window.left + 16]
        means = crop.reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))  # by hand: each pixel is the mean of 2×2
        np.testing.assert_allclose(patches[index].permute(1, 2, 0).numpy() * 255, means, atol=0.76)


def test_augmentation_gives_all_eight_flips_and_nothing_else(tmp_path: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    save_image_atomically(tmp_path / "a.png", photo)
    patches = UndamagedPatches(
        [Sample("a", tmp_path / "a.png")], size=16, window_sizes=(16,), patches_per_epoch=200
    )
    turns = [np.rot90(photo, k) for k in range(4)]
    expected = {a.tobytes() for turn in turns for a in (turn, turn[:, ::-1])}
    seen = Counter(
        (patches[i] * 255).round().byte().permute(1, 2, 0).numpy().tobytes() for i in range(len(patches))
    )
    assert set(seen) == expected
    assert len(expected) == 8
    assert min(seen.values()) > 8  # 25 each on average


def test_window_sizes_are_chosen_with_equal_chance(samples: list[Sample]) -> None:
    patches = UndamagedPatches(samples[:1], size=8, window_sizes=(8, 28), patches_per_epoch=1000, stride=1)
    sizes = Counter(patches.choose(index)[1].height for index in range(1000))
    assert 420 < sizes[8] < 580  # although there are many times more small windows


def test_same_seed_same_patches_whatever_the_workers_and_the_cache(samples: list[Sample]) -> None:
    def patches(**settings: int) -> UndamagedPatches:
        return UndamagedPatches(samples, size=16, window_sizes=(16, 24), patches_per_epoch=12, **settings)

    reference = torch.stack([patches()[index] for index in range(12)])
    in_workers = torch.cat(list(DataLoader(patches(), batch_size=4, num_workers=1)))
    assert torch.equal(reference, in_workers)
    assert torch.equal(reference, torch.stack([patches(cache_bytes=0)[index] for index in range(12)]))
    assert not torch.equal(reference, torch.stack([patches(seed=1)[index] for index in range(12)]))


def test_epochs_differ_and_come_back_also_in_workers_that_live_on(samples: list[Sample]) -> None:
    patches = UndamagedPatches(samples, size=16, window_sizes=(16, 24), patches_per_epoch=8)
    loader = DataLoader(patches, batch_size=8, num_workers=1, persistent_workers=True)
    epochs = []
    for epoch in (0, 1, 0):
        patches.set_epoch(epoch)
        epochs.append(next(iter(loader)))
        assert torch.equal(epochs[-1], torch.stack([patches[index] for index in range(8)]))
    assert not torch.equal(epochs[0], epochs[1])
    assert torch.equal(epochs[0], epochs[2])


def test_validation_patches_stay_the_same(samples: list[Sample]) -> None:
    patches = UndamagedPatches(samples, size=16, window_sizes=(16, 24), augment=False)
    first = patches[2]
    patches.set_epoch(5)
    assert torch.equal(first, patches[2])
    assert len(patches) == 3


def test_dataset_survives_pickling(samples: list[Sample]) -> None:
    patches = UndamagedPatches(samples, size=16, window_sizes=(16,))
    assert torch.equal(pickle.loads(pickle.dumps(patches))[1], patches[1])


def test_index_out_of_range_ends_iteration(samples: list[Sample]) -> None:
    assert len(list(UndamagedPatches(samples, size=16, window_sizes=(16,)))) == 3


def test_photos_without_undamaged_window_are_left_out(samples: list[Sample], tmp_path: Path) -> None:
    save_image_atomically(tmp_path / "0_mask.png", np.full((60, 80), 255, np.uint8))
    patches = UndamagedPatches(samples, size=16, window_sizes=(16,), patches_per_epoch=40)
    assert patches.photo_count == 2
    assert {patches.choose(index)[0].name for index in range(40)} == {"1", "2"}


def test_no_undamaged_window_at_all(samples: list[Sample]) -> None:
    with pytest.raises(DataError, match="sizes 50, 60 in 3 photos with a margin of 7 pixels"):
        UndamagedPatches(samples, window_sizes=(50, 60), margin=7)
    with pytest.raises(DataError, match="in 0 photos"):
        UndamagedPatches([])


def test_mask_of_another_size(samples: list[Sample], tmp_path: Path) -> None:
    save_image_atomically(tmp_path / "0_mask.png", np.zeros((61, 80), np.uint8))
    with pytest.raises(DataError, match=r"0: mask .61, 80. and photo .60, 80. differ"):
        UndamagedPatches(samples, window_sizes=(16,))


def test_impossible_settings_are_reported_at_once(samples: list[Sample]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        UndamagedPatches(samples, size=0, window_sizes=(16, -1), stride=0, margin=-1, patches_per_epoch=0)
    for setting in (
        "size is 0",
        "smallest window size is -1",
        "stride is 0",
        "margin is -1",
        "patches per epoch is 0",
    ):
        assert setting in str(caught.value)


def test_split_is_by_photo_and_independent_of_order() -> None:
    samples = [Sample(f"{number:02}", Path(f"{number}.jpg")) for number in range(20)]
    training, validation = split_samples(samples, 0.25, seed=3)
    assert len(validation) == 5
    assert sorted(training + validation, key=lambda s: s.name) == samples
    assert split_samples(samples[::-1], 0.25, seed=3) == (training, validation)
    assert split_samples(samples, 0.25, seed=4) != (training, validation)


def test_split_keeps_a_photo_on_either_side() -> None:
    samples = [Sample(str(number), Path(f"{number}.jpg")) for number in range(2)]
    assert [len(part) for part in split_samples(samples, 0.01)] == [1, 1]
    assert [len(part) for part in split_samples(samples, 0.99)] == [1, 1]
    assert split_samples(samples, 0.0) == (samples, [])


def test_impossible_splits() -> None:
    with pytest.raises(DataError, match=r"share 1\.0"):
        split_samples([], 1.0)
    with pytest.raises(DataError, match="1 photo cannot be split"):
        split_samples([Sample("a", Path("a.jpg"))], 0.1)


@pytest.mark.parametrize(("transpose", "ways"), [(True, 8), (False, 4)])
def test_flips_are_the_same_for_all_pictures(transpose: bool, ways: int) -> None:
    image = np.arange(3 * 3 * 3, dtype=np.float32).reshape(3, 3, 3)
    seen = set()
    for seed in range(40):
        photo, mask = flip((image, image[..., 0]), np.random.default_rng(seed), transpose=transpose)
        assert np.array_equal(photo[..., 0], mask)
        seen.add(mask.tobytes())
    assert len(seen) == ways
