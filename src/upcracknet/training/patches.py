"""Feeds undamaged patches to the Trainer."""

from pathlib import Path

import pytorch_lightning as lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from upcracknet.data.dataset import open_dataset
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.training.configuration import TrainingConfiguration

LEAST_PATCHES = 300
"""Patches an epoch where the configuration names no number and there are fewer photos: the paper's number for
DeepCrack. A few photos hold many different windows."""


class UndamagedPatchData(lightning.LightningDataModule):
    """Undamaged patches for training and validation, from different photos.

    Args:
        configuration: data, batch size, workers and seed.
        data_root: folder of the named datasets; None reads the environment variable UPCRACKNET_DATA.

    Raises:
        DataError: the photos are missing, or hold no undamaged window.
    """

    def __init__(self, configuration: TrainingConfiguration, data_root: Path | None = None) -> None:
        super().__init__()
        self.configuration = configuration
        data = configuration.data
        samples = open_dataset(data.photos, data_root, data.split)
        training, validation = split_samples(samples, data.validation_share, configuration.seed)
        shared = {"size": data.size, "window_sizes": data.window_sizes, "margin": data.margin}
        self.training = UndamagedPatches(
            training,
            **shared,  # type: ignore[arg-type]
            patches_per_epoch=data.patches_per_epoch or max(len(training), LEAST_PATCHES),
            seed=configuration.seed,
        )
        self.validation = UndamagedPatches(
            validation,
            **shared,  # type: ignore[arg-type]
            augment=False,
            patches_per_epoch=max(len(validation), min(64, len(self.training))),
            seed=configuration.seed,
        )

    def train_dataloader(self) -> DataLoader[Tensor]:
        """Patches of the current epoch; the Trainer asks anew for each epoch, so each draws other windows."""
        if self.trainer is not None:
            self.training.set_epoch(self.trainer.current_epoch)
        share = len(self.training) // (1 if self.trainer is None else self.trainer.world_size)
        return self._loader(self.training, drop_last=share >= self.configuration.batch_size)

    def val_dataloader(self) -> DataLoader[Tensor]:
        """The same patches each epoch."""
        return self._loader(self.validation, drop_last=False)

    def _loader(self, patches: UndamagedPatches, *, drop_last: bool) -> DataLoader[Tensor]:
        # No shuffling: each item is drawn at random by its own seed. The loader has its own source of random
        # numbers, as it draws some each time it starts, and a resumed run starts it once more.
        return DataLoader(
            patches,
            self.configuration.batch_size,
            num_workers=self.configuration.workers,
            drop_last=drop_last,
            generator=torch.Generator(),
        )
