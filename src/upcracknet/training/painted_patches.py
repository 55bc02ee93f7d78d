"""Cracked patches for the training of a crack remover."""

from pathlib import Path

from upcracknet.data.dataset import Sample, open_dataset
from upcracknet.data.painted import PaintedPatches, SelfLabels
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.data.self_labelled import open_results
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration, RoadConfiguration
from upcracknet.training.patch_data import PatchData

VALIDATION_SEED = 20240428  # the cracks of validation are the same in each epoch and run


def painted_patch_data(configuration: CrackRemoverConfiguration, data_root: Path | None = None) -> PatchData:
    """Cracked patches for training and validation, painted on different photos.

    Args:
        configuration: road, painting, self-training, batch size, workers and seed.
        data_root: folder of the named datasets; None reads the environment variable UPCRACKNET_DATA.

    Raises:
        DataError: photos are missing, or hold no undamaged window, or there are no scores to learn from.
    """
    data, learned = configuration.data, configuration.self_training
    parts = [
        split_samples(open_dataset(photos, data_root, data.split), data.validation_share, configuration.seed)
        for photos in data.photos
    ]
    labels = None
    if learned.results:
        labels = SelfLabels(open_results(learned.results), learned.share, learned.sure)
    training = PaintedPatches(
        [_undamaged(chosen, data) for chosen, _ in parts],
        size=data.size,
        painting=configuration.painting,
        self_labels=labels,
        patches_per_epoch=data.patches_per_epoch,
        seed=configuration.seed,
    )
    validation = PaintedPatches(
        [_undamaged(kept_apart, data) for _, kept_apart in parts],
        size=data.size,
        painting=configuration.painting,
        augment=False,
        patches_per_epoch=data.validation_patches,
        seed=VALIDATION_SEED,
    )
    return PatchData(configuration, training, validation)


def _undamaged(samples: list[Sample], data: RoadConfiguration) -> UndamagedPatches:
    return UndamagedPatches(
        samples, size=data.size, window_sizes=data.window_sizes, margin=data.margin, patches_per_epoch=1
    )
