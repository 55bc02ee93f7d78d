"""Result folders of photos that were detected in, written by hand, for tests of places."""

import os
from pathlib import Path
from typing import Any

from upcracknet.files import stamp_of_file
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record


def record_of(photo: Path, out: Path, name: str | None = None, **fields: Any) -> Record:
    """The record of a photo, as detection writes it."""
    usual: dict[str, Any] = {"status": "done", "stamp": stamp_of_file(photo)}
    relative = os.path.relpath(photo, out)
    return Record(
        **({"name": name or photo.name, "photo": str(photo), "photo_relative": relative} | usual | fields)
    )


def folder_in(path: Path) -> ResultFolder:
    """A folder for results."""
    path.mkdir(exist_ok=True)
    return ResultFolder(path)
