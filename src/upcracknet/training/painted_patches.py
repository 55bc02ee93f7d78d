"""Cracked patches for the training of a crack remover."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from upcracknet.data.dataset import Sample
from upcracknet.data.painted import PaintedPatches, SelfLabels
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.data.photo import load_photo
from upcracknet.data.registry import open_dataset
from upcracknet.data.self_labelled import SelfLabelledPhoto
from upcracknet.errors import DataError
from upcracknet.results import read_results
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
        labels = SelfLabels(read_self_labels(learned.results), learned.share, learned.sure)
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


def read_self_labels(folders: Sequence[str | Path]) -> list[SelfLabelledPhoto]:
    """Read the photos and scores of result folders, written by ``upcracknet detect --scores png``.

    Raises:
        DataError: a folder holds no results, no scores, or a score of another size than its photo.
        PhotoError: a photo cannot be read any more.
    """
    found = []
    for results in map(read_results, folders):
        done = [record for record in results.records() if record.status == "done"]
        if not done:
            raise DataError(f"{results.path}: no photo is done; look at its photos.csv")
        for record in done:
            if not (record.score or "").endswith(".png"):
                raise DataError(
                    f"{results.path}: has no scores; run `upcracknet detect` again with --scores png"
                )
            score = cv2.imread(str(results.file(str(record.score))), cv2.IMREAD_UNCHANGED)
            photo = load_photo(results.photo(record))
            if score is None or score.shape != photo.shape[:2]:
                raise DataError(
                    f"{results.path / str(record.score)}: missing, or not of the size of {record.photo}; run "
                    "`upcracknet detect` again with --overwrite"
                )
            found.append(SelfLabelledPhoto(photo, np.rint(score.astype(np.float32) / 257).astype(np.uint8)))
    return found
