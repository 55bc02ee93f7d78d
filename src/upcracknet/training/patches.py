"""Undamaged patches for the training of a restorer."""

from pathlib import Path

from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.data.registry import open_dataset
from upcracknet.training.configuration import TrainingConfiguration
from upcracknet.training.inpainting_configuration import RIADConfiguration, SCADNConfiguration
from upcracknet.training.patch_data import PatchData

LEAST_PATCHES = 300
"""Patches an epoch where the configuration names no number and there are fewer photos: the paper's number for
DeepCrack. A few photos hold many different windows."""


def undamaged_patch_data(
    configuration: TrainingConfiguration | RIADConfiguration | SCADNConfiguration,
    data_root: Path | None = None,
) -> PatchData:
    """Undamaged patches for training and validation, from different photos.

    Args:
        configuration: data, batch size, workers and seed.
        data_root: folder of the named datasets; None reads the environment variable UPCRACKNET_DATA.

    Raises:
        DataError: the photos are missing, or hold no undamaged window.
    """
    data = configuration.data
    samples = open_dataset(data.photos, data_root, data.split)
    chosen, kept_apart = split_samples(samples, data.validation_share, configuration.seed)
    shared = {"size": data.size, "window_sizes": data.window_sizes, "margin": data.margin}
    training = UndamagedPatches(
        chosen,
        **shared,  # type: ignore[arg-type]
        patches_per_epoch=data.patches_per_epoch or max(len(chosen), LEAST_PATCHES),
        seed=configuration.seed,
    )
    validation = UndamagedPatches(
        kept_apart,
        **shared,  # type: ignore[arg-type]
        augment=False,
        patches_per_epoch=max(len(kept_apart), min(64, len(training))),
        seed=configuration.seed,
    )
    return PatchData(configuration, training, validation)
