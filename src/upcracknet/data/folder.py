"""A plain folder of photos, with or without masks: a user's own data."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from upcracknet.data.dataset import CrackDataset, Sample, first_few, require_equal_sizes
from upcracknet.data.image_file import PHOTO_SUFFIXES
from upcracknet.data.listing import photos_in
from upcracknet.errors import DataError
from upcracknet.files import one_line

PHOTO_FOLDERS = ("images", "photos", "image", "img")
MASK_FOLDERS = ("masks", "mask", "labels", "label", "lab", "groundtruth", "ground_truth", "gt", "annotations")
MASK_ENDINGS = ("_mask", "_lab", "_label", "_gt")
SPLIT_FOLDERS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})


class _Places(NamedTuple):
    """The folder of a split, where its photos are, and where their masks, if they lie apart."""

    base: Path
    photos: Path
    masks: Path | None


def open_folder(folder: Path, split: str = "test") -> CrackDataset:
    """Open a folder of photos, and of their masks where there are some.

    The rules, in this order; names of folders may have any case:

    1. Where the folder has a folder named as the split (``train``, ``val``, ``test``), that one is opened.
    2. The photos are those in ``images``, ``photos``, ``image`` or ``img``, else those in the folder itself;
       deeper folders count too. Where that folder has folders named as splits (``images/train``), the one
       asked for is opened, with ``masks/train``. ``train_images`` with ``train_masks`` are the same.
    3. The mask of ``road/a.jpg`` is ``road/a.*``, else ``road/a_mask.*``, ``road/a_lab.*``,
       ``road/a_label.*``, ``road/a_gt.*`` or, as ``upcracknet detect`` names its masks, ``road/a.jpg.*``, in
       ``masks``, ``mask``, ``labels``, ``label``, ``lab``, ``groundtruth``, ``ground_truth``, ``gt`` or
       ``annotations``; or beside the photo with one of these endings; or beside a photo that is not a PNG
       ``a.png``.
    4. Either all photos have masks or none has: photos without masks count as undamaged in training, so a
       forgotten mask would teach cracks as road. For the same reason, files in a folder for masks that belong
       to no photo are refused, and so are folders of other splits where the one asked for is missing.

    Args:
        folder: the folder.
        split: what to call this data; chooses a folder where there is one.

    Raises:
        DataError: there are no photos, some masks are missing or belong to no photo, sizes differ, there are
            other splits alone, or a folder cannot be searched.
        PhotoError: a file cannot be read.
    """
    places = _places(folder, split)
    samples = _samples(folder, places)
    missing = [sample.name for sample in samples if sample.mask_path is None]
    if missing and (places.masks is not None or len(missing) < len(samples)):
        raise DataError(
            f"{places.base}: {len(missing)} of {len(samples)} photos have no mask: {first_few(missing)}; "
            "add them (all black for undamaged road) or move these photos to a folder without masks"
        )
    require_equal_sizes(samples, str(places.base))
    left_out = photos_in(places.photos).note()
    return CrackDataset(folder.resolve().name, split, places.base, samples, left_out)


def folder_samples(folder: Path, split: str = "test") -> tuple[Sample, ...]:
    """List a folder's photos and such masks as there are, by the rules of :func:`open_folder` but the last.

    Raises:
        DataError: there are no photos, what is named as a mask belongs to none, there are other splits alone,
            or a folder cannot be searched.
    """
    return _samples(folder, _places(folder, split))


def _places(folder: Path, split: str) -> _Places:
    base = _part(folder, split) or folder
    photos = _first_folder(base, PHOTO_FOLDERS)
    if photos is None:
        photos = _first_folder(base, [f"{split}_{name}" for name in PHOTO_FOLDERS])
        if photos is not None:
            return _Places(base, photos, _first_folder(base, [f"{split}_{name}" for name in MASK_FOLDERS]))
    masks, part = _first_folder(base, MASK_FOLDERS), None if photos is None else _part(photos, split)
    if part is not None and masks is not None:
        masks = _part(masks, split) or masks
    return _Places(base, part or photos or base, masks)


def _part(folder: Path, split: str) -> Path | None:
    """The folder of a split; none where there are no splits."""
    folders = _folders_by_name(folder)
    if split.lower() in folders:
        return folders[split.lower()]
    if others := sorted(SPLIT_FOLDERS & folders.keys()):
        raise DataError(
            f"{folder}: has the folders {', '.join(others)} and no folder {split}; choose one of them as the "
            "split (evaluate --split NAME, train data.split=NAME), or move them where they are no splits"
        )
    return None


def _samples(folder: Path, places: _Places) -> tuple[Sample, ...]:
    _, photo_folder, mask_folder = places
    files = [file for file in photos_in(photo_folder).photos if mask_folder not in file.parents]
    beside = _by_name(files, photo_folder)
    apart = _by_name(photos_in(mask_folder).photos, mask_folder) if mask_folder else {}
    # A photo whose own mask lies apart is no mask of a photo of its name.
    photos = [
        file
        for file in files
        if file.relative_to(photo_folder).as_posix() in apart or not _is_mask(file, beside, photo_folder)
    ]
    if not photos:
        raise DataError(f"no photos in {folder}: expected files of {' '.join(sorted(PHOTO_SUFFIXES))}")
    names = [photo.relative_to(photo_folder) for photo in photos]
    bare = [name.with_suffix("").as_posix() for name in names]
    count, photos_there = Counter(bare), set(photos)
    samples = []
    for photo, name, stem in zip(photos, names, bare, strict=True):
        if mask_folder:
            masks = [apart.get(stem + ending, []) for ending in ("", *MASK_ENDINGS, photo.suffix)]
        else:
            masks = [beside.get(stem + ending, []) for ending in MASK_ENDINGS]
        masks.append(
            [
                file
                for file in beside[stem]
                if photo.suffix.lower() != ".png" == file.suffix.lower() and file not in photos_there
            ]
        )
        found = [mask for files_of_name in masks for mask in files_of_name]
        # Two photos of one stem keep their suffixes as names.
        label = stem if count[stem] == 1 else name.as_posix()
        samples.append(Sample(label, photo, found[0] if found else None))
    alone = [
        sample.photo_path
        for sample, name in zip(samples, names, strict=True)
        if sample.mask_path is None and any(map(_is_for_masks, name.parts[:-1]))
    ]
    if alone:
        raise DataError(
            f"{folder}: {len(alone)} files lie in a folder for masks and belong to no photo: "
            f"{first_few([str(path) for path in alone])}; put photos in images/ and masks of the same "
            "names in masks/, give the name of the published data set, or rename a folder of photos"
        )
    return tuple(samples)


def _is_for_masks(folder: str) -> bool:
    return f"_{folder.lower()}".endswith(tuple(f"_{name}" for name in MASK_FOLDERS))


def _by_name(files: Iterable[Path], folder: Path) -> dict[str, list[Path]]:
    """Files by their paths in a folder, without suffixes."""
    by_name: dict[str, list[Path]] = {}
    for file in files:
        by_name.setdefault(file.relative_to(folder).with_suffix("").as_posix(), []).append(file)
    return by_name


def _is_mask(file: Path, beside: dict[str, list[Path]], folder: Path) -> bool:
    """Whether this file beside photos is the mask of one of them."""
    name = file.relative_to(folder).with_suffix("").as_posix()
    if file.suffix.lower() == ".png" and len(beside[name]) > 1:
        return True
    return any(name.endswith(ending) and name.removesuffix(ending) in beside for ending in MASK_ENDINGS)


def _first_folder(base: Path, names: Iterable[str]) -> Path | None:
    folders = _folders_by_name(base)
    return next((folders[name] for name in names if name in folders), None)


def _folders_by_name(base: Path) -> dict[str, Path]:
    """The folders in a folder by their names in lower case."""
    try:
        return {child.name.lower(): child for child in sorted(base.iterdir(), reverse=True) if child.is_dir()}
    except OSError as error:
        raise DataError(
            f"{base}: cannot be searched ({one_line(error)}); check that you may read it"
        ) from error
