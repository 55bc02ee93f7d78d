"""Where ``detect`` writes its results, and how it knows what is finished."""

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.data.photo import list_photos
from upcracknet.detection import CrackMap
from upcracknet.errors import DataError, OutputError
from upcracknet.files import write_atomically
from upcracknet.survey import RasterResult
from upcracknet.survey.records import counted, measures

LOG = "results.jsonl"
COLUMNS = (
    "photo",
    "status",
    "width",
    "height",
    "crack_pixels",
    "area_share",
    "crack_area_cm2",
    "threshold",
    "overlay",
    "mask",
    "score",
    "error",
)
KINDS = ("overlay", "mask", "score")
"""Of each kind of picture there is a folder, its plural."""


def photos_to_detect(paths: list[str], folder: Path) -> list[Path]:
    """Expand files, folders and globs, without what earlier runs wrote to the folder of the results.

    Args:
        paths: files, folders and globs.
        folder: where the results go; it may lie in a folder of photos.

    Returns:
        Each photo once.

    Raises:
        DataError: there are no photos.
    """
    results = {_absolute(folder) / f"{kind}s" for kind in KINDS}
    found = {_absolute(photo): photo for photo in list_photos(paths)}
    photos = [photo for absolute, photo in found.items() if results.isdisjoint(absolute.parents)]
    if not photos:
        raise DataError(
            f"{', '.join(paths)}: only results of earlier runs, no photos; give the photos themselves"
        )
    return photos


def result_paths(photos: list[Path]) -> dict[Path, str]:
    """Name the results of each photo, the same in each run over the same photos.

    The name is relative and has no suffix. Subfolders below the photos' common folder are kept, and the
    suffixes of photos whose names are the same without.
    """
    absolute = {photo: _absolute(photo) for photo in photos}
    common = Path(os.path.commonpath([path.parent for path in absolute.values()]))
    names = {photo: path.relative_to(common) for photo, path in absolute.items()}
    bare = Counter(name.with_suffix("") for name in names.values())
    return {
        photo: str(name if bare[name.with_suffix("")] > 1 else name.with_suffix(""))
        for photo, name in names.items()
    }


class ResultLog:
    """Writes results as they come and remembers them in ``results.jsonl``, one line a photo.

    A line is written after its files, so a killed run repeats at most the photos in work.

    Args:
        folder: where all results go.
        settings: what the results depend on; results of other settings, or replaced by those of another
            photo, are not counted as finished.
        overwrite: count nothing as finished.

    Raises:
        OutputError: the folder cannot be written.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], *, overwrite: bool) -> None:
        self.folder, self.settings = folder, settings
        self.rows: dict[str, dict[str, Any]] = {}
        self._photo_of: dict[str, str] = {}  # by overlay: the photo it is of
        path = folder / LOG
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            with path.open("a", encoding="utf-8") as stream:
                if text and not text.endswith("\n"):  # a killed run left half a line
                    stream.write("\n")
        except OSError as error:
            raise OutputError(
                f"{folder}: cannot be written ({error.strerror}); choose a writable folder"
            ) from error
        for row in _rows(text.splitlines()):
            self._remember(row)
        self.rows = {
            photo: row for photo, row in self.rows.items() if row["settings"] == settings and not overwrite
        }

    def is_finished(self, photo: Path) -> bool:
        """Whether this photo, unchanged since, has all its results."""
        row = self.rows.get(str(photo))
        if row is None or row["status"] != "done" or row["stamp"] != _stamp(photo):
            return False
        return all((self.folder / row[kind]).exists() for kind in KINDS if row[kind])

    def add(
        self, photo: Path, crack_map: CrackMap, name: str, score: str, millimetres_per_pixel: float | None
    ) -> None:
        """Write the results of one photo.

        Raises:
            OutputError: a file cannot be written.
        """
        files = {"overlay": f"overlays/{name}.png", "mask": f"masks/{name}.png", "score": ""}
        crack_map.save_overlay(self.folder / files["overlay"])
        crack_map.save_mask(self.folder / files["mask"])
        if score != "none":
            files["score"] = f"scores/{name}.{score}"
            if score == "png":
                crack_map.save_score(self.folder / files["score"])
            else:
                buffer = io.BytesIO()
                np.save(buffer, crack_map.score)
                write_atomically(self.folder / files["score"], buffer.getvalue())
        self.add_written(photo, crack_map, files, millimetres_per_pixel)

    def add_written(
        self,
        photo: Path,
        found: CrackMap | RasterResult,
        files: dict[str, str],
        millimetres_per_pixel: float | None,
    ) -> None:
        """Remember a photo whose files are written."""
        measured = measures(found, millimetres_per_pixel)
        if measured["crack_area_cm2"] is None:
            measured["crack_area_cm2"] = ""  # an empty cell of the CSV
        row = {"photo": str(photo), "status": "done", **measured, **files}
        self._append(row | {"error": "", "stamp": _stamp(photo)})

    def add_failure(self, photo: Path, error: str) -> None:
        """Remember a photo that could not be used; a later run tries it again."""
        self._append(
            dict.fromkeys(COLUMNS, "")
            | {"photo": str(photo), "status": "failed", "error": error, "stamp": _stamp(photo)}
        )

    def write_summary(self, photos: list[Path]) -> dict[str, Any]:
        """Write ``summary.csv`` and ``summary.json`` of these photos.

        Returns:
            The counts.

        Raises:
            OutputError: a file cannot be written.
        """
        rows = [self.rows[str(photo)] for photo in photos if str(photo) in self.rows]
        table = [{column: row[column] for column in COLUMNS} for row in rows]
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
        counts = counted(table) | {"photos": len(photos), "output": str(self.folder)}
        # File names need not be UTF-8.
        write_atomically(self.folder / "summary.csv", text.getvalue().encode(errors="surrogateescape"))
        content = {"counts": counts, "settings": self.settings, "photos": table}
        write_atomically(self.folder / "summary.json", (json.dumps(content, indent=2) + "\n").encode())
        return counts

    def _append(self, row: dict[str, Any]) -> None:
        row |= {"settings": self.settings}
        try:
            with (self.folder / LOG).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row) + "\n")
        except OSError as error:
            raise OutputError(
                f"{self.folder / LOG}: cannot be written ({error.strerror}); free some space"
            ) from error
        self._remember(row)

    def _remember(self, row: dict[str, Any]) -> None:
        photo, overlay = row["photo"], row["overlay"]
        if overlay:
            replaced = self._photo_of.get(overlay, photo)
            if replaced != photo:
                self.rows.pop(replaced, None)
            self._photo_of[overlay] = photo
        self.rows[photo] = row


def _rows(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # the last line of a run that was killed
        if isinstance(row, dict) and row.keys() >= {*COLUMNS, "stamp", "settings"}:
            yield row


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - symbolic links keep their names


def _stamp(photo: Path) -> list[int]:
    try:
        status = photo.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]
