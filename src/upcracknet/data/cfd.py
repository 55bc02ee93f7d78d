"""CFD (CrackForest): 118 annotated photos of 480×320 pixels (Shi et al., T-ITS 2016; paper, IV-A)."""

from pathlib import Path

import numpy as np
import scipy.io
from jaxtyping import Bool

from upcracknet.data.dataset import CrackDataset, find_layout, first_few, pair_masks
from upcracknet.errors import DataError, PhotoError

CRACK_LABEL = 2
"""In the annotations 1 is road, 2 is crack; 3 and 4 are pieces of road cut off by cracks."""


def open_cfd(root: Path, split: str = "test") -> CrackDataset:
    """Opens the official layout: ``image/*.jpg`` with ``groundTruth/*.mat``.

    The dataset has no official parts and the paper only tests on it, so ``test`` is all annotated photos.
    Photos without annotation (the official archive has 37) are left out.

    Args:
        root: the dataset's folder, or the folder that holds it as ``CFD`` or ``CrackForest-dataset``.
        split: ``test``.

    Raises:
        DataError: another split, or the layout is not as published, or sizes differ.
        PhotoError: an annotation cannot be read.
    """
    if split != "test":
        raise DataError(f"CFD has no split '{split}', expected 'test' (all annotated photos)")
    folder = find_layout(root, "cfd", ("image", "groundTruth"))
    if folder is None:
        raise DataError(
            f"no CFD in {root}: expected image and groundTruth there or in its folder CFD; "
            "fetch it with 'upcracknet data download cfd'"
        )
    annotations = sorted((folder / "groundTruth").glob("[!.]*.mat"))
    photos = [folder / "image" / f"{annotation.stem}.jpg" for annotation in annotations]
    missing = [str(photo) for photo in photos if not photo.is_file()]
    if missing:
        raise DataError(f"CFD: {len(missing)} annotated photos are missing: {first_few(missing)}")
    return CrackDataset(
        "cfd", split, folder, pair_masks(photos, lambda p: folder / "groundTruth" / f"{p.stem}.mat", "CFD")
    )


def load_segmentation(path: Path) -> Bool[np.ndarray, "h w"]:
    """Loads the cracks of an annotation file: ``groundTruth[0, 0]['Segmentation'] == 2``.

    Raises:
        PhotoError: the file is missing, damaged, or not an annotation of this dataset.
    """
    try:
        labels = scipy.io.loadmat(str(path))["groundTruth"][0, 0]["Segmentation"]
    except FileNotFoundError as error:
        raise PhotoError(f"{path}: no such file") from error
    except Exception as error:  # scipy raises many kinds, whatever the damaged bytes lead it to
        raise PhotoError(
            f"{path}: not a CFD annotation ({type(error).__name__}); fetch the dataset again"
        ) from error
    if labels.ndim != 2:
        raise PhotoError(f"{path}: shape {labels.shape}, expected (height, width); fetch the dataset again")
    return np.asarray(labels == CRACK_LABEL)
