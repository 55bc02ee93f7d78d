"""The result folder, for writing: whole at any moment; nothing foreign is touched."""

import json
import os
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from upcracknet.data.listing import RESULTS_MARKER
from upcracknet.errors import DataError, OutputError
from upcracknet.files import delete, json_bytes, one_line, require_writable, write_atomically
from upcracknet.locks import claimed
from upcracknet.parsing import parse_json
from upcracknet.results.folder import FORMAT, ResultFolder, read_results
from upcracknet.results.records import Counts, Record
from upcracknet.results.sources import Source
from upcracknet.results.tables import write_tables

OWN = (
    *("masks", "overlays", "scores", "frames", "cracks", "pictures", "records"),
    *("photos.csv", "photos.parquet", "cracks.csv", "cracks.parquet", "summary.json"),
)
"""What the program writes into a result folder, beside the marker."""

SUFFIXES = {
    "masks": (".png", ".tif"),
    "overlays": (".jpg",),
    "scores": (".png", ".npy", ".tif"),
    "frames": (".jpg",),
    "cracks": (".json",),
    "pictures": (".jpg",),
}
"""The files that a photo may have, by folder."""


@dataclass(frozen=True)
class WritableResults(ResultFolder):
    """A result folder that this process, and the workers it starts, may write.

    Any process can make one of a claimed folder: it holds nothing but the path.
    """

    @property
    def scratch(self) -> Path:
        """Folder of half-written files."""
        return self.path / ".upcracknet"

    def begin(self, name: str, planned: str | None = None) -> Record | None:
        """Forget what was known of a photo: while its files are replaced, no record vouches for them.

        A photo can be given to two workers: when a host cannot be reached, its photos are given to another
        one, while it may still be at work, or go on later. What one of them has finished stays.

        Args:
            name: of the photo's results.
            planned: stamp of its record when the work was planned, empty if there was none; None forgets any.

        Returns:
            the record, if the photo was finished since then: nothing is left to do.

        Raises:
            OutputError: the folder is gone, or cannot be written.
        """
        self._require_marker()
        record = self._record_path(name)
        try:
            old = Record.read(record) if record.exists() else None
        except DataError:
            old = None
        if old is not None and old.status == "done" and planned is not None and self.stamp(old) != planned:
            return old
        delete(record)
        for file in old.files if old is not None else ():
            delete(self.file(file))
        return None

    def finish(self, record: Record) -> Record:
        """Write a record: its files are whole.

        Raises:
            OutputError: it cannot be written.
        """
        write_atomically(self._record_path(record.name), record.to_json(), scratch=self.scratch)
        return record

    def forget_measures(self, record: Record) -> Record:
        """Forget what was measured of a photo: while that is replaced, its record vouches for its mask alone.

        The scale, or that there was none, stays noted: neither a run that is ended nor a photo that cannot be
        measured now may lose it.

        Returns:
            the record without measures.

        Raises:
            OutputError: the folder is gone, or cannot be written.
        """
        self._require_marker()
        bare = record.without_measures()
        if record.measures is not None:
            bare = replace(bare, measures={"scale": record.measures.get("scale")})
        if bare != record:
            self.finish(bare)
        for file in {*record.files} - {*bare.files}:
            delete(self.file(file))
        return bare

    def relative(self, source: Source) -> str | None:
        """Give the path of a photo from this folder; None for a URL."""
        if source.path is None:
            return None
        return Path(os.path.relpath(source.path, self.path.absolute())).as_posix()

    def close(self, names: Set[str], *, whole: bool) -> tuple[Counts, list[Record]]:
        """Write the tables of all records.

        Args:
            names: of the photos to count.
            whole: whether all of them have their results, and it is an error if files of these are gone.

        Returns:
            counts of these photos, and the twenty worst of them; see :attr:`.Record.rank`.

        Raises:
            OutputError: the tables cannot be written, or results are gone that had been written.
            DataError: a file of cracks is damaged.
        """
        counts, worst, gone = Counts(), list[Record](), 0

        def watched() -> Iterator[Record]:
            nonlocal gone
            for record in self.readable_records():
                if record.name in names:
                    counts.add(record)
                    gone += not all(self.file(file).exists() for file in record.without_measures().files)
                    if record.status == "done" and (len(worst) < 20 or record.rank > worst[-1].rank):
                        worst.append(record)
                        worst.sort(key=lambda other: other.rank, reverse=True)
                        del worst[20:]
                yield record

        self._require_marker()
        write_tables(self.path, watched(), self.scratch)
        gone += len(names) - counts.photos
        if whole and gone:
            raise OutputError(
                f"{self.path}: the results of {gone} photos are gone or cannot be read: deleted, moved or "
                "damaged while others were written; run the same command again"
            )
        if whole:  # the records name everything that was written
            self.note_names(self.noted_names() - names)
            self._require_marker()
        return counts, worst

    def drop(self, record: Record) -> None:
        """Drop a record without files, of a photo that failed and is gone.

        Raises:
            OutputError: it cannot be deleted.
        """
        delete(self._record_path(record.name))

    def _require_marker(self) -> None:
        if not (self.path / RESULTS_MARKER).exists():
            raise OutputError(
                f"{self.path}: was deleted or moved while it was written; run the same command again"
            )

    def require_no_foreign_files(self, names: Iterable[str], own: Set[str], kinds: Set[str]) -> None:
        """Refuse to replace files of others.

        Args:
            names: of photos whose files are to be written, and which no interrupted run was going to write.
            own: files that records name.
            kinds: folders that are to be written to.

        Raises:
            OutputError: there is a file where one of theirs would go.
        """
        files = (
            f"{kind}/{name}{suffix}" for name in names for kind in sorted(kinds) for suffix in SUFFIXES[kind]
        )
        foreign = [self.file(file) for file in files if file not in own and self.file(file).exists()]
        if foreign:
            more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
            raise OutputError(
                f"{foreign[0]}{more}: in the way, and no record of this folder names it; move it away, or "
                "choose another folder"
            )

    def noted_names(self) -> set[str]:
        """Give the names that interrupted runs were going to write, and may have written without a record."""
        try:
            lines = (self.scratch / "names").read_bytes().splitlines()
        except OSError:
            return set()
        names = set[str]()
        for line in lines:
            with suppress(ValueError):  # cut off, or damaged
                names |= {name for name in [parse_json(line)] if isinstance(name, str)}
        return names

    def note_names(self, names: set[str]) -> None:
        """Note what this run is going to write, until records name it.

        Raises:
            OutputError: it cannot be written.
        """
        if not names:
            delete(self.scratch / "names")
            return
        lines = "".join(json.dumps(name) + "\n" for name in sorted(names))
        write_atomically(self.scratch / "names", lines.encode(), scratch=self.scratch)


@contextmanager
def open_results(folder: Path) -> Iterator[WritableResults]:
    """Claim a result folder for writing; make it when it is not there.

    Raises:
        OutputError: another process writes it, it holds files of others where results would go, or it cannot
            be written.
        DataError: it is of a newer version.
    """
    require_writable(folder)
    results = WritableResults(folder)
    if (folder / RESULTS_MARKER).exists():
        read_results(folder)
    else:
        foreign = [name for name in OWN if _holds_files(folder / name)]
        if foreign:
            raise OutputError(
                f"{folder}: holds {', '.join(foreign)} that `upcracknet detect` did not write; choose "
                "another folder"
            )
    with claimed(results.scratch / "lock") as holder:
        if holder is not None:
            raise OutputError(f"{folder}: {holder}; wait for it, or give another folder")
        for left in _half_written(results.scratch):
            delete(left)
        if not (folder / RESULTS_MARKER).exists():
            write_atomically(folder / RESULTS_MARKER, json_bytes(FORMAT), scratch=results.scratch)
        yield results


def _half_written(scratch: Path) -> list[Path]:
    """The files of a run that was killed."""
    try:
        return [*scratch.glob("*.*")]
    except OSError as error:
        raise OutputError(f"{scratch}: cannot be listed ({one_line(error)}); check the disk") from error


def _holds_files(path: Path) -> bool:
    """Whether a path is a file or a folder with files; empty folders a deleted result folder can leave."""
    return path.is_file() or any(not below.is_dir() for below in path.rglob("*"))
