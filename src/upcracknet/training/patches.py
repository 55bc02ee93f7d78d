"""The patches that each method learns from, and the loaders that feed them to the Trainer.

Named datasets lie in the folder ``data_root``; None reads the environment variable UPCRACKNET_DATA.
"""

import hashlib
import os
import signal
from pathlib import Path
from typing import Any

import cv2
import pytorch_lightning as lightning
import torch
from torch.utils.data import DataLoader

from upcracknet.data.annotated import AnnotatedPatches
from upcracknet.data.backgrounds import Labels
from upcracknet.data.dataset import Sample
from upcracknet.data.painted import PaintedPatches
from upcracknet.data.patches import SeededPatches, UndamagedPatches, split_samples
from upcracknet.data.registry import open_dataset
from upcracknet.errors import DataError
from upcracknet.files import json_bytes
from upcracknet.training.configuration import (
    VALIDATION_SEED,
    Configuration,
    DataConfiguration,
    WindowsConfiguration,
)
from upcracknet.training.corrected import RIM, SURE, corrected_photos
from upcracknet.training.crack_remover_configuration import CrackRemoverConfiguration
from upcracknet.training.self_labelled import self_labelled_photos
from upcracknet.training.supervised import SupervisedConfiguration

LEAST_PATCHES = 300
"""Patches an epoch where the configuration names no number and there are fewer photos: the paper's number for
DeepCrack. A few photos hold many different windows."""


class PatchData(lightning.LightningDataModule):
    """Patches for training and validation.

    Args:
        configuration: batch size and workers.
        training: other patches each epoch.
        validation: the same patches each epoch.
        facts: what a run notes of the data; ``photos_sha256`` tells whether a run that goes on has the photos
            that it began with, for training and for validation.
    """

    def __init__(
        self,
        configuration: Configuration,
        training: SeededPatches[Any],
        validation: SeededPatches[Any],
        facts: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.configuration, self.training, self.validation = configuration, training, validation
        self.facts = facts or {}

    def train_dataloader(self) -> DataLoader[Any]:
        """Load patches of the current epoch; the Trainer asks again for each epoch, so each draws others."""
        if self.trainer is not None:
            self.training.set_epoch(self.trainer.current_epoch)
        share = len(self.training) // (1 if self.trainer is None else self.trainer.world_size)
        return self._loader(self.training, drop_last=share >= self.configuration.batch_size)

    def val_dataloader(self) -> DataLoader[Any]:
        """Load the same patches each epoch."""
        return self._loader(self.validation, drop_last=False)

    def _loader(self, patches: SeededPatches[Any], *, drop_last: bool) -> DataLoader[Any]:
        # No shuffling: each item is drawn at random by its own seed. The loader has its own source of random
        # numbers, as it draws some each time it starts, and a resumed run starts it once more.
        # The loader's workers are forked. A child of a process with OpenCV's threads would wait for ever for
        # threads that it does not have.
        cv2.setNumThreads(1)
        return DataLoader(
            patches,
            self.configuration.batch_size,
            num_workers=self.configuration.workers,
            drop_last=drop_last,
            generator=torch.Generator(),
            worker_init_fn=_serve,
        )


def _serve(_: int) -> None:
    """Let the steps go first, whose threads wait for each other, and leave Ctrl-C to the process that trains.

    A terminal gives Ctrl-C to all; where a worker ends by it first, the training fails in place of stopping.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(5)


def undamaged_patches(configuration: Configuration, data_root: Path | None = None) -> PatchData:
    """Draw undamaged patches for training and validation, from different photos.

    Raises:
        DataError: the photos are missing, or hold no undamaged window.
    """
    data, seed = configuration.data, configuration.seed
    assert isinstance(data, DataConfiguration)
    chosen, kept_apart = _split(data.photos, configuration, data_root)
    patches = data.patches_per_epoch or max(len(chosen), LEAST_PATCHES)
    training = _undamaged(chosen, data, patches_per_epoch=patches, seed=seed)
    patches = max(len(kept_apart), min(64, len(training)))
    validation = _undamaged(kept_apart, data, augment=False, patches_per_epoch=patches, seed=seed)
    return PatchData(configuration, training, validation, _checksum((chosen, kept_apart)))


def painted_patches(configuration: CrackRemoverConfiguration, data_root: Path | None = None) -> PatchData:
    """Paint cracks on undamaged patches for training and validation, of different photos.

    Raises:
        DataError: photos are missing, or hold no undamaged window, or there are no scores or corrections to
            learn from.
    """
    data, learned, corrections = configuration.data, configuration.self_training, configuration.corrections
    if not data.photos and not corrections.results:
        raise DataError("no photos to learn from; give --photos FOLDER, or --corrections RESULTS")
    parts = [_split(photos, configuration, data_root) for photos in data.photos]
    labels, kept_labels, facts = list[Labels](), list[Labels](), dict[str, Any]()
    if corrections.results:
        corrected = corrected_photos(corrections.results, data.validation_share, configuration.seed)
        labels.append(Labels(corrected.training, corrections.share, SURE, RIM))
        kept_labels.append(Labels(corrected.validation, corrections.share, SURE, RIM))
        facts = corrected.facts
    if learned.results:
        # As the results name them: without `..`, and symbolic links keep their names.
        apart = {
            os.path.abspath(sample.photo_path)  # noqa: PTH100
            for _, kept_apart in parts
            for sample in kept_apart
        }
        labels.append(Labels(self_labelled_photos(learned.results, apart), learned.share, learned.sure))
    training = PaintedPatches(
        [_undamaged(chosen, data, patches_per_epoch=1) for chosen, _ in parts],
        size=data.size,
        painting=configuration.painting,
        labels=labels,
        patches_per_epoch=data.patches_per_epoch,
        seed=configuration.seed,
    )
    validation = PaintedPatches(
        [_undamaged(kept_apart, data, patches_per_epoch=1) for _, kept_apart in parts],
        size=data.size,
        painting=configuration.painting,
        labels=kept_labels,
        augment=False,
        patches_per_epoch=data.validation_patches,
        seed=VALIDATION_SEED,
    )
    return PatchData(configuration, training, validation, facts | _checksum(*parts))


def annotated_patches(configuration: SupervisedConfiguration, data_root: Path | None = None) -> PatchData:
    """Draw patches of annotated photos for training and validation, from different photos.

    Raises:
        DataError: photos or masks are missing.
    """
    data = configuration.data
    chosen, kept_apart = _split(data.photos, configuration, data_root)
    number, seed = data.patches_per_epoch, configuration.seed
    training = AnnotatedPatches(
        chosen, size=data.size, scales=data.scales, patches_per_epoch=number, seed=seed
    )
    validation = AnnotatedPatches(kept_apart, size=data.size, augment=False)
    return PatchData(configuration, training, validation, _checksum((chosen, kept_apart)))


def _split(photos: str, run: Configuration, data_root: Path | None) -> tuple[list[Sample], list[Sample]]:
    """Photos for training, and others for validation."""
    samples = open_dataset(photos, data_root, run.data.split)
    return split_samples(samples, run.data.validation_share, run.seed)


def _checksum(*splits: tuple[list[Sample], list[Sample]]) -> dict[str, str]:
    """Checksum of the names of the photos for training, and of those for validation."""
    names = [[[sample.name for sample in part] for part in split] for split in splits]
    return {"photos_sha256": hashlib.sha256(json_bytes(names)).hexdigest()}


def _undamaged(samples: list[Sample], data: WindowsConfiguration, **more: Any) -> UndamagedPatches:
    return UndamagedPatches(
        samples, size=data.size, window_sizes=data.window_sizes, margin=data.margin, **more
    )
