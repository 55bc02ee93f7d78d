"""Finished parts of a suite as files: an interrupted suite goes on, and changed parts are not believed."""

import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from upcracknet.data.dataset import CrackDataset
from upcracknet.files import write_atomically

Record = dict[str, Any]
"""Plain values, as JSON has them."""

CODE = (
    *("baselines", "data", "detection", "networks"),
    *("weights.py", "evaluation/confusion.py", "evaluation/evaluate.py", "evaluation/false_alarms.py"),
    *("evaluation/metrics.py", "evaluation/protocol.py", "evaluation/results.py", "evaluation/suite_plan.py"),
    *("evaluation/sweep.py", "evaluation/thin.py"),
)
"""The code that figures depend on; how they are shown is not in it."""


class PartStore:
    """Keeps each part in a file with the key of all that it depends on.

    Args:
        folder: Where the parts are; made as needed.
        overwrite: Take no part of an earlier run.
    """

    def __init__(self, folder: Path, *, overwrite: bool = False) -> None:
        self.folder, self.overwrite = folder, overwrite

    def load(self, name: str, key: Record) -> Record | None:
        """The part of this name if it was saved under the same key, else None."""
        if self.overwrite:
            return None
        try:
            saved = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):  # not there, or damaged: to be measured
            return None
        if not isinstance(saved, dict) or saved.get("key") != key or not isinstance(saved.get("part"), dict):
            return None
        return dict(saved["part"])

    def save(self, name: str, key: Record, part: Record) -> None:
        """Writes a part.

        Raises:
            OutputError: The folder cannot be written.
        """
        text = json.dumps({"key": key, "part": part}, indent=2, ensure_ascii=False)
        write_atomically(self.folder / f"{name}.json", (text + "\n").encode())


def code_digest() -> str:
    """Checksum of the code that figures depend on, so that figures of other code are not taken over."""
    package = files("upcracknet")
    return _digest(
        line
        for place in CODE
        for path, text in _sources(package.joinpath(*place.split("/")), place)
        for line in (path, text)
    )


def dataset_digest(dataset: CrackDataset) -> str:
    """Checksum of the names, sizes and times of a data set's files, not of their content: that takes long."""
    stamps = []
    for sample in dataset:
        for path in (sample.photo_path, sample.mask_path):
            status = path.stat() if path is not None and path.exists() else None
            stamps.append(f"{path} {(status.st_size, status.st_mtime_ns) if status else None}")
    return _digest([dataset.name, dataset.split, *stamps])


def _sources(place: Traversable, path: str) -> Iterable[tuple[str, str]]:
    if place.is_file():
        return [(path, place.read_text(encoding="utf-8"))] if path.endswith(".py") else []
    inside = sorted(place.iterdir(), key=lambda entry: entry.name)
    return [source for entry in inside for source in _sources(entry, f"{path}/{entry.name}")]


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode(errors="surrogateescape") + b"\0")
    return digest.hexdigest()
