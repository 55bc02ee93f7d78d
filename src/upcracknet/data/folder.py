"""A plain folder of photos, with or without masks: a user's own data."""

from collections import Counter
from pathlib import Path

from upcracknet.data.dataset import CrackDataset, Sample, first_few, require_equal_sizes
from upcracknet.data.photo import PHOTO_SUFFIXES, list_photos
from upcracknet.errors import DataError

PHOTO_FOLDERS = ("images", "photos", "image", "img")
MASK_FOLDERS = ("masks", "mask", "labels", "lab")
MASK_ENDINGS = ("_mask", "_lab")


def open_folder(folder: Path, split: str = "test") -> CrackDataset:
    """Opens a folder of photos, and of their masks where there are some.

    The rules, in this order:

    1. Where the folder has a folder named as the split (``train``, ``val``, ``test``), that one is opened.
    2. The photos are those in ``images``, ``photos``, ``image`` or ``img``, else those in the folder itself;
       deeper folders count too.
    3. The mask of ``road/a.jpg`` is ``road/a.*`` in ``masks``, ``mask``, ``labels`` or ``lab``; or beside the
       photo ``a_mask.*`` or ``a_lab.*``; or beside a photo that is not a PNG ``a.png``.
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
    """The photos of a folder, and of their masks those that are there, by rules 2 and 3 of `open_folder`.

    Raises:
        DataError: there are no photos.
    """
    mask_folder = _first_folder(folder, MASK_FOLDERS)
    photo_folder = _first_folder(folder, PHOTO_FOLDERS) or folder
    files = list_photos([photo_folder])
    if mask_folder is not None:
        files = [file for file in files if mask_folder not in file.parents]
    present = set(files)
    photos = [file for file in files if not _is_mask(file, present)]
    if not photos:
        raise DataError(f"no photos in {folder}: expected files of {' '.join(sorted(PHOTO_SUFFIXES))}")
    return _name_samples(
        photos, photo_folder, [_find_mask(photo, photo_folder, mask_folder) for photo in photos]
    )


def _name_samples(photos: list[Path], photo_folder: Path, masks: list[Path | None]) -> tuple[Sample, ...]:
    """Names each photo by its path without suffix; with it where two would be called the same."""
    names = [photo.relative_to(photo_folder).with_suffix("").as_posix() for photo in photos]
    count = Counter(names)
    return tuple(
        Sample(name if count[name] == 1 else photo.relative_to(photo_folder).as_posix(), photo, mask)
        for name, photo, mask in zip(names, photos, masks, strict=True)
    )


def _first_folder(base: Path, names: tuple[str, ...]) -> Path | None:
    return next((base / name for name in names if (base / name).is_dir()), None)


def _is_mask(file: Path, present: set[Path]) -> bool:
    """Whether this file beside photos is the mask of one of them."""
    for ending in MASK_ENDINGS:
        if file.stem.endswith(ending) and _with_stem(file, file.stem.removesuffix(ending), present):
            return True
    return file.suffix.lower() == ".png" and any(
        twin != file for twin in _with_stem(file, file.stem, present)
    )


def _find_mask(photo: Path, photo_folder: Path, mask_folder: Path | None) -> Path | None:
    if mask_folder is not None:
        beside = (mask_folder / photo.relative_to(photo_folder)).parent
        stems = (photo.stem, *(photo.stem + ending for ending in MASK_ENDINGS))
    else:
        beside = photo.parent
        stems = tuple(photo.stem + ending for ending in MASK_ENDINGS)
    candidates = [beside / f"{stem}{suffix}" for stem in stems for suffix in sorted(PHOTO_SUFFIXES)]
    if photo.suffix.lower() != ".png":
        candidates.append(photo.with_suffix(".png"))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _with_stem(file: Path, stem: str, present: set[Path]) -> list[Path]:
    candidates = (
        file.with_name(stem + suffix) for suffix in PHOTO_SUFFIXES | {s.upper() for s in PHOTO_SUFFIXES}
    )
    return [candidate for candidate in candidates if candidate in present]
