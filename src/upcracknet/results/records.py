"""What is known of each photo: one record a photo, the truth of a result folder; tables are made of them."""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from upcracknet.errors import DataError
from upcracknet.files import json_bytes, replacing, write_atomically

Status = Literal["done", "failed"]


@dataclass(frozen=True, slots=True)
class Record:
    """One photo and what was found in it; what is not known is None.

    Attributes:
        name: of the photo's results, unique in the folder.
        photo: absolute path or URL.
        photo_relative: the path from the result folder, so that both can be moved together; None for a URL.
        stamp: size and time of change of the photo that was read, or what its server gives for them.
        status: ``done`` or ``failed``.
        width: of the photo, in pixels.
        height: of the photo, in pixels.
        crack_pixels: number of crack pixels.
        area_share: share of what the photo shows that is crack, in [0, 1].
        crack_area_cm2: area of the crack pixels, in square centimetres, where the size of a pixel is known.
        millimetres_per_pixel: size of a pixel on the road.
        threshold: score above which a pixel was marked as crack.
        mask: file below the result folder: 255 is crack.
        overlay: file below the result folder: the photo with its cracks in red.
        score: file below the result folder: 65535 (or 1.0 in a NumPy file) is a score of 1.
        warning: what to know before this result is trusted.
        error: why the photo could not be used.
        settings: what the result depends on: the model, the sha256 of its tensors, how it detects.
    """

    name: str
    photo: str
    photo_relative: str | None
    stamp: str
    status: Status
    width: int | None = None
    height: int | None = None
    crack_pixels: int | None = None
    area_share: float | None = None
    crack_area_cm2: float | None = None
    millimetres_per_pixel: float | None = None
    threshold: float | None = None
    mask: str | None = None
    overlay: str | None = None
    score: str | None = None
    warning: str | None = None
    error: str | None = None
    settings: dict[str, Any] | None = None

    @property
    def files(self) -> list[str]:
        """The files that belong to this result, below the result folder."""
        return [file for file in (self.mask, self.overlay, self.score) if file]

    def to_json(self) -> bytes:
        """Give the content of the record's file."""
        # Escapes alone keep file names that are not UTF-8.
        return (json.dumps(asdict(self), indent=1) + "\n").encode()

    @classmethod
    def read(cls, path: Path) -> "Record":
        """Read a record.

        Raises:
            DataError: it cannot be read, or is no record.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            known = {field.name for field in fields(cls)}
            record = cls(**{key: value for key, value in content.items() if key in known})
            # A record names its own file and files of its folder: else those of others would be replaced.
            parts = [*record.name.split("/"), *(part for file in record.files for part in file.split("/"))]
            inside = all(file.startswith(("masks/", "overlays/", "scores/")) for file in record.files)
            own = path.as_posix().endswith(f"/{record.name}.json") and not {"", ".", ".."} & set(parts)
            texts = all(isinstance(text, str) for text in (record.photo, record.stamp))
            usable = inside and own and texts and record.status in ("done", "failed")
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(
                f"{path}: no record that can be read ({type(error).__name__}); delete it and run "
                "`upcracknet detect` again"
            ) from error
        if not usable:
            raise DataError(f"{path}: no record of this folder, or names files outside it; delete it")
        return record


COLUMNS = {
    "name": "string",
    "photo": "string",
    "status": "string",
    "width": "int64",
    "height": "int64",
    "crack_pixels": "int64",
    "area_share": "float64",
    "crack_area_cm2": "float64",
    "millimetres_per_pixel": "float64",
    "threshold": "float64",
    "mask": "string",
    "overlay": "string",
    "score": "string",
    "warning": "string",
    "error": "string",
}
"""Columns of the tables and their types; what a photo lacks is empty."""


@dataclass
class Counts:
    """How many photos there are, and what became of them."""

    photos: int = 0
    done: int = 0
    failed: int = 0
    with_cracks: int = 0

    def add(self, record: Record) -> None:
        """Count one more photo."""
        self.photos += 1
        self.done += record.status == "done"
        self.failed += record.status == "failed"
        self.with_cracks += bool(record.crack_pixels)


def write_tables(folder: Path, records: Iterable[Record], scratch: Path) -> Counts:
    """Write ``photos.csv``, ``photos.parquet`` where pyarrow is installed, and ``summary.json``.

    Args:
        folder: the result folder.
        records: of all photos, in the order of the tables; not held.
        scratch: folder for half-written files.

    Returns:
        counts of the photos.

    Raises:
        OutputError: a file cannot be written.
    """
    counts = Counts()

    def counted() -> Iterator[Record]:
        for record in records:
            counts.add(record)
            yield record

    with replacing(folder / "photos.csv", scratch=scratch) as path, path.open("w", newline="") as stream:
        rows = _csv_rows(stream, counted())
        if find_spec("pyarrow") is None:
            for _ in rows:
                pass
        else:
            with replacing(folder / "photos.parquet", scratch=scratch) as table:
                _write_parquet(table, rows)
    write_atomically(folder / "summary.json", json_bytes(asdict(counts)), scratch=scratch)
    return counts


def _csv_rows(stream: io.TextIOBase, records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """Write each record's row, and pass it on."""
    writer = csv.DictWriter(stream, COLUMNS)
    writer.writeheader()
    for record in records:
        row = {column: _readable(getattr(record, column)) for column in COLUMNS}
        # A spreadsheet takes a text that begins so for a formula; as a path it stays the same.
        writer.writerow(
            {
                column: f"./{value}"
                if isinstance(value, str) and value[:1] in ("=", "+", "-", "@")
                else value
                for column, value in row.items()
            }
        )
        yield row


def _write_parquet(path: Path, rows: Iterable[dict[str, Any]], at_once: int = 10_000) -> None:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()])
    with ParquetWriter(path, schema, compression="zstd") as writer:
        held: list[dict[str, Any]] = []
        for row in rows:
            held.append(row)
            if len(held) == at_once:
                writer.write_table(pyarrow.Table.from_pylist(held, schema=schema))
                held.clear()
        writer.write_table(pyarrow.Table.from_pylist(held, schema=schema))


def _readable(value: Any) -> Any:
    """File names need not be UTF-8; the texts of tables must."""
    return os.fsencode(value).decode(errors="backslashreplace") if isinstance(value, str) else value
