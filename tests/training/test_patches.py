from types import SimpleNamespace

import numpy as np
import pytest
import torch

from upcracknet.data.photo import load_photo
from upcracknet.errors import DataError
from upcracknet.training.patches import undamaged_patch_data


def batches(loader) -> torch.Tensor:
    return torch.stack(list(loader))


def test_a_batch_is_what_the_networks_take(configure):
    data = undamaged_patch_data(configure())
    drawn = batches(data.train_dataloader())
    assert drawn.shape == (2, 2, 3, 64, 64)
    assert drawn.dtype == torch.float32
    assert 0 <= drawn.min() < drawn.max() <= 1


def test_training_and_validation_use_different_photos(configure, crack_free):
    data = undamaged_patch_data(configure(data__patches_per_epoch="50", data__window_sizes="[64]"))
    used = [
        {part.choose(index)[0].name for index in range(len(part))}
        for part in (data.training, data.validation)
    ]
    assert (len(used[0]), len(used[1])) == (4, 2)
    assert used[0] | used[1] == {path.stem for path in crack_free.iterdir()}


def test_patches_are_cut_from_the_photos(configure, crack_free):
    data = undamaged_patch_data(configure(data__window_sizes="[64]"))
    sample, window = data.validation.choose(0)
    expected = load_photo(sample.photo_path)[window.top : window.top + 64, window.left : window.left + 64]
    patch = next(iter(data.val_dataloader()))[0]
    np.testing.assert_array_equal((patch * 255).round().permute(1, 2, 0).numpy(), expected)


def test_each_epoch_draws_other_patches_and_the_same_again(configure):
    epochs = []
    for epoch in (0, 1, 1):
        data = undamaged_patch_data(configure())
        data.trainer = SimpleNamespace(current_epoch=epoch, world_size=1)
        epochs.append((batches(data.train_dataloader()), batches(data.val_dataloader())))
    assert not torch.equal(epochs[0][0], epochs[1][0])
    assert torch.equal(epochs[1][0], epochs[2][0])
    assert torch.equal(epochs[0][1], epochs[1][1]), "validation never changes"


def test_loading_draws_nothing_from_the_random_state_of_dropout(configure):
    data = undamaged_patch_data(configure())
    before = torch.get_rng_state()
    batches(data.train_dataloader())
    batches(data.val_dataloader())
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("patches", "batch", "processes", "expected"),
    [
        (5, 2, 1, 2),  # the incomplete third batch would have statistics of its own
        (5, 8, 1, 1),  # better a small batch than none
        (10, 8, 2, 2),  # a process has five of them: dropping the incomplete batch would leave none
    ],
)
def test_incomplete_batches(configure, patches, batch, processes, expected):
    configuration = configure(data__patches_per_epoch=str(patches), batch_size=str(batch))
    data = undamaged_patch_data(configuration)
    data.trainer = SimpleNamespace(current_epoch=0, world_size=processes)
    assert len(data.train_dataloader()) == expected


def test_windows_that_do_not_fit(configure):
    with pytest.raises(DataError, match="no undamaged window of sizes 512"):
        undamaged_patch_data(configure(data__window_sizes="[512]"))


def test_a_folder_that_is_not_there(configure, tmp_path):
    with pytest.raises(DataError, match=r"neither a dataset .* nor a folder"):
        undamaged_patch_data(configure(data__photos=str(tmp_path / "none")))


def test_a_few_photos_give_as_many_patches_as_the_paper_takes_from_deepcrack(configure):
    data = undamaged_patch_data(configure(data__patches_per_epoch="null"))
    assert data.training.photo_count == 4
    assert len(data.training) == 300
