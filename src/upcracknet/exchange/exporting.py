"""From a result folder to a folder that an annotation program, or training, takes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from upcracknet.data.listing import EXPORT_FORMAT, EXPORT_MARKER
from upcracknet.errors import ConfigurationError, DataError, OutputError, PhotoError
from upcracknet.exchange import coco, cvat, label_studio, masks
from upcracknet.exchange.photos import ExportedPhoto, Photos, bring_photo, file_name
from upcracknet.files import TEMPORARY, delete, json_bytes, one_line, write_atomically
from upcracknet.parsing import fits, parse_json
from upcracknet.results.corrections import CORRECTION, correction_checksum, is_outdated, read_correction
from upcracknet.results.crack_files import read_cracks
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record

Format = Literal["coco", "cvat", "label-studio", "masks"]

MARKER = EXPORT_MARKER
"""Marks the folder of an export, whose files may be replaced by the next one."""

PHOTO_FOLDER = {"cvat": "images"}
"""Where the photos lie; else in ``photos``."""


@dataclass(frozen=True)
class ExportOptions:
    """What goes into an export.

    Attributes:
        photos: copy puts the photos beside the annotations, link makes links to them, none leaves them where
            they are.
        least_length_px: leave out connected parts that reach less far than so many pixels, in height and in
            width. CVAT becomes slow from some 1000 parts on.
        photo_address: for label-studio: what it finds the photos' names behind; s3://bucket/road/ for one.
    """

    photos: Photos = "copy"
    least_length_px: int = 0
    photo_address: str = label_studio.LOCAL_FILES


@dataclass
class Exported:
    """What an export holds.

    Attributes:
        photos: number of photos.
        failed: photos that could not be used when their cracks were looked for; they have no masks.
        left_out: photos with a mask that is not in the export.
    """

    photos: int = 0
    failed: int = 0
    left_out: int = 0


def write_export(
    results: ResultFolder,
    to: Format,
    output: Path,
    options: ExportOptions,
    show: Callable[[str | None], None] = lambda problem: None,
) -> Exported:
    """Write the masks that count, corrected ones in place of the model's, for another program.

    Photos and masks pass by one at a time: memory does not grow with their number.

    Args:
        results: the result folder.
        to: format.
        output: folder of the export; files of an earlier export are replaced.
        options: what goes into it.
        show: called after each photo, with what is wrong with it if it is left out.

    Raises:
        ConfigurationError: options that mean nothing in this format.
        OutputError: the folder holds files of others, or cannot be written.
    """
    _require_fitting(options, to)
    before, written = _claim(output, to), set[str]()
    exported, damaged = Exported(), set[str]()
    photo_folder = output / PHOTO_FOLDER.get(to, "photos")
    with _writer(to, output, options) as add:
        for record in results.readable_records(damaged):
            _require_marker(output)
            if record.mask is None:
                exported.failed += 1
                show(None)
                continue
            try:
                photo = _photo(exported.photos + 1, results, record, options)
                brought = photo_folder / photo.file_name
                if options.photos != "none":
                    bring_photo(results, record, brought, options.photos)
                    written.add(brought.relative_to(output).as_posix())
                add(photo)
                if to == "masks":
                    written.add(masks.file_of(photo))
            except (PhotoError, DataError) as error:
                exported.left_out += 1
                name = f"{photo_folder.name}/{file_name(record)}"
                if name in written:  # no photo without its mask
                    written.remove(name)
                    delete(output / name)
                show(str(error))
            else:
                exported.photos += 1
                show(None)
    _require_marker(output)
    _forget(output, to, before, written)
    for name in sorted(damaged):
        exported.left_out += 1
        show(f"{name}: its record is damaged; run `upcracknet detect` again")
    return exported


def _require_fitting(options: ExportOptions, to: Format) -> None:
    if options.least_length_px < 0:
        raise ConfigurationError(
            f"least length of {options.least_length_px} pixels: expected 0, which leaves nothing out, or more"
        )
    if to != "label-studio" and options.photo_address != label_studio.LOCAL_FILES:
        raise ConfigurationError(f"a photo address is for label-studio; leave --photo-address out for {to}")


def _photo(number: int, results: ResultFolder, record: Record, options: ExportOptions) -> ExportedPhoto:
    checksum = correction_checksum(results, record.name)
    correction = read_correction(results, record.name)
    if correction is not None and is_outdated(results, record, correction):
        correction = None
    cracks: tuple[dict[str, Any], ...] = ()
    # What was measured before the correction is of other cracks.
    if record.cracks is not None and (record.measures or {}).get(CORRECTION) == checksum:
        cracks = tuple(read_cracks(results.file(record.cracks))["cracks"])
    return ExportedPhoto(number, results, record, correction, cracks, options.least_length_px)


def _require_marker(output: Path) -> None:
    """Stop where the folder is gone: in a new one of its name half of the export would be missing."""
    if not (output / MARKER).exists():
        raise OutputError(f"{output}: was deleted or moved while it was written; run the same command again")


def _forget(output: Path, to: Format, before: set[str], written: set[str]) -> None:
    """Delete pairs of photo and mask that earlier exports left, and note those that are there now."""
    root = output.resolve()
    for name in before:
        path = output / name
        if name not in written and path.parent.resolve().is_relative_to(root):
            delete(path)
    write_atomically(output / MARKER, json_bytes(_marker(to, written)))


def _marker(to: Format, files: set[str]) -> dict[str, Any]:
    return {"format": EXPORT_FORMAT, "version": 1, "to": to, "files": sorted(files)}


def _claim(output: Path, to: Format) -> set[str]:
    """Mark the folder as an export's, unless it holds files of others; gives what one of its kind wrote."""
    marker, before = output / MARKER, set[str]()
    try:
        mine = False
        if marker.exists():
            content = parse_json(marker.read_bytes())
            mine = content.get("format") == EXPORT_FORMAT
            listed = content.get("files", [])
            before = set(listed) if content.get("to") == to and fits(listed, list[str]) else set()
        # A half-written marker of a killed export does not count.
        found = output.iterdir() if output.exists() else ()
        others = (path for path in found if not path.name.startswith(TEMPORARY))
        if not mine and any(others):
            raise OutputError(
                f"{output}: holds files that `upcracknet export-results` did not write; give another folder"
            )
    except (OSError, ValueError, AttributeError) as error:
        raise OutputError(f"{output}: cannot be used ({one_line(error)}); give another folder") from error
    write_atomically(marker, json_bytes(_marker(to, before)))
    return before


def _writer(
    to: Format, output: Path, options: ExportOptions
) -> AbstractContextManager[Callable[[ExportedPhoto], None]]:
    match to:
        case "coco":
            return coco.writing(output)
        case "cvat":
            return cvat.writing(output)
        case "label-studio":
            return label_studio.writing(output, options.photo_address)
        case "masks":
            return masks.writing(output)
