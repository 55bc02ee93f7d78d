"""Road photos, crack masks and undamaged patches (paper, section IV-A)."""

from upcracknet.data.dataset import CrackDataset, Sample, open_dataset
from upcracknet.data.patches import UndamagedPatches, split_samples
from upcracknet.data.photo import list_photos, load_mask, load_photo, save_image_atomically
from upcracknet.data.undamaged import Window, find_undamaged_windows

__all__ = [
    "CrackDataset",
    "Sample",
    "UndamagedPatches",
    "Window",
    "find_undamaged_windows",
    "list_photos",
    "load_mask",
    "load_photo",
    "open_dataset",
    "save_image_atomically",
    "split_samples",
]
