"""From annotation programs back to a result folder: masks that people corrected become its corrections."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from upcracknet.data.photo import load_mask
from upcracknet.errors import DataError, PhotoError
from upcracknet.exchange.exporting import Format
from upcracknet.exchange.photos import PhotoIndex
from upcracknet.exchange.reading import ImportOptions, read_annotations
from upcracknet.exchange.shapes import AnnotatedPhoto, painted
from upcracknet.results.correcting import write_correction
from upcracknet.results.corrections import Correction, is_outdated, read_correction
from upcracknet.results.effective_mask import (
    effective_mask,
    effective_mask_in_windows,
    mask_file_in_windows,
    require_size,
    rows_of,
    size_of,
)
from upcracknet.results.folder import ResultFolder, read_results
from upcracknet.results.log import logged
from upcracknet.results.records import Record
from upcracknet.results.writing import open_results


@dataclass
class Imported:
    """What became of the photos of an annotation file.

    Attributes:
        corrected: photos with a new mask.
        accepted: photos that are noted as accepted.
        unchanged: photos whose mask is as it was, of which nothing is noted.
        not_annotated: photos that nobody annotated.
        left_out: photos that could not be taken over.
    """

    corrected: int = 0
    accepted: int = 0
    unchanged: int = 0
    not_annotated: int = 0
    left_out: int = 0


def import_annotations(
    folder: Path,
    file: Path,
    options: ImportOptions,
    kind: Format | None = None,
    show: Callable[[str | None], None] = lambda problem: None,
) -> Imported:
    """Take over masks that people corrected; see :func:`.write_correction`.

    Photos are found by their names. One that cannot be taken over costs no other.

    Args:
        folder: the result folder.
        file: JSON of COCO or Label Studio, XML of CVAT, an archive with one of them, or a folder of masks.
        options: how it is read.
        kind: what it is; None finds out.
        show: called after each photo, with what is wrong with it if it is left out.

    Raises:
        DataError: there is no such result folder, or the file is none of these.
        OutputError: the result folder is in use, or cannot be written.
    """
    read_results(folder)
    photos, found = read_annotations(file, options, kind)
    imported, seen = Imported(), dict[str, str]()
    with open_results(folder) as results, logged(folder, "import", {"settings": options}) as log:
        index = PhotoIndex(record for record in results.readable_records() if record.mask is not None)
        for photo in photos:
            try:
                name = _find(index, photo, seen)
                if photo.shapes is None:
                    imported.not_annotated += 1
                else:
                    source = f"{found}: {file.name}"
                    _take(results, results.record(name), photo, source, options, imported)
                seen[name] = photo.name  # one that cannot be taken over stands in no other's way
            except (DataError, PhotoError) as error:
                imported.left_out += 1
                log.warn(f"left out: {error}", photo.name)
                show(str(error))
            else:
                show(None)
    return imported


def _find(index: PhotoIndex, photo: AnnotatedPhoto, seen: dict[str, str]) -> str:
    """The name of a photo's results, which must not have been seen."""
    name = index.find(photo.name)
    if name in seen:
        raise DataError(f"{photo.name}: is the same photo as {seen[name]}, which counts; keep one of them")
    return name


def _take(
    results: ResultFolder,
    record: Record,
    photo: AnnotatedPhoto,
    source: str,
    options: ImportOptions,
    imported: Imported,
) -> None:
    """Take over one photo, and count it."""
    before, size = read_correction(results, record.name), size_of(record)
    if before is not None and is_outdated(results, record, before):
        before = None
    mask: Bool[np.ndarray, "h w"] | Path
    if photo.file is not None and str(record.mask).endswith(".tif"):
        mask = photo.file
        same = _same_rows(results, record, before, mask)
    else:
        mask = load_mask(photo.file) if photo.file is not None else _painted(photo, size)
        require_size(mask.shape, size, photo.name)
        same = np.array_equal(mask, effective_mask(results, record, before))
    time = datetime.now(UTC).isoformat(timespec="seconds")
    if not same and before is not None and before.changes_the_mask and _is_the_models(results, record, mask):
        # It went out before somebody spoke of the photo, and nobody drew on it: what they said is worth more.
        raise DataError(
            f"{record.name}: comes with the model's own mask, and is {before.status} here, which counts; to "
            "have the model's mask again, take the answer back in `upcracknet review`"
        )
    if not same:
        correction = Correction(record.name, "corrected", source=source, time=time)
        write_correction(results, correction, mask)
        imported.corrected += 1
    elif options.accept_unchanged and before is None:
        write_correction(results, Correction(record.name, "accepted", source=source, time=time))
        imported.accepted += 1
    else:
        imported.unchanged += 1


def _is_the_models(results: ResultFolder, record: Record, mask: Bool[np.ndarray, "h w"] | Path) -> bool:
    if isinstance(mask, Path):
        return _same_rows(results, record, None, mask)
    return np.array_equal(mask, effective_mask(results, record, None))


def _painted(photo: AnnotatedPhoto, size: tuple[int, int]) -> Bool[np.ndarray, "h w"]:
    if photo.size is not None:
        require_size(photo.size, size, photo.name)
    try:
        return painted(photo.shapes or (), size)
    except DataError as error:
        raise DataError(f"{photo.name}: {error}") from error


def _same_rows(results: ResultFolder, record: Record, before: Correction | None, file: Path) -> bool:
    """Whether a file of a large mask says what counts already."""
    size = size_of(record)
    with (
        mask_file_in_windows(file) as (read, found),
        effective_mask_in_windows(results, record, before) as read_own,
    ):
        require_size(found, size, str(file))
        return all(map(np.array_equal, rows_of(read, size), rows_of(read_own, size)))
