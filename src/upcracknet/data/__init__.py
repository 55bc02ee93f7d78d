"""Road photos, crack masks and undamaged patches (paper, Section IV-A)."""

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.listing import Listing, list_photos
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.data.photo import load_mask, load_photo, save_image_atomically
from upcracknet.data.registry import open_dataset
from upcracknet.data.undamaged import Window

__all__ = [
    "CrackDataset",
    "Listing",
    "Sample",
    "UndamagedPatches",
    "Window",
    "list_photos",
    "load_mask",
    "load_photo",
    "open_dataset",
    "save_image_atomically",
    "split_samples",
]
