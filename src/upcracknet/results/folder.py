"""The result folder (docs/results-folder.md), for reading: records are the truth."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from upcracknet.data.listing import RESULTS_FORMAT, RESULTS_MARKER
from upcracknet.errors import DataError
from upcracknet.files import one_line, stamp_of_file
from upcracknet.parsing import parse_json, shown
from upcracknet.results.frames import file_of
from upcracknet.results.records import Record
from upcracknet.results.sources import Source

FORMAT = {"format": RESULTS_FORMAT, "version": 1}


@dataclass(frozen=True)
class ResultFolder:
    """A result folder, for reading; :func:`open_results` gives one that may be written.

    Attributes:
        path: the folder.
    """

    path: Path

    def file(self, relative: str) -> Path:
        """Find the file that a record names."""
        return self.path / relative

    def photo(self, record: Record) -> Path | str:
        """Find a record's photo: where both were moved together, or where it was; or its URL."""
        if record.photo_relative is not None:
            moved = self.path / record.photo_relative
            return moved if file_of(moved).exists() else Path(record.photo)
        return record.photo

    def moved(self, record: Record) -> str | None:
        """Give the absolute path of a record's photo if both were moved together; None of a URL."""
        if record.photo_relative is None:
            return None
        # Symbolic links keep their names.
        return os.path.abspath(self.path / record.photo_relative)  # noqa: PTH100

    def stamp(self, record: Record) -> str:
        """Give the stamp of a record's file, which changes when it is written again."""
        return stamp_of_file(self._record_path(record.name))

    def source(self, record: Record) -> Source:
        """Give a record's photo as it was when it was read, to be read again."""
        photo = self.photo(record)
        # Symbolic links keep their names.
        address = os.path.abspath(photo) if isinstance(photo, Path) else photo  # noqa: PTH100
        return Source(address, record.stamp)

    def record(self, name: str) -> Record:
        """Read the record of a name.

        Raises:
            DataError: there is none, or it is damaged.
        """
        return Record.read(self._record_path(name))

    def records(self) -> Iterator[Record]:
        """Read all records, sorted by name; not held."""
        for path in files_below(self.path / "records"):
            yield Record.read(path)

    def readable_records(self, damaged: set[str] | None = None) -> Iterator[Record]:
        """Give the records that can be read; the names of the others are added to a set."""
        for path in files_below(self.path / "records"):
            try:
                yield Record.read(path)
            except DataError:
                if damaged is not None:
                    name = path.relative_to(self.path / "records").as_posix().removesuffix(".json")
                    damaged.add(name)

    def _record_path(self, name: str) -> Path:
        return self.path / "records" / f"{name}.json"


def read_results(folder: str | Path) -> ResultFolder:
    """Open a result folder of ``upcracknet detect`` for reading.

    Raises:
        DataError: it is none, or of a newer version.
    """
    path = Path(folder)
    try:
        content = parse_json((path / RESULTS_MARKER).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise DataError(
            f"{path}: no result folder ({RESULTS_MARKER} is missing or damaged); give the output folder of "
            "`upcracknet detect PHOTOS -o FOLDER`"
        ) from error
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({one_line(error)}); check the disk, and that you may read it"
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT["format"]:
        raise DataError(
            f"{path / RESULTS_MARKER}: not written by `upcracknet detect`; give its output folder"
        )
    if content.get("version") != FORMAT["version"]:
        raise DataError(
            f"{path}: results of version {shown(content.get('version'))}, expected {FORMAT['version']}; "
            "update upcracknet"
        )
    return ResultFolder(path)


def files_below(folder: Path) -> Iterator[Path]:
    """List the files of a folder and of those in it, sorted, one folder held at a time; none if it is gone.

    Raises:
        DataError: it cannot be listed.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return
    except OSError as error:  # what is there must not be taken for nothing
        raise DataError(f"{folder}: cannot be listed ({one_line(error)}); check the disk") from error
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from files_below(Path(entry.path))
        elif entry.name.endswith(".json"):
            yield Path(entry.path)
