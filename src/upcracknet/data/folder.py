"""A plain folder of photos, with or without masks: a user's own data."""

from collections import Counter
from pathlib import Path

from upcracknet.data.dataset import CrackDataset, Sample, first_few, require_equal_sizes
from upcracknet.data.image_file import PHOTO_SUFFIXES
from upcracknet.data.listing import photos_in
from upcracknet.errors import DataError

PHOTO_FOLDERS = ("images", "photos", "image", "img")
MASK_FOLDERS = ("masks", "mask", "labels", "lab")
MASK_ENDINGS = ("_mask", "_lab")


def open_folder(folder: Path, split: str = "test") -> CrackDataset:
    """Open a folder of photos, and of their masks where there are some.

    The rules, in this order:

    1. Where the folder has a folder named as the split (``train``, ``val``, ``test``), that one is opened.
    2. The photos are those in ``images``, ``photos``, ``image`` or ``img``, else those in the folder itself;
       deeper folders count too.
    3. The mask of ``road/a.jpg`` is ``road/a.*``, else ``road/a_mask.*``, ``road/a_lab.*`` or, as
       ``upcracknet detect`` names its masks, ``road/a.jpg.*``, in ``masks``, ``mask``, ``labels`` or ``lab``;
       or beside the photo ``a_mask.*`` or ``a_lab.*``; or beside a photo that is not a PNG ``a.png``.
    4. Either all photos have masks or none has: photos without masks count as undamaged in training, so a
       forgotten mask would teach cracks as road.

    Args:
        folder: the folder.
        split: what to call this data; chooses a folder where there is one.

    Raises:
        DataError: there are no photos, some masks are missing, or sizes differ.
        PhotoError: a file cannot be read.
    """
    base = folder / split if (folder / split).is_dir() else folder
    samples = folder_samples(base)
    missing = [sample.name for sample in samples if sample.mask_path is None]
    if missing and (_first_folder(base, MASK_FOLDERS) is not None or len(missing) < len(samples)):
        raise DataError(
            f"{base}: {len(missing)} of {len(samples)} photos have no mask: {first_few(missing)}; "
            "add them (all black for undamaged road) or move these photos to a folder without masks"
        )
    require_equal_sizes(samples, str(base))
    return CrackDataset(folder.resolve().name, split, base, samples)


def folder_samples(folder: Path) -> tuple[Sample, ...]:
    """List a folder's photos and such masks as there are, by rules 2 and 3 of :func:`open_folder`.

    Raises:
        DataError: there are no photos.
    """
    mask_folder = _first_folder(folder, MASK_FOLDERS)
    photo_folder = _first_folder(folder, PHOTO_FOLDERS) or folder
    files = [file for file in photos_in(photo_folder) if mask_folder not in file.parents]
    beside = _by_name(files, photo_folder)
    apart = _by_name(photos_in(mask_folder), mask_folder) if mask_folder else {}
    photos = [file for file in files if not _is_mask(file, beside, photo_folder)]
    if not photos:
        raise DataError(f"no photos in {folder}: expected files of {' '.join(sorted(PHOTO_SUFFIXES))}")
    names = [photo.relative_to(photo_folder) for photo in photos]
    bare = [name.with_suffix("").as_posix() for name in names]
    count = Counter(bare)
    samples = []
    for photo, name, stem in zip(photos, names, bare, strict=True):
        if mask_folder:
            masks = [apart.get(stem + ending, []) for ending in ("", *MASK_ENDINGS, photo.suffix)]
        else:
            masks = [beside.get(stem + ending, []) for ending in MASK_ENDINGS]
        masks.append([file for file in beside[stem] if photo.suffix.lower() != ".png" == file.suffix.lower()])
        found = [mask for files_of_name in masks for mask in files_of_name]
        # Two photos of one stem keep their suffixes as names.
        label = stem if count[stem] == 1 else name.as_posix()
        samples.append(Sample(label, photo, found[0] if found else None))
    return tuple(samples)


def _by_name(files: list[Path], folder: Path) -> dict[str, list[Path]]:
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


def _first_folder(base: Path, names: tuple[str, ...]) -> Path | None:
    return next((base / name for name in names if (base / name).is_dir()), None)
