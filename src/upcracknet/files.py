"""The ground floor: files that are whole or not there, folders that can be written, errors in one line."""

import json
import os
import re
import shutil
import sys
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from upcracknet.errors import OutputError
from upcracknet.heard import is_heard

SCALES_FORMAT = "upcracknet scale"
"""What a file of scales says it is. Who looks for photos asks too: pictures of its grid lie beside it."""

TEMPORARY = ".upcracknet-"
"""How the names of half-written files begin: short, so that any name that the disk allows can be written."""

SCRATCH_FOLDER = f"{TEMPORARY}folder-"
"""How the names of folders with half-written files begin."""

LONGEST_REASON = 600
"""Signs of another error that are quoted."""

STALE = 3600
"""Seconds for which nothing writes to a half-written file before it counts as a killed process's."""

_HALF_WRITTEN = re.compile(rf"{re.escape(TEMPORARY)}[0-9a-f-]+\.\w+")

_filters = threading.RLock()


@contextmanager
def replacing(
    path: str | Path, *, suffix: str = ".part", scratch: Path | None = None, durable: bool = False
) -> Iterator[Path]:
    """Open a temporary file that takes a file's place when the block ends well, and is gone when it does not.

    Args:
        path: the file; its folder is made as needed.
        suffix: of the temporary file, for programs that tell formats by it.
        scratch: folder for the temporary file, on the same disk, which must be there; None takes the file's
            own, which is made as needed.
        durable: come back only once the file is on the disk, so that a power cut does not lose it.

    Raises:
        OutputError: the folder cannot be made or written to, or the disk is full. No partial file is left.
    """
    path = Path(path)
    name = f"{TEMPORARY}{uuid.uuid4().hex}{suffix}"  # processes of two machines can share all other numbers
    partial = (scratch or path.parent) / name
    try:
        if scratch is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _clear_left_once(path.parent)
        try:
            yield partial
            # Only now: where the scratch folder was deleted or moved, nothing is made in its old place.
            partial.stat()
            path.parent.mkdir(parents=True, exist_ok=True)
            if durable:
                _flush(partial)
            partial.replace(path)
            if durable:
                _flush(path.parent)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {one_line(error)}; choose another folder or free some space"
        ) from error


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Make a folder for what is being written, which is gone when the block ends.

    Args:
        parent: the folder that it is made in, on the disk that the files are for; made as needed.

    Raises:
        OSError: it cannot be made.
    """
    parent.mkdir(parents=True, exist_ok=True)
    clear_left(parent)
    with tempfile.TemporaryDirectory(dir=parent, prefix=SCRATCH_FOLDER) as folder:
        yield Path(folder)


def clear_left(folder: Path) -> None:
    """Delete what killed processes left half-written in a folder: what nobody wrote to for an hour.

    Whether another process is still at work cannot be asked where machines share a disk.
    """
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            half_written = _HALF_WRITTEN.fullmatch(entry.name) or entry.name.startswith(SCRATCH_FOLDER)
            with suppress(OSError):  # another process clears up as well
                if not half_written or time.time() - _last_written(entry) <= STALE:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry, ignore_errors=True)
                else:
                    Path(entry).unlink()


def _last_written(entry: os.DirEntry[str]) -> float:
    """When a file was last written to, or anything in a folder, whose own time says nothing of that."""
    folders = os.walk(entry) if entry.is_dir(follow_symlinks=False) else ()
    within = [Path(folder, name) for folder, deeper, names in folders for name in (*deeper, *names)]
    return max(path.lstat().st_mtime for path in (Path(entry), *within))


@cache  # a folder can get thousands of files
def _clear_left_once(folder: Path) -> None:
    clear_left(folder)


@contextmanager
def without_warnings(category: type[Warning] = Warning) -> Iterator[None]:
    """Leave out the warnings of a library while a few lines run, in one thread at a time.

    While a photo is read (:func:`.hearing`), warnings of all kinds are that photo's instead.
    Python's filters belong to the process: threads that change them at once undo each other's changes.

    Args:
        category: of the warnings.
    """
    with _filters, warnings.catch_warnings():
        heard = category is Warning and is_heard()
        warnings.simplefilter("always" if heard else "ignore", category)
        yield


def _flush(path: Path) -> None:
    """Bring what was written to a file, or the names in a folder, to the disk."""
    if path.is_dir() and sys.platform == "win32":
        return  # folders cannot be opened there; the file system keeps names in a journal
    opened = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_atomically(
    path: str | Path, content: bytes, *, scratch: Path | None = None, durable: bool = False
) -> None:
    """Write a file whole or not at all; see :func:`replacing`.

    Raises:
        OutputError: it cannot be written.
    """
    with replacing(path, scratch=scratch, durable=durable) as partial:
        partial.write_bytes(content)


def delete(path: Path) -> None:
    """Delete a file; that it is gone already is no error.

    Raises:
        OutputError: it cannot be deleted.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be deleted ({one_line(error)}); choose a folder that can be written"
        ) from error


def json_bytes(content: Any) -> bytes:
    """JSON as this package writes it to files and standard output; file names need not be UTF-8."""
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode(errors="surrogateescape")


def one_line(error: BaseException) -> str:
    """Say what an error says, without line breaks, number and file name; its kind if it says nothing.

    Errors that quote a whole file are cut off.
    """
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = " ".join(text.split()) or type(error).__name__
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


def require_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written to, before work is done for it; nothing is made there.

    Args:
        folder: it, or the nearest folder above it that is there, is looked at.

    Raises:
        OutputError: that is no folder, or may not be written to.
    """
    absolute = folder.absolute()
    there = next(path for path in (absolute, *absolute.parents) if os.path.lexists(path))
    if not there.is_dir():
        raise OutputError(f"{folder}: cannot be made, as {there} is no folder; choose another folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: {there} may not be written to; choose another folder")


def stamp_of_file(path: Path) -> str:
    """Size and time of change of a file; empty if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"
