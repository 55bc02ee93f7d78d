"""Crack500: 1,896, 348 and 1,124 crops of 2000×1500 photos (Yang et al., T-ITS 2020; paper, Section IV-A)."""

from pathlib import Path

from upcracknet.data.dataset import CrackDataset, Places, PublishedDataset, pair_masks, sorted_photos


def _read(places: Places, split: str) -> CrackDataset:
    """Open one of the layouts in use.

    - published crops: ``traincrop``, ``valcrop`` and ``testcrop``, each with ``*.jpg`` and, of the same name,
      ``*.png`` or ``*_mask.png`` (each archive may have been unpacked into a folder of its own name);
    - published whole photos: ``traindata``, ``valdata`` and ``testdata``, the same way;
    - whole photos shrunk to 640×360: ``train_img`` with ``train_lab``, and the same for ``test``; a third
      party's subset and not the paper's crops: say so in every table. Its name here is ``crack500-640x360``.
    """
    for part, name in ((f"{split}crop", "crack500"), (f"{split}data", "crack500-whole")):
        folder = places.holding(part)
        if folder is not None:
            inner = folder / part / part
            photos = sorted_photos(inner if inner.is_dir() else folder / part)
            return CrackDataset(name, split, folder, pair_masks(photos, _mask_beside, "Crack500"))
    folder = places.holding(f"{split}_img", f"{split}_lab")
    if folder is None:
        raise CRACK500.missing(places.root, f"{split}crop, {split}data, or {split}_img and {split}_lab")
    photos = sorted_photos(folder / f"{split}_img")
    samples = pair_masks(photos, lambda photo: folder / f"{split}_lab" / f"{photo.stem}.png", "Crack500")
    return CrackDataset("crack500-640x360", split, folder, samples)


def _mask_beside(photo: Path) -> Path:
    marked = photo.with_name(f"{photo.stem}_mask.png")
    return marked if marked.is_file() else photo.with_suffix(".png")


CRACK500 = PublishedDataset(
    name="crack500",
    title="Crack500",
    splits=("train", "val", "test"),
    folder_names=("Crack500",),
    needed=("traincrop", "valcrop", "testcrop"),
    page="https://github.com/fyangneil/pavement-crack-detection",
    terms="cite Zhang et al., ICIP 2016, and Yang et al., 'Feature pyramid and hierarchical boosting "
    "network for pavement crack detection', IEEE T-ITS 21 (2020)",
    read=_read,
    differences={
        "crack500": "",
        "crack500-640x360": "The paper's Crack500 rows are of 1,124 crops at full scale; these are whole "
        "photos, shrunk.",
    },
)
