"""Feeds seeded patches of any kind to the Trainer."""

from typing import Any

import cv2
import pytorch_lightning as lightning
import torch
from torch.utils.data import DataLoader

from upcracknet.data.patches import SeededPatches
from upcracknet.training.configuration import Configuration


class PatchData(lightning.LightningDataModule):
    """Patches for training and validation.

    Args:
        configuration: batch size and workers.
        training: other patches each epoch.
        validation: the same patches each epoch.
    """

    def __init__(
        self,
        configuration: Configuration,
        training: SeededPatches[Any],
        validation: SeededPatches[Any],
    ) -> None:
        super().__init__()
        self.configuration, self.training, self.validation = configuration, training, validation

    def train_dataloader(self) -> DataLoader[Any]:
        """Patches of the current epoch; the Trainer asks anew for each epoch, so each draws others."""
        if self.trainer is not None:
            self.training.set_epoch(self.trainer.current_epoch)
        share = len(self.training) // (1 if self.trainer is None else self.trainer.world_size)
        return self._loader(self.training, drop_last=share >= self.configuration.batch_size)

    def val_dataloader(self) -> DataLoader[Any]:
        """The same patches each epoch."""
        return self._loader(self.validation, drop_last=False)

    def _loader(self, patches: SeededPatches[Any], *, drop_last: bool) -> DataLoader[Any]:
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
