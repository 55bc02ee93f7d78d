"""One process at a time works on something, also where several share a folder."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from upcracknet.errors import OutputError

if sys.platform != "win32":
    import fcntl


@contextmanager
def claimed(path: Path) -> Iterator[str | None]:
    """Claim a lock file for as long as the block runs.

    The file names the process and its machine. The system frees it when the process ends in whatever way;
    a claim of another machine stands until its file is deleted.

    Args:
        path: the lock file; made when missing, and left behind empty.

    Yields:
        None when it is ours, otherwise who holds it and, for a machine that may be dead, what to do.

    Raises:
        OutputError: the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); choose a writable folder"
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
        _write(file, json.dumps({"process": os.getpid(), "host": socket.gethostname()}))
        try:
            yield None
        finally:
            _write(file, "")


def _lock(file: TextIO) -> bool:
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


def _read(file: TextIO) -> dict[str, Any] | None:
    file.seek(0)
    try:
        content = json.loads(file.read())
    except json.JSONDecodeError:  # free, or just being written
        return None
    return content if isinstance(content, dict) else None


def _holder(file: TextIO, otherwise: str) -> str:
    holder = _read(file)
    return otherwise if holder is None else f"process {holder.get('process')} on {holder.get('host')}"


def _write(file: TextIO, text: str) -> None:
    file.truncate(0)  # opened to append: writing goes to the end, which is now the start
    file.write(text)
    file.flush()
