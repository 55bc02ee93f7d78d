"""The photos that the tables need as a few files, for a machine without the data sets' folders.

A pack is a zip of the photos and masks as they are: smaller copies would be other photos, and give other
figures. Training on one data set, or all tests, needs less than 64 MiB of them.
"""

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from upcracknet.data.archive import unpack
from upcracknet.data.dataset import CrackDataset
from upcracknet.data.registry import DATASETS, open_dataset
from upcracknet.errors import DataError, OutputError
from upcracknet.evaluation.protocol import annotated
from upcracknet.files import json_bytes, one_line, replacing, scratch_folder, write_atomically
from upcracknet.reproduction.kept import read_kept, unreadable

PARTS = (
    ("deepcrack", "train"),
    ("deepcrack", "test"),
    ("cfd", "test"),
    ("crack500", "train"),
    ("crack500", "test"),
)
LARGEST = 64 * 1024**2
"""Bytes of photos and masks in a pack; larger parts make several."""

CHECKSUMS = "packs.json"


def write_packs(data_root: Path | None, folder: Path) -> list[Path]:
    """Pack the photos and masks of the tables, and write down the packs' checksums.

    Args:
        data_root: folder of the data sets; None reads the environment variable UPCRACKNET_DATA.
        folder: where to.

    Returns:
        the packs.

    Raises:
        DataError: a data set is missing, or a photo cannot be read.
        OutputError: the folder cannot be written.
    """
    packs, checksums = [], {}
    for name, split in PARTS:
        dataset = open_dataset(name, data_root, split)
        for number, files in enumerate(_groups(dataset), start=1):
            pack = folder / f"{name}-{split}-{number}.zip"
            with replacing(pack) as partial, zipfile.ZipFile(partial, "w") as archive:
                for file in files:
                    place = Path(DATASETS[name].folder_names[0]) / file.relative_to(dataset.root)
                    # One date for all, so that the same photos are the same pack.
                    archive.writestr(zipfile.ZipInfo(place.as_posix()), _content(file))
            packs.append(pack)
            checksums[pack.name] = _checksum(pack)
    write_atomically(folder / CHECKSUMS, json_bytes(checksums))
    return packs


def unpacked(folder: Path, target: Path) -> Path:
    """Unpack the packs that are there, each once.

    Args:
        folder: of the packs and their checksums.
        target: where the data sets' folders are made.

    Returns:
        the folder of the data sets.

    Raises:
        DataError: a pack cannot be read, or is not the one that was written.
        OutputError: the target cannot be written.
    """
    checksums: dict[str, str] = read_kept(folder / CHECKSUMS, dict[str, str])
    for name, expected in checksums.items():
        pack, mark = folder / name, target / f"{name}.done"
        if not pack.exists() or (mark.exists() and mark.read_text() == expected):
            continue
        found = _checksum(pack)
        if found != expected:
            raise DataError(
                f"{pack}: its checksum is {found}, expected {expected} as in {folder / CHECKSUMS}; copy it "
                "again, or make it again with `upcracknet reproduce pack`"
            )
        _unpack(pack, target)
        write_atomically(mark, expected.encode())
    return target


def _unpack(pack: Path, target: Path) -> None:
    """Unpack beside the other packs' files: several packs share a data set's folder."""
    try:
        with scratch_folder(target) as scratch:
            unpack(pack, scratch)
            for file in [path for path in scratch.rglob("*") if path.is_file()]:
                place = target / file.relative_to(scratch)
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
    except OSError as error:
        raise OutputError(
            f"{target}: cannot be written ({one_line(error)}); choose a writable folder"
        ) from error


def _groups(dataset: CrackDataset) -> Iterator[list[Path]]:
    """Photos with their masks, as many as go into a pack."""
    files, size = list[Path](), 0
    for sample in annotated(dataset):
        pair = [path for path in (sample.photo_path, sample.mask_path) if path is not None]
        both = sum(path.stat().st_size for path in pair)
        if files and size + both > LARGEST:
            yield files
            files, size = [], 0
        files, size = [*files, *pair], size + both
    if files:
        yield files


def _checksum(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
