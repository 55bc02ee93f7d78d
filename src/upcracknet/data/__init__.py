"""Road photos, crack masks and undamaged patches (paper, Section IV-A)."""

from typing import TYPE_CHECKING

from upcracknet.on_demand import on_demand

if TYPE_CHECKING:
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

_MODULES = {
    "CrackDataset": "dataset",
    "Listing": "listing",
    "Sample": "dataset",
    "UndamagedPatches": "patches",
    "Window": "undamaged",
    "list_photos": "listing",
    "load_mask": "photo",
    "load_photo": "photo",
    "open_dataset": "registry",
    "save_image_atomically": "photo",
    "split_samples": "patches",
}

# What reads photos alone need not wait for torch.
__getattr__, __dir__ = on_demand(__name__, _MODULES, __all__)
