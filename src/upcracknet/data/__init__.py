"""Road photos, crack masks and undamaged patches (paper, Section IV-A)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_FILES = {
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


def __getattr__(name: str) -> Any:
    # Loading torch takes a second: what reads photos alone need not wait for it.
    if name in _FILES:
        return getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
