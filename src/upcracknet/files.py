"""The ground floor: files that are whole or not there, claims of a folder, errors in one line."""

import json
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from upcracknet.errors import OutputError
from upcracknet.heard import is_heard

if sys.platform != "win32":
    import fcntl

TEMPORARY = ".upcracknet-"
"""How the names of half-written files begin: short, so that any name that the disk allows can be written."""

SCRATCH_FOLDER = f"{TEMPORARY}folder-"
"""How the names of folders with half-written files begin."""

LONGEST_REASON = 600
"""Signs of another error that are quoted."""

STALE = 3600
"""Seconds for which nothing writes to a half-written file before it counts as a killed process's."""

PAUSE, MOST_ATTEMPTS = 0.05, 200
"""Seconds between attempts to have a file alone, and attempts until it counts as somebody else's."""

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


@contextmanager
def claimed(path: Path) -> Iterator[str | None]:
    """Claim a lock file for as long as the block runs.

    The file names the process and its machine. The system frees it when the process ends in whatever way;
    a claim of another machine stands until its file is deleted.

    Args:
        path: the lock file; made when missing, and left behind empty.

    Yields:
        none when it is ours, otherwise who holds it and, for a machine that may be dead, what to do.

    Raises:
        OutputError: the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab+", buffering=0)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({one_line(error)}); choose a writable folder"
        ) from error
    with file:
        if not _lock(file):
            yield f"in work by {_holder(file, 'another process')}"
            return
        holder = _read(file)
        if holder is not None and holder.get("host") != socket.gethostname():
            yield f"in work by {_holder(file, 'another machine')}; if that is dead, delete {path}"
            return
        # What another process of this machine left here is stale: the system has freed its lock.
        try:
            file.truncate(0)  # opened to append: writing goes to the end, which is now the start
            file.write(json.dumps({"process": os.getpid(), "host": socket.gethostname()}).encode())
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({one_line(error)}); free some space") from error
        try:
            yield None
        finally:
            with suppress(OSError):  # what stays is stale
                file.truncate(0)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until a file is nobody else's, for as long as the block runs: to read it and write it again.

    Args:
        path: the file; what is claimed is a lock in the folder ``.upcracknet`` beside it.

    Raises:
        OutputError: another process has it for longer than such work takes, or the lock cannot be made.
    """
    lock = path.parent / ".upcracknet" / f"{path.name}.lock"
    for attempt in count():
        with claimed(lock) as holder:
            if holder is None:
                yield
                return
        if attempt == MOST_ATTEMPTS:
            raise OutputError(f"{path}: {holder}; run the same command again when that is done")
        time.sleep(PAUSE)


def _lock(file: BinaryIO) -> bool:
    if sys.platform == "win32":
        return True  # only other machines are kept out there: give a folder to one process
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise OutputError(
            f"{file.name}: this disk has no file locks ({error.strerror}); choose a folder on another disk"
        ) from error
    return True


def _read(file: BinaryIO) -> dict[str, Any] | None:
    file.seek(0)
    try:
        content = json.loads(file.read())
    except (ValueError, RecursionError):  # free, just being written, or damaged
        return None
    return content if isinstance(content, dict) else None


def _holder(file: BinaryIO, otherwise: str) -> str:
    holder = _read(file)
    return otherwise if holder is None else f"process {holder.get('process')} on {holder.get('host')}"


def stamp_of_file(path: Path) -> str:
    """Size and time of change of a file; empty if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"
