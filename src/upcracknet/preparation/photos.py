"""Which photos are meant: files, folders, patterns, or datasets by name."""

import os
from collections.abc import Sequence
from pathlib import Path

from upcracknet.data.dataset import Sample
from upcracknet.data.folder import folder_samples
from upcracknet.data.listing import home_expanded, list_photos
from upcracknet.data.registry import DATASETS, open_dataset
from upcracknet.errors import DataError
from upcracknet.preparation.patches import CONTACT_SHEET, IMAGES, REJECTED_SHEET


def find_photos(
    sources: Sequence[str], *, output: Path, root: Path | None = None, split: str = "train"
) -> list[Sample]:
    """Lists the photos; where masks lie with them, these are noted, so that they are not taken for photos.

    Args:
        sources: photos, folders, patterns, and names of published datasets.
        output: where results go; it may lie in a folder of photos.
        root: folder with the datasets; None takes the variable UPCRACKNET_DATA.
        split: part of the datasets, and of folders that have it.

    Returns:
        Each photo once: datasets and folders first, then single photos.

    Raises:
        DataError: there are no photos, or a dataset is not in its published layout.
    """
    found: list[Sample] = []
    plain = []
    for source in sources:
        if source.lower() in DATASETS:
            found += open_dataset(source, root, split)
        elif (folder := home_expanded(source)).is_dir():
            found += folder_samples(folder / split if (folder / split).is_dir() else folder)
        else:
            plain.append(source)
    if plain:
        found += [Sample(str(photo), photo) for photo in list_photos(plain).photos]
    results = {_absolute(output / name) for name in (IMAGES, CONTACT_SHEET, REJECTED_SHEET)}
    once = {_absolute(sample.photo_path): sample for sample in reversed(found)}
    samples = [
        once[path]
        for path in dict.fromkeys(_absolute(sample.photo_path) for sample in found)
        if results.isdisjoint((path, *path.parents))
    ]
    if not samples:
        raise DataError(
            f"no photos in {', '.join(sources)}; give photos, folders, patterns or a dataset's name"
        )
    return samples


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(home_expanded(path)))  # noqa: PTH100 - symbolic links keep their names
