import pytest
import torch

from upcracknet.errors import DataError
from upcracknet.training.configuration import load_configuration
from upcracknet.training.painted_patches import painted_patch_data


@pytest.fixture
def configure(crack_free):
    def configure(**overrides: str):
        tiny = {
            "method": "crack-remover",
            "data.photos": f"[{crack_free}, {crack_free}]",
            "data.size": "32",
            "data.window_sizes": "[32, 64]",
            "data.validation_share": "0.34",
            "data.patches_per_epoch": "5",
            "data.validation_patches": "3",
            "painting.synthetic": "0",
            "widths": "[4, 6, 8]",
            "batch_size": "2",
            "workers": "0",
        }
        return load_configuration(
            None, tiny | {key.replace("__", "."): text for key, text in overrides.items()}
        )

    return configure


def test_training_and_validation_come_from_different_photos_of_all_datasets(configure):
    data = painted_patch_data(configure())
    assert data.training.photo_count == 8
    assert len(data.training.undamaged) == len(data.validation.undamaged) == 2
    for training, validation in zip(data.training.undamaged, data.validation.undamaged, strict=True):
        names = [{mined.sample.name for mined in part._mined} for part in (training, validation)]
        assert not names[0] & names[1]


def test_batches_are_tuples_of_tensors(configure):
    batches = list(painted_patch_data(configure()).train_dataloader())
    assert len(batches) == 2  # the fifth patch has no partner
    assert batches[0].photo.shape == (2, 3, 32, 32)
    assert batches[0].has_road.shape == (2,)


def test_validation_does_not_depend_on_the_seed_of_the_run_but_for_its_photos(configure):
    one, two = (painted_patch_data(configure(seed=str(seed))).validation for seed in (3, 3))
    assert torch.equal(one[2].photo, two[2].photo)
    assert one.seed == painted_patch_data(configure(seed="4")).validation.seed


def test_scores_that_are_not_there(configure, tmp_path):
    with pytest.raises(DataError, match=r"no summary\.json"):
        painted_patch_data(configure(self_training__results=f"[{tmp_path}]"))
