"""Where ``detect`` writes its results, and how it knows what is finished."""

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.data.photo import write_atomically
from upcracknet.detection import CrackMap
from upcracknet.errors import OutputError

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


def result_paths(photos: list[Path]) -> dict[Path, str]:
    """A relative name without suffix for the results of each photo, the same in each run over the same photos.

    Subfolders below the photos' common folder are kept. Photos whose names differ in their suffix alone keep it.
    """
    absolute = {photo: Path(os.path.abspath(photo)) for photo in photos}
    common = Path(os.path.commonpath([path.parent for path in absolute.values()]))
    names = {photo: path.relative_to(common) for photo, path in absolute.items()}
    bare = [name.with_suffix("") for name in names.values()]
    return {
        photo: str(name if bare.count(name.with_suffix("")) > 1 else name.with_suffix(""))
        for photo, name in names.items()
    }


class ResultLog:
    """Writes results as they come and remembers them in ``results.jsonl``, one line a photo.

    A line is written after its files, so a killed run repeats at most the photos in work.

    Args:
        folder: where all results go.
        settings: what the results depend on; results of other settings are not counted as finished.
        overwrite: count nothing as finished.

    Raises:
        OutputError: the folder cannot be written.
    """

    def __init__(self, folder: Path, settings: dict[str, Any], *, overwrite: bool) -> None:
        self.folder, self.settings = folder, settings
        self.rows: dict[str, dict[str, Any]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lines = (folder / LOG).read_text(encoding="utf-8").splitlines() if (folder / LOG).exists() else []
            (folder / LOG).open("a", encoding="utf-8").close()
        except OSError as error:
            raise OutputError(
                f"{folder}: cannot be written ({error.strerror}); choose a writable folder"
            ) from error
        for line in [] if overwrite else lines:
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue  # the last line of a run that was killed
            if row.pop("settings", None) == settings:
                self.rows[row["photo"]] = row

    def is_finished(self, photo: Path) -> bool:
        """Whether this photo, unchanged since, has all its results."""
        row = self.rows.get(str(photo))
        if row is None or row["status"] != "done" or row["stamp"] != _stamp(photo):
            return False
        return all((self.folder / row[kind]).exists() for kind in ("overlay", "mask", "score") if row[kind])

    def add(
        self, photo: Path, crack_map: CrackMap, name: str, score: str, millimetres_per_pixel: float | None
    ) -> None:
        """Write the results of one photo.

        Raises:
            OutputError: a file cannot be written.
        """
        files = {"overlay": f"overlays/{name}.png", "mask": f"masks/{name}.png", "score": ""}
        for kind in ("overlay", "mask"):
            self._folder_of(files[kind])
        crack_map.save_overlay(self.folder / files["overlay"])
        crack_map.save_mask(self.folder / files["mask"])
        if score != "none":
            files["score"] = f"scores/{name}.{score}"
            self._folder_of(files["score"])
            if score == "png":
                crack_map.save_score(self.folder / files["score"])
            else:
                buffer = io.BytesIO()
                np.save(buffer, crack_map.score)
                write_atomically(self.folder / files["score"], buffer.getvalue())
        height, width = crack_map.mask.shape
        area = (
            ""
            if millimetres_per_pixel is None
            else round(crack_map.crack_pixels * millimetres_per_pixel**2 / 100, 3)
        )
        self._append(
            {
                "photo": str(photo),
                "status": "done",
                "width": width,
                "height": height,
                "crack_pixels": crack_map.crack_pixels,
                "area_share": round(crack_map.area_share, 6),
                "crack_area_cm2": area,
                "threshold": round(crack_map.threshold, 6),
                **files,
                "error": "",
                "stamp": _stamp(photo),
            }
        )

    def add_failure(self, photo: Path, error: str) -> None:
        """Remember a photo that could not be used; a later run tries it again."""
        self._append(dict.fromkeys(COLUMNS, "") | {"photo": str(photo), "status": "failed", "error": error})

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
        done = [row for row in table if row["status"] == "done"]
        counts = {
            "photos": len(photos),
            "done": len(done),
            "failed": len(table) - len(done),
            "with_cracks": sum(row["crack_pixels"] > 0 for row in done),
            "output": str(self.folder),
        }
        write_atomically(self.folder / "summary.csv", text.getvalue().encode())
        content = {"counts": counts, "settings": self.settings, "photos": table}
        write_atomically(self.folder / "summary.json", (json.dumps(content, indent=2) + "\n").encode())
        return counts

    def _append(self, row: dict[str, Any]) -> None:
        try:
            with (self.folder / LOG).open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(row | {"settings": self.settings}) + "\n")
        except OSError as error:
            raise OutputError(
                f"{self.folder / LOG}: cannot be written ({error.strerror}); free some space"
            ) from error
        self.rows[row["photo"]] = row

    def _folder_of(self, file: str) -> None:
        folder = (self.folder / file).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{folder}: cannot be made ({error.strerror}); choose a writable folder"
            ) from error


def _stamp(photo: Path) -> list[int]:
    try:
        status = photo.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]
