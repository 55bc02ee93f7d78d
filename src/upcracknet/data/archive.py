"""Unpacking archives from the network: regular files inside the folder only, and not too much of them."""

import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from upcracknet.errors import DataError, OutputError
from upcracknet.files import one_line

MAXIMUM_BYTES = 20 * 1024**3
MAXIMUM_FILES = 100_000

# RuntimeError is an encrypted zip, or (NotImplementedError) an unusual compression.
_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    RuntimeError,
)


@dataclass(frozen=True)
class _Entry:
    name: str
    size: int
    is_file: bool
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, folder: Path, *, maximum_bytes: int = MAXIMUM_BYTES) -> None:
    """Unpack a zip or tar archive into a new or empty folder.

    Everything is checked before the first file is written. macOS resource forks are left out.

    Args:
        archive: the archive; its content says which kind.
        folder: where to.
        maximum_bytes: most that the unpacked files may take together.

    Raises:
        DataError: the file is no archive or is damaged; or it holds absolute paths, paths that leave the
            folder, links, devices, the same path twice, or more bytes or files than allowed. Nothing is
            written outside.
        OutputError: the folder cannot be written to, or the disk is full.
    """
    with _entries(archive) as entries:
        files = [entry for entry in entries if entry.is_file and not entry.name.startswith("__MACOSX/")]
        places = [_safe_place(entry.name, archive) for entry in files]
        if len(set(places)) < len(places):
            raise DataError(f"{archive.name}: holds the same path twice; refused")
        total = sum(entry.size for entry in files)
        if total > maximum_bytes or len(files) > MAXIMUM_FILES:
            raise DataError(
                f"{archive.name}: unpacks to {total:,} bytes in {len(files):,} files, "
                f"expected at most {maximum_bytes:,} in {MAXIMUM_FILES:,}; refused"
            )
        for entry, place in zip(files, places, strict=True):
            _write(entry, folder / place)


@contextmanager
def _entries(archive: Path) -> Iterator[list[_Entry]]:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened_zip:
                yield [_zip_entry(opened_zip, info) for info in opened_zip.infolist()]
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as opened_tar:
                yield [_tar_entry(opened_tar, info) for info in opened_tar.getmembers()]
        else:
            raise DataError(f"{archive.name}: neither a zip nor a tar archive; the address may have changed")
    except _DAMAGE as error:
        raise DataError(
            f"{archive.name}: damaged archive ({one_line(error)}); delete it and download again"
        ) from error


def _zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Entry:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{info.filename} is a link or device; refused")
    return _Entry(info.filename, info.file_size, not info.is_dir(), lambda: archive.open(info))


def _tar_entry(archive: tarfile.TarFile, info: tarfile.TarInfo) -> _Entry:
    if not (info.isfile() or info.isdir()):
        raise DataError(f"{info.name} is a link or device; refused")
    # None only for what is no regular file.
    return _Entry(info.name, info.size, info.isfile(), lambda: cast(IO[bytes], archive.extractfile(info)))


def _safe_place(name: str, archive: Path) -> PurePosixPath:
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or not place.parts or any(sign in name for sign in "\\:\0"):
        raise DataError(f"{archive.name}: the path '{name}' leaves the folder; refused")
    return place


def _write(entry: _Entry, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with entry.open() as content, path.open("xb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
    except OSError as error:
        raise OutputError(f"cannot unpack {path}: {error.strerror or error}; free some space") from error
