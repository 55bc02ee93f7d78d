"""What a survey has finished: one record a photo, written last; tables of all of them."""

import json
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from upcracknet.detection import CrackMap
from upcracknet.errors import ConfigurationError
from upcracknet.files import write_atomically
from upcracknet.survey.raster import RasterResult
from upcracknet.survey.storage import PhotoReference

RECORDS = "records"

COLUMNS = {
    "name": "string",
    "photo": "string",
    "status": "string",
    "width": "int64",
    "height": "int64",
    "crack_pixels": "int64",
    "area_share": "float64",
    "crack_area_cm2": "float64",
    "threshold": "float64",
    "mask": "string",
    "overlay": "string",
    "score": "string",
    "error": "string",
}
"""Columns of ``photos.parquet`` and their types; what a photo lacks is null."""


def record_path(folder: Path, name: str) -> Path:
    """File of a photo's record."""
    return folder / RECORDS / f"{name}.json"


def finished_record(folder: Path, photo: PhotoReference, settings: dict[str, Any]) -> dict[str, Any] | None:
    """The record of a photo that is done, unchanged since, and has all its files."""
    try:
        record: dict[str, Any] = json.loads(record_path(folder, photo.name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if record.get("status") != "done" or record.get("photo") != photo.address:
        return None
    if record.get("stamp") != photo.stamp or record.get("settings") != settings:
        return None
    files = [record.get(kind) for kind in ("mask", "overlay", "score")]
    return record if all((folder / file).exists() for file in files if file) else None


def measures(found: CrackMap | RasterResult, millimetres_per_pixel: float | None) -> dict[str, Any]:
    """What a table says of one photo's cracks.

    Args:
        found: the photo's cracks.
        millimetres_per_pixel: size of a pixel on the road; None takes what the photo itself knows.
    """
    height, width = found.mask.shape if isinstance(found, CrackMap) else (found.height, found.width)
    scale = millimetres_per_pixel or found.millimetres_per_pixel
    return {
        "width": width,
        "height": height,
        "crack_pixels": found.crack_pixels,
        "area_share": round(found.area_share, 6),
        "crack_area_cm2": None if scale is None else round(found.crack_pixels * scale**2 / 100, 3),
        "threshold": round(found.threshold, 6),
    }


def counted(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many photos a table has, and what became of them."""
    done = [row for row in rows if row["status"] == "done"]
    return {
        "photos": len(rows),
        "done": len(done),
        "failed": len(rows) - len(done),
        "with_cracks": sum(row["crack_pixels"] > 0 for row in done),
    }


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write a photo's record, which says that its files are whole.

    Raises:
        OutputError: it cannot be written.
    """
    text = json.dumps(record, indent=1, sort_keys=True) + "\n"
    write_atomically(record_path(folder, record["name"]), text.encode(errors="surrogateescape"))


def write_tables(folder: Path, records: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Write ``photos.parquet`` and ``summary.json`` of all photos.

    Args:
        folder: the survey's folder.
        records: of all photos.

    Returns:
        Counts of the photos.

    Raises:
        OutputError: a file cannot be written.
        ConfigurationError: pyarrow is not installed.
    """
    require_parquet()
    import pyarrow
    import pyarrow.parquet

    rows = sorted(records, key=lambda record: record["name"])
    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in COLUMNS.items()])
    columns = {name: [_readable(row.get(name)) for row in rows] for name in COLUMNS}
    buffer = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(columns, schema=schema), buffer, compression="zstd")
    write_atomically(folder / "photos.parquet", buffer.getvalue().to_pybytes())
    counts = counted(rows)
    write_atomically(folder / "summary.json", (json.dumps(counts, indent=2) + "\n").encode())
    return counts


def require_parquet() -> None:
    """Say what is missing before hours of work, not after.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise ConfigurationError("tables need pyarrow; install it with `pip install 'upcracknet[survey]'`")


def _readable(value: Any) -> Any:
    """File names need not be UTF-8; Parquet's texts must."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
