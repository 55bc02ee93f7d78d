"""Claims of a folder or file that hold among processes, and among machines that share a disk."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

from upcracknet.errors import OutputError
from upcracknet.files import one_line

if sys.platform != "win32":
    import fcntl

PAUSE, MOST_ATTEMPTS = 0.05, 200
"""Seconds between attempts to have a file alone, and attempts until it counts as somebody else's."""


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
