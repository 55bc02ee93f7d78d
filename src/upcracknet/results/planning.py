"""What is left to do in a result folder: photos to detect in, photos to measure again."""

from collections.abc import Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from upcracknet.errors import PhotoError
from upcracknet.results.corrections import CORRECTION, correction_checksum
from upcracknet.results.frames import file_of
from upcracknet.results.measuring import MISSED_PHOTO, Measuring
from upcracknet.results.names import photo_names
from upcracknet.results.records import Record
from upcracknet.results.settings import ResultSettings
from upcracknet.results.sources import Source, is_url
from upcracknet.results.writing import WritableResults


@dataclass(frozen=True, slots=True)
class Work:
    """A photo whose cracks are to be found.

    Attributes:
        source: the photo.
        name: of its results.
        measuring: how its cracks are measured, where not as those of all others.
        record: stamp of the file of its record when the work was planned, empty if there was none; None
            replaces any record.
    """

    source: Source
    name: str
    measuring: Measuring | None = None
    record: str | None = None

    def __str__(self) -> str:
        return self.source.address


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


def plan_detection(
    results: WritableResults,
    sources: list[Source],
    settings: ResultSettings,
    measuring: Measuring | None = None,
    *,
    overwrite: bool = False,
) -> Plan:
    """Name the results of each photo, and tell what is left to do.

    Photos with a record keep its name; others get one that no record has. A photo that was moved elsewhere is
    known by its file's name, size and time, and keeps its record too, which then says where it is. A record
    of a failure is dropped where its photo is gone, or is a video whose frames can be taken now.

    Args:
        results: the folder, claimed.
        sources: the photos.
        settings: what the results depend on.
        measuring: how the cracks are measured; None leaves what was measured as it is.
        overwrite: count nothing as finished.

    Raises:
        OutputError: a file is in the way that no record of this folder names, or a record cannot be written.
        DataError: a record was damaged meanwhile.
    """
    wanted = {source.address: source for source in sources}
    names, stamps = dict[str, str](), dict[str, str]()
    taken, detected, own, damaged = set[str](), set[str](), set[str](), set[str]()
    to_measure: list[str] = []
    videos = {str(source.file) for source in sources if source.frame is not None}
    gone: dict[tuple[str, str], list[str]] = {}

    def take(record: Record, source: Source) -> None:
        own.update(record.files)
        names[source.address] = record.name
        if not overwrite and _is_detected(results, record, source, settings):
            detected.add(source.address)
            if measuring is not None and not is_measured(results, record, measuring):
                to_measure.append(record.name)
        else:
            stamps[source.address] = results.stamp(record)

    for record in results.readable_records(damaged):
        source = wanted.get(results.moved(record) or record.photo) or wanted.get(record.photo)
        if source is None and _is_of_the_past(results, record, videos):
            results.drop(record)
            continue
        taken.add(record.name.casefold())
        if source is not None:
            take(record, source)
        elif record.status == "done" and (file := results.source(record)).frame is None and _is_gone(file):
            gone.setdefault((Path(file.address).name, record.stamp), []).append(record.name)
    for source in sources if gone else ():
        found = gone.get((Path(source.address).name, source.stamp), [])
        if source.address not in names and source.path is not None and len(found) == 1:
            record = results.record(found.pop())
            moved = replace(record, photo=source.address, photo_relative=results.relative(source))
            take(results.finish(moved), source)
    names = photo_names([source.address for source in sources], names, taken)
    todo = [
        Work(source, names[source.address], record=stamps.get(source.address, ""))
        for source in sources
        if source.address not in detected
    ]
    todo.sort(key=lambda work: work.name)
    kinds = {"masks"} | written_kinds(measuring)
    kinds |= {"overlays"} if settings.overlays else set()
    kinds |= {"scores"} if settings.scores != "none" else set()
    kinds |= {"frames"} if settings.keep_frames else set()
    ours = results.noted_names() | damaged  # of a damaged record's photo, the files are ours
    results.require_no_foreign_files([work.name for work in todo if work.name not in ours], own, kinds)
    measured = [name for name in to_measure if name not in ours]
    results.require_no_foreign_files(measured, own, written_kinds(measuring))
    results.note_names(results.noted_names().union((work.name for work in todo), to_measure))
    return Plan(todo, frozenset(names.values()), len(detected) - len(to_measure), to_measure)


def plan_measuring(
    results: WritableResults, measuring: Measuring, *, overwrite: bool = False
) -> tuple[Plan, list[str], list[str]]:
    """Tell which photos of a folder are to be measured again.

    Args:
        results: the folder, claimed.
        measuring: how.
        overwrite: measure again what was measured so already.

    Returns:
        the plan; the photos that cannot be measured, as their masks are gone; the names of damaged records.

    Raises:
        OutputError: a file is in the way that no record of this folder names.
    """
    names, own = set[str](), set[str]()
    to_measure, without_mask, damaged = list[str](), list[str](), set[str]()
    for record in results.readable_records(damaged):
        names.add(record.name)
        own.update(record.files)
        if record.mask is not None and not results.file(record.mask).exists():
            without_mask.append(record.photo)
        elif record.mask is not None and (overwrite or not is_measured(results, record, measuring)):
            to_measure.append(record.name)
    ours = results.noted_names()
    measured = [name for name in to_measure if name not in ours]
    results.require_no_foreign_files(measured, own, written_kinds(measuring))
    results.note_names(ours.union(to_measure))
    plan = Plan([], frozenset(names), len(names) - len(to_measure), to_measure)
    return plan, without_mask, sorted(damaged)


def is_measured(results: WritableResults, record: Record, measuring: Measuring) -> bool:
    """Tell whether a photo's cracks were measured as they would be now, and all files of that are there."""
    source, measures = results.source(record), dict(record.measures or {})
    missed_photo = measures.pop(MISSED_PHOTO, False)
    if measures.pop(CORRECTION, None) != correction_checksum(results, record.name):
        return False
    if measures != measuring.settings(source.address) or (missed_photo and _is_at_hand(source)):
        return False
    return all(results.file(file).exists() for file in (record.cracks, record.picture) if file)


def _is_at_hand(source: Source) -> bool:
    """Whether a photo is where it was, as it was."""
    try:
        source.require_unchanged()
    except PhotoError:
        return False
    return source.path is not None


def written_kinds(measuring: Measuring | None) -> set[str]:
    """Give the folders that measuring writes to."""
    if measuring is None:
        return set()
    return {"cracks", "pictures"} if measuring.pictures else {"cracks"}


def _is_of_the_past(results: WritableResults, record: Record, videos: Set[str]) -> bool:
    """Whether a photo failed that is no longer there, or a video as a whole of which there are frames."""
    if record.status != "failed" or is_url(record.photo):
        return False
    source = results.source(record)
    return source.address in videos or _is_gone(source)


def _is_gone(source: Source) -> bool:
    return source.path is not None and not file_of(source.path).exists()


def _is_detected(results: WritableResults, record: Record, source: Source, settings: ResultSettings) -> bool:
    """Whether a photo's cracks were found as they would be now, and all files of that are there."""
    # Only settings that there are now: in earlier versions the size of a pixel was one of them.
    known = record.settings or {}
    same = all(known.get(key) == value for key, value in settings.of(source).items())
    if record.status != "done" or record.stamp != source.stamp or not same:
        return False
    return all(results.file(file).exists() for file in record.without_measures().files)
