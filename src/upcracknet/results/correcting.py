"""Write what people say of the cracks that were found; the model's answer stays as it is."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from upcracknet.data.photo import save_image_atomically
from upcracknet.errors import DataError, OutputError
from upcracknet.files import TEMPORARY, delete, one_line, replacing
from upcracknet.results.corrections import (
    FOLDER,
    Correction,
    correction_path,
    mask_checksum,
    photo_bytes,
    read_correction,
)
from upcracknet.results.effective_mask import mask_file_in_windows, require_size, rows_of, size_of
from upcracknet.results.folder import ResultFolder
from upcracknet.results.geotiff import write_geotiff
from upcracknet.results.opening import opened
from upcracknet.results.records import Record


def write_correction(
    results: ResultFolder, correction: Correction, mask: Bool[np.ndarray, "h w"] | Path | None = None
) -> Correction:
    """Write what a person said of a photo, in the place of what was said before.

    The mask is written first, then the file that names it: after a crash in between, each correction that is
    there has its mask. Where the second fails, the first is put back. Both are on the disk when this comes
    back. The folder need not be claimed: a person may correct while cracks are measured.

    Args:
        results: the result folder.
        correction: it; its mask's file, the checksum of the mask that is accepted, and the photo's size are
            filled in.
        mask: True where there is a crack, of the photo's size. Of images that are read in windows it may be a
            file, GeoTIFF or PNG: anything but 0 is crack. Only for a corrected photo, and needed there.

    Returns:
        the correction as it was written.

    Raises:
        DataError: there is no such photo, it has no mask, the mask has another size, the correction holds
            signs that its file cannot keep, what stands in its place is none, or the mask that is accepted is
            there and cannot be read.
        PhotoError: the file of the mask cannot be read.
        OutputError: it cannot be written.
    """
    record = results.record(correction.name)
    if (mask is not None) != (correction.status == "corrected"):
        raise DataError(f"{correction.name}: a mask goes with the status `corrected`, and with no other")
    if record.mask is None:
        raise DataError(f"{correction.name}: the photo could not be used; there is nothing to correct")
    if isinstance(mask, np.ndarray):
        require_size(mask.shape, size_of(record), f"{record.name}: the corrected mask")
    old = read_correction(results, correction.name)
    named = None if mask is None else f"{FOLDER}/{record.name}{Path(record.mask).suffix}"
    accepted = mask_checksum(results, record) if correction.status == "accepted" else None
    correction = replace(correction, mask=named, accepted_sha256=accepted, photo_bytes=photo_bytes(record))
    if not correction.can_be_read:  # it would take the place of one that can
        raise DataError(
            f"{correction.name}: the correction holds what no file can keep, such as control signs"
        )
    with ExitStack() as order:
        path = correction_path(results, correction.name)
        if named is not None:
            order.enter_context(_put_back_on_error(results.file(named)))
        # Written before the mask takes its place: then nothing but a name is left that could fail.
        partial = order.enter_context(replacing(path, durable=True))
        partial.write_bytes(correction.to_json())
        if mask is not None and named is not None:
            place = results.file(named)
            with replacing(place, suffix=place.suffix, durable=True) as drawn:
                _write_mask(results, record, mask, drawn)
    if old is not None and old.mask != named:
        _drop_mask(results, old)
    return correction


def withdraw_correction(results: ResultFolder, name: str) -> None:
    """Delete what a person said of a photo; the model's answer counts again.

    Raises:
        DataError: what stands in the correction's place is none.
        OutputError: it cannot be deleted.
    """
    old = read_correction(results, name)
    delete(correction_path(results, name))  # first: a correction without its mask would be damaged
    if old is not None:
        _drop_mask(results, old)


def _drop_mask(results: ResultFolder, old: Correction) -> None:
    """Delete a mask that no correction names any more; where it stays, nothing reads it."""
    if old.mask is not None:
        with suppress(OutputError):
            delete(results.file(old.mask))


@contextmanager
def _put_back_on_error(path: Path) -> Iterator[None]:
    """Leave a file as it is where the block that replaces it ends with an error."""
    kept = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}{path.suffix}")
    try:
        there = path.exists()
        if there:
            try:
                kept.hardlink_to(path)
            except OSError:  # not on every disk
                shutil.copyfile(path, kept)
        try:
            yield
        except BaseException:
            with suppress(OSError):  # of the first error is said
                if there:
                    kept.replace(path)
                else:
                    path.unlink(missing_ok=True)
            raise
        finally:
            with suppress(OSError):
                kept.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {one_line(error)}; choose another folder or free some space"
        ) from error


def _write_mask(
    results: ResultFolder, record: Record, mask: Bool[np.ndarray, "h w"] | Path, path: Path
) -> None:
    size = size_of(record)
    assert record.mask is not None
    if path.suffix == ".png":
        if isinstance(mask, Path):
            raise DataError(f"{record.name}: the mask of a photo that is read whole is given as an array")
        save_image_atomically(path, mask.astype(np.uint8) * np.uint8(255))
        return
    with opened(results.file(record.mask)) as place:
        if isinstance(mask, np.ndarray):
            write_geotiff(path, place, size, np.uint8, iter([mask.astype(np.uint8) * np.uint8(255)]), None)
            return
        with mask_file_in_windows(mask) as (read, found):
            require_size(found, size, str(mask))
            blocks = (block.astype(np.uint8) * np.uint8(255) for block in rows_of(read, size))
            write_geotiff(path, place, size, np.uint8, blocks, None)
