"""The tables of a result folder: a line a photo, a line a crack, as CSV and as Parquet; and the counts."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from upcracknet.files import json_bytes, replacing, write_atomically
from upcracknet.results.crack_files import CRACK_COLUMNS, crack_rows
from upcracknet.results.records import COLUMNS, Counts, Record

ROWS_AT_ONCE = 10_000
"""Rows that are held before they are written to a Parquet file."""

AddRow = Callable[[Mapping[str, Any]], None]


def write_tables(folder: Path, records: Iterable[Record], scratch: Path) -> Counts:
    """Write ``photos``, ``cracks`` where any photo was measured, and ``summary.json``.

    Both tables are written as CSV, and as Parquet where pyarrow is installed.

    Args:
        folder: the result folder.
        records: of all photos, in the order of the tables; neither they nor their cracks are held.
        scratch: folder for half-written files.

    Returns:
        counts of the photos.

    Raises:
        OutputError: a file cannot be written.
        DataError: a file of cracks is damaged.
    """
    counts = Counts()
    with ExitStack() as tables:
        add_photo = tables.enter_context(open_table(folder / "photos", COLUMNS, scratch))
        add_crack: AddRow | None = None
        if (folder / "cracks").is_dir():
            add_crack = tables.enter_context(open_table(folder / "cracks", CRACK_COLUMNS, scratch))
        for record in records:
            counts.add(record)
            add_photo({column: getattr(record, column) for column in COLUMNS})
            if add_crack is not None and record.cracks is not None and (folder / record.cracks).exists():
                for row in crack_rows(folder / record.cracks, record.name):
                    add_crack(row)
    write_atomically(folder / "summary.json", json_bytes(asdict(counts)), scratch=scratch)
    return counts


@contextmanager
def open_table(path: Path, columns: Mapping[str, str], scratch: Path | None) -> Iterator[AddRow]:
    """Open a table, as CSV and, where pyarrow is installed, as Parquet. It is there once the block is left.

    Args:
        path: of the table, without suffix.
        columns: and their types.
        scratch: folder for half-written files; None takes the table's own.

    Yields:
        what adds a row.

    Raises:
        OutputError: it cannot be written.
    """
    with ExitStack() as files:
        partial = files.enter_context(replacing(path.with_suffix(".csv"), scratch=scratch))
        writer = csv.DictWriter(files.enter_context(partial.open("w", newline="", encoding="utf-8")), columns)
        writer.writeheader()
        to_parquet: AddRow | None = None
        if find_spec("pyarrow") is not None:
            partial = files.enter_context(replacing(path.with_suffix(".parquet"), scratch=scratch))
            to_parquet = files.enter_context(_parquet(partial, columns))

        def add(row: Mapping[str, Any]) -> None:
            texts = {column: readable(value) for column, value in row.items()}
            writer.writerow({column: no_formula(value) for column, value in texts.items()})
            if to_parquet is not None:
                to_parquet(texts)

        yield add


@contextmanager
def _parquet(path: Path, columns: Mapping[str, str]) -> Iterator[AddRow]:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = pyarrow.schema([(name, getattr(pyarrow, kind)()) for name, kind in columns.items()])
    with ParquetWriter(path, schema, compression="zstd") as writer:
        held: list[Mapping[str, Any]] = []

        def write() -> None:
            writer.write_table(pyarrow.Table.from_pylist(held, schema=schema))
            held.clear()

        def add(row: Mapping[str, Any]) -> None:
            held.append(row)
            if len(held) == ROWS_AT_ONCE:
                write()

        yield add
        write()


def readable(value: Any) -> Any:
    """Write a text as UTF-8, which file names need not be; anything else stays as it is."""
    return os.fsencode(value).decode(errors="backslashreplace") if isinstance(value, str) else value


def no_formula(value: Any) -> Any:
    """Put ``./`` before a text that a spreadsheet would take for a formula; as a path it stays the same."""
    return f"./{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
