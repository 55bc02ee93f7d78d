"""Feeds cracked patches to the Trainer."""

from pathlib import Path

import cv2
import pytorch_lightning as lightning
import torch
from torch.utils.data import DataLoader

from upcracknet.data.cracked import CrackedPatch, CrackedPatches, SelfLabels
from upcracknet.data.dataset import Sample, open_dataset
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.data.self_labelled import open_results
from upcracknet.training.crack_removal_configuration import CrackRemovalConfiguration

VALIDATION_SEED = 20240428  # the cracks of validation are the same in each epoch and run


class CrackedPatchData(lightning.LightningDataModule):
    """Cracked patches for training and validation, painted on different photos.

    Args:
        configuration: road, painting, self-training, batch size, workers and seed.
        data_root: folder of the named datasets; None reads the environment variable UPCRACKNET_DATA.

    Raises:
        DataError: photos are missing, or hold no undamaged window, or there are no scores to learn from.
    """

    def __init__(self, configuration: CrackRemovalConfiguration, data_root: Path | None = None) -> None:
        super().__init__()
        self.configuration = configuration
        data, learned = configuration.data, configuration.self_training
        training, validation = [], []
        for photos in data.photos:
            parts = split_samples(
                open_dataset(photos, data_root, data.split), data.validation_share, configuration.seed
            )
            training.append(self._undamaged(parts[0]))
            validation.append(self._undamaged(parts[1]))
        self.photo_count = sum(patches.photo_count for patches in training)
        labels = None
        if learned.results:
            labels = SelfLabels(open_results(learned.results), learned.share, learned.sure)
        shared = {"size": data.size, "painting": configuration.painting}
        self.training = CrackedPatches(
            training,
            **shared,  # type: ignore[arg-type]
            self_labels=labels,
            patches_per_epoch=data.patches_per_epoch,
            seed=configuration.seed,
        )
        self.validation = CrackedPatches(
            validation,
            **shared,  # type: ignore[arg-type]
            augment=False,
            patches_per_epoch=data.validation_patches,
            seed=VALIDATION_SEED,
        )

    def _undamaged(self, samples: list[Sample]) -> UndamagedPatches:
        data = self.configuration.data
        return UndamagedPatches(
            samples, size=data.size, window_sizes=data.window_sizes, margin=data.margin, patches_per_epoch=1
        )

    def train_dataloader(self) -> DataLoader[CrackedPatch]:
        """Patches of the current epoch; the Trainer asks anew for each epoch, so each draws others."""
        if self.trainer is not None:
            self.training.set_epoch(self.trainer.current_epoch)
        share = len(self.training) // (1 if self.trainer is None else self.trainer.world_size)
        return self._loader(self.training, drop_last=share >= self.configuration.batch_size)

    def val_dataloader(self) -> DataLoader[CrackedPatch]:
        """The same patches each epoch."""
        return self._loader(self.validation, drop_last=False)

    def _loader(self, patches: CrackedPatches, *, drop_last: bool) -> DataLoader[CrackedPatch]:
        # No shuffling: each item is drawn at random by its own seed. The loader has its own source of random
        # numbers, as it draws some each time it starts, and a resumed run starts it once more.
        return DataLoader(
            patches,
            self.configuration.batch_size,
            num_workers=self.configuration.workers,
            drop_last=drop_last,
            generator=torch.Generator(),
            worker_init_fn=_one_thread,
        )


def _one_thread(_: int) -> None:
    """A worker that took all cores would slow the training beside it."""
    cv2.setNumThreads(1)
