"""The result folder, for writing: whole at any moment; nothing foreign is touched."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from upcracknet.data.listing import RESULTS_MARKER
from upcracknet.errors import DataError, OutputError
from upcracknet.files import claimed, json_bytes, one_line, write_atomically
from upcracknet.results.folder import FORMAT, ResultFolder, files_below, read_results
from upcracknet.results.measuring import Measuring
from upcracknet.results.names import photo_names
from upcracknet.results.records import Counts, Record
from upcracknet.results.settings import ResultSettings
from upcracknet.results.sources import Source, is_url
from upcracknet.results.tables import write_tables

OWN = (
    *("masks", "overlays", "scores", "cracks", "pictures", "records"),
    *("photos.csv", "photos.parquet", "cracks.csv", "cracks.parquet", "summary.json"),
)
"""What the program writes into a result folder, beside the marker."""

SUFFIXES = {
    "masks": (".png", ".tif"),
    "overlays": (".jpg",),
    "scores": (".png", ".npy", ".tif"),
    "cracks": (".json",),
    "pictures": (".jpg",),
}
"""The files that a photo may have, by folder."""


@dataclass(frozen=True)
class Work:
    """A photo whose cracks are to be found.

    Attributes:
        source: the photo.
        name: of its results.
    """

    source: Source
    name: str

    def __str__(self) -> str:
        return self.source.address


@dataclass(frozen=True)
class WritableResults(ResultFolder):
    """A result folder that this process, and the workers it starts, may write.

    Any process can make one of a claimed folder: it holds nothing but the path.
    """

    @property
    def scratch(self) -> Path:
        """Folder of half-written files."""
        return self.path / ".upcracknet"

    def begin(self, work: Work) -> None:
        """Forget what was known of a photo: while its files are replaced, no record vouches for them.

        Raises:
            OutputError: the folder is gone, or cannot be written.
        """
        self._require_marker()
        record = self._record_path(work.name)
        try:
            old = Record.read(record) if record.exists() else None
        except DataError:
            old = None
        try:
            record.unlink(missing_ok=True)
            for file in old.files if old is not None else ():
                self.file(file).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{record}: cannot be replaced ({one_line(error)})") from error

    def finish(self, record: Record) -> Record:
        """Write a record: its files are whole.

        Raises:
            OutputError: it cannot be written.
        """
        write_atomically(self._record_path(record.name), record.to_json(), scratch=self.scratch)
        return record

    def forget_measures(self, record: Record) -> Record:
        """Forget what was measured of a photo: while that is replaced, its record vouches for its mask alone.

        Returns:
            the record without measures.

        Raises:
            OutputError: the folder is gone, or cannot be written.
        """
        self._require_marker()
        bare = record.without_measures()
        if bare != record:
            self.finish(bare)
        for file in {*record.files} - {*bare.files}:
            try:
                self.file(file).unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"{self.file(file)}: cannot be replaced ({one_line(error)})") from error
        return bare

    def plan(
        self,
        sources: list[Source],
        settings: ResultSettings,
        measuring: Measuring | None = None,
        *,
        overwrite: bool = False,
    ) -> "Plan":
        """Name the results of each photo, and tell what is left to do.

        Photos with a record keep its name; others get one that no record has. A record of a failure whose
        photo is gone is dropped.

        Args:
            sources: the photos.
            settings: what the results depend on.
            measuring: how the cracks are measured; None leaves what was measured as it is.
            overwrite: count nothing as finished.

        Raises:
            OutputError: a file is in the way that no record of this folder names.
        """
        wanted = {source.address: source for source in sources}
        wanted |= {str(relative): source for source in sources if (relative := self.relative(source))}
        names: dict[str, str] = {}
        taken, finished, own = set[str](), set[str](), set[str]()
        damaged: set[str] = set()
        to_measure: list[str] = []
        for record in self.readable_records(damaged):
            source = wanted.get(record.photo_relative or record.photo) or wanted.get(record.photo)
            if source is None and self._is_of_the_past(record):
                self._record_path(record.name).unlink(missing_ok=True)
                continue
            taken.add(record.name.casefold())
            own.update(record.files if source is not None else ())
            if source is not None:
                names[source.address] = record.name
                if not overwrite and self._is_detected(record, source, settings):
                    finished.add(source.address)
                    if measuring is not None and not self.is_measured(record, measuring):
                        to_measure.append(record.name)
        names = photo_names([source.address for source in sources], names, taken)
        todo = [Work(source, names[source.address]) for source in sources if source.address not in finished]
        todo.sort(key=lambda work: work.name)
        kinds = written_kinds(measuring)
        if settings.overlays:
            kinds |= {"overlays"}
        if settings.scores != "none":
            kinds |= {"scores"}
        self.require_no_foreign_files((work.name for work in todo), own, kinds | {"masks"}, damaged)
        self.require_no_foreign_files(to_measure, own, written_kinds(measuring), damaged)
        if todo or to_measure:
            self.note_names(self.noted_names().union((work.name for work in todo), to_measure))
        return Plan(todo, frozenset(names.values()), len(finished) - len(to_measure), to_measure)

    def relative(self, source: Source) -> str | None:
        """Give the path of a photo from this folder; None for a URL."""
        if source.path is None:
            return None
        return Path(os.path.relpath(source.path, self.path.absolute())).as_posix()

    def close(self, plan: "Plan", *, whole: bool) -> tuple[Counts, list[Record]]:
        """Write the tables of all records.

        Args:
            plan: whose photos to count.
            whole: whether all of them have been worked on.

        Returns:
            counts of the plan's photos, and the twenty worst of them; see :attr:`.Record.rank`.

        Raises:
            OutputError: the tables cannot be written, or results are gone that had been written.
            DataError: a file of cracks is damaged.
        """
        counts, worst, gone = Counts(), list[Record](), 0

        def watched() -> Iterator[Record]:
            nonlocal gone
            for record in self.readable_records():
                if record.name in plan.names:
                    counts.add(record)
                    gone += not all(self.file(file).exists() for file in record.files)
                    if record.status == "done":
                        worst.append(record)
                        worst.sort(key=lambda other: other.rank, reverse=True)
                        del worst[20:]
                yield record

        self._require_marker()
        write_tables(self.path, watched(), self.scratch)
        gone += len(plan.names) - counts.photos
        if whole and gone:
            raise OutputError(
                f"{self.path}: the results of {gone} photos are gone, deleted or moved while others were "
                "written; run the same command again"
            )
        if whole:  # the records name everything that was written
            self.note_names(set())
        return counts, worst

    def _require_marker(self) -> None:
        if not (self.path / RESULTS_MARKER).exists():
            raise OutputError(
                f"{self.path}: was deleted or moved while it was written; run the same command again"
            )

    def readable_records(self, damaged: set[str] | None = None) -> Iterator[Record]:
        """Give the records that can be read; the names of the others are added to a set."""
        for path in files_below(self.path / "records"):
            try:
                yield Record.read(path)
            except DataError:
                if damaged is not None:
                    name = path.relative_to(self.path / "records").as_posix().removesuffix(".json")
                    damaged.add(name)

    def _is_of_the_past(self, record: Record) -> bool:
        """Whether a photo failed that is no longer there."""
        failed = record.status == "failed" and not is_url(record.photo)
        return failed and not Path(self.photo(record)).exists()

    def _is_detected(self, record: Record, source: Source, settings: ResultSettings) -> bool:
        """Whether a photo's cracks were found as they would be now, and all files of that are there."""
        # Only settings that there are now: in earlier versions the size of a pixel was one of them.
        known = record.settings or {}
        same = all(known.get(key) == value for key, value in settings.to_dict().items())
        if record.status != "done" or record.stamp != source.stamp or not same:
            return False
        return all(self.file(file).exists() for file in record.without_measures().files)

    def is_measured(self, record: Record, measuring: Measuring) -> bool:
        """Tell whether a photo's cracks were measured as they would be now, and all files of that are there."""
        if record.measures != measuring.settings(self.source(record).address):
            return False
        return all(self.file(file).exists() for file in (record.cracks, record.picture) if file)

    def require_no_foreign_files(
        self, names: Iterable[str], own: set[str], kinds: set[str], damaged: set[str]
    ) -> None:
        """Refuse to replace files that neither a record names nor an interrupted run was going to write.

        Args:
            names: of the photos whose files are to be written.
            own: files that records name.
            kinds: folders that are to be written to.
            damaged: names of the photos whose records cannot be read; their files are ours.

        Raises:
            OutputError: there is such a file.
        """
        ours = self.noted_names() | damaged
        files = (
            f"{kind}/{name}{suffix}"
            for name in names
            if name not in ours
            for kind in sorted(kinds)
            for suffix in SUFFIXES[kind]
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
            lines = (self.scratch / "names").read_text(encoding="utf-8").splitlines()
        except OSError:
            return set()
        return {json.loads(line) for line in lines if line.endswith('"')}

    def note_names(self, names: set[str]) -> None:
        """Note what this run is going to write; nothing once the records name everything.

        Raises:
            OutputError: it cannot be written.
        """
        if not names:
            (self.scratch / "names").unlink(missing_ok=True)
            return
        lines = "".join(json.dumps(name) + "\n" for name in sorted(names))
        write_atomically(self.scratch / "names", lines.encode(), scratch=self.scratch)


def written_kinds(measuring: Measuring | None) -> set[str]:
    """Give the folders that measuring writes to."""
    if measuring is None:
        return set()
    return {"cracks", "pictures"} if measuring.pictures else {"cracks"}


@dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Attributes:
        todo: photos without a result, sorted by name.
        names: of the results of all photos.
        finished: number of photos with which nothing is to be done.
        to_measure: names of the photos whose cracks were found, but are to be measured again.
    """

    todo: list[Work]
    names: frozenset[str] = field(repr=False)
    finished: int
    to_measure: list[str] = field(default_factory=list)


@contextmanager
def open_results(folder: Path) -> Iterator[WritableResults]:
    """Claim a result folder for writing; make it when it is not there.

    Raises:
        OutputError: another process writes it, it holds files of others where results would go, or it cannot
            be written.
        DataError: it is of a newer version.
    """
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
        for left in results.scratch.glob("*.*"):  # half-written files of a run that was killed
            left.unlink(missing_ok=True)
        if not (folder / RESULTS_MARKER).exists():
            write_atomically(folder / RESULTS_MARKER, json_bytes(FORMAT), scratch=results.scratch)
        yield results


def _holds_files(path: Path) -> bool:
    """Whether a path is a file or a folder with files; empty folders a deleted result folder can leave."""
    return path.is_file() or any(not below.is_dir() for below in path.rglob("*"))
