"""Crack500: 1,896, 348 and 1,124 crops of 2000×1500 photos (Yang et al., T-ITS 2020; paper, IV-A)."""

from pathlib import Path

from upcracknet.data.dataset import CrackDataset, find_layout, pair_masks, sorted_photos
from upcracknet.errors import DataError

SPLITS = ("train", "val", "test")


def open_crack500(root: Path, split: str = "test") -> CrackDataset:
    """Opens one of the layouts in use.

    - published crops: ``traincrop``, ``valcrop`` and ``testcrop``, each with ``*.jpg`` and, of the same name,
      ``*.png`` or ``*_mask.png`` (each archive may have been unpacked into a folder of its own name);
    - published whole photos: ``traindata``, ``valdata`` and ``testdata``, the same way;
    - whole photos shrunk to 640×360: ``train_img`` with ``train_lab``, and the same for ``test``; a third
      party's subset and not the paper's crops: say so in every table. Its name here is ``crack500-640x360``.

    Args:
        root: the dataset's folder, or the folder that holds ``Crack500``.
        split: ``train``, ``val`` (published layouts only) or ``test``.

    Raises:
        DataError: another split, or none of the layouts is found, or masks are missing or of other sizes.
    """
    if split not in SPLITS:
        raise DataError(f"Crack500 has no split '{split}', expected one of {', '.join(SPLITS)}")
    for part, name in ((f"{split}crop", "crack500"), (f"{split}data", "crack500-whole")):
        folder = find_layout(root, "crack500", (part,))
        if folder is not None:
            inner = folder / part / part
            photos = sorted_photos(inner if inner.is_dir() else folder / part)
            return CrackDataset(name, split, folder, pair_masks(photos, _mask_beside, "Crack500"))
    folder = find_layout(root, "crack500", (f"{split}_img", f"{split}_lab"))
    if folder is None:
        raise DataError(
            f"no Crack500 with the split '{split}' in {root}: expected {split}crop, {split}data, "
            f"or {split}_img and {split}_lab, there or in its folder Crack500; "
            "'upcracknet data download crack500' says where to get it"
        )
    masks = folder / f"{split}_lab"
    photos = sorted_photos(folder / f"{split}_img")
    samples = pair_masks(photos, lambda p: masks / f"{p.stem}.png", "Crack500")
    return CrackDataset("crack500-640x360", split, folder, samples)


def _mask_beside(photo: Path) -> Path:
    marked = photo.with_name(f"{photo.stem}_mask.png")
    return marked if marked.is_file() else photo.with_suffix(".png")
