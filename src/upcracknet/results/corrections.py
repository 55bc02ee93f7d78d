"""What people say of the cracks that were found: ``corrections/``, kept apart from the model's answer."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from upcracknet.errors import DataError
from upcracknet.files import one_line
from upcracknet.parsing import built, parse_json
from upcracknet.results.folder import ResultFolder, files_below
from upcracknet.results.records import Record

FORMAT, VERSION = "upcracknet correction", 1

ReviewStatus = Literal["accepted", "rejected", "corrected"]
"""What was said of a photo: its mask is right; what it marks is no crack; here is a better one."""

RejectReason = Literal["shadow", "joint", "sealed", "object", "other"]
"""What was taken for cracks."""

FOLDER = "corrections"
"""Where they lie, below the result folder."""

OUTDATED = "what was said of it is of another photo, or of another mask of the model; look at it again"
"""What is said of an answer that is outdated."""

CORRECTION = "correction_sha256"
"""In what a record says of its measures: the checksum of the correction that they are of."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person said of the cracks of one photo.

    Attributes:
        name: of the photo's results.
        status: ``accepted``: the mask is right. ``rejected``: the photo has no cracks. ``corrected``: the
            mask named here takes the place of the model's.
        reason: what a rejected photo shows instead of cracks.
        note: in the person's own words.
        source: where it comes from: a file that was imported, or a program.
        time: when it was made, in UTC: ``2026-05-01T12:00:00+00:00``.
        mask: file below the result folder: 255 is crack, 0 is not, of the photo's size; only where corrected.
        accepted_sha256: checksum of the file of the model's mask that was accepted, see
            :func:`is_outdated`; None where that is not known, and of another status.
        photo_bytes: size of the photo's file when this was said, as the photo's record has it; None where
            that is not known.
    """

    name: str
    status: ReviewStatus
    reason: RejectReason | None = None
    note: str | None = None
    source: str | None = None
    time: str = ""
    mask: str | None = None
    accepted_sha256: str | None = None
    photo_bytes: str | None = None

    @property
    def changes_the_mask(self) -> bool:
        """Whether the photo's cracks are others than the model's."""
        return self.status != "accepted"

    @property
    def remark(self) -> str | None:
        """Reason and note in one text; None where there is neither."""
        return ": ".join(part for part in (self.reason, self.note) if part) or None

    @property
    def can_be_read(self) -> bool:
        """Whether its file, once written, is a correction."""
        return _parsed(self.to_json(), self.name) is not None

    def to_json(self) -> bytes:
        """Give the content of the correction's file."""
        content = {"format": FORMAT, "version": VERSION} | asdict(self)
        # Escapes alone keep file names that are not UTF-8.
        return (json.dumps(content, indent=1) + "\n").encode()


def correction_path(results: ResultFolder, name: str) -> Path:
    """Give the file of a photo's correction; it need not be there."""
    return results.path / FOLDER / f"{name}.json"


def read_correction(results: ResultFolder, name: str) -> Correction | None:
    """Read the correction of a photo.

    Args:
        results: the result folder.
        name: of the photo's results.

    Returns:
        none where nobody said anything of it.

    Raises:
        DataError: it cannot be read, or its mask is gone.
    """
    path = correction_path(results, name)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({one_line(error)}); check the disk") from error
    correction = _parsed(content, name)
    if correction is None:
        raise DataError(f"{path}: no correction of version {VERSION} that can be read; delete it, or update")
    if correction.mask is not None and not results.file(correction.mask).exists():
        raise DataError(
            f"{results.file(correction.mask)}: is gone, and {path.name} names it; correct it again"
        )
    return correction


def read_corrections(results: ResultFolder) -> Iterator[Correction]:
    """Read all corrections of a result folder, sorted by name; not held.

    Raises:
        DataError: one cannot be read, or its mask is gone.
    """
    folder = results.path / FOLDER
    for path in files_below(folder):
        correction = read_correction(results, path.relative_to(folder).as_posix().removesuffix(".json"))
        if correction is not None:
            yield correction


def correction_checksum(results: ResultFolder, name: str) -> str | None:
    """Compute the checksum of a photo's correction: of its file and its mask.

    Returns:
        SHA-256 in hexadecimal digits; none where there is no correction.
    """
    path = correction_path(results, name)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest = hashlib.sha256(content)
    correction = _parsed(content, name)
    if correction is not None and correction.mask is not None and results.file(correction.mask).exists():
        with results.file(correction.mask).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def is_outdated(results: ResultFolder, record: Record, correction: Correction) -> bool:
    """Tell whether a person spoke of another photo, or accepted another mask than the model's now.

    Names repeat: next year's photos may lie where this year's did. A photo of another size in bytes is
    another one; its time says nothing, as copies have times of their own. An accepted mask is another where
    the photo was detected in again. An answer without size and checksum, of an earlier version or another
    program, counts. What was corrected or rejected is known whatever the model says.

    Args:
        results: the result folder.
        record: of the photo.
        correction: what was said of it.
    """
    if correction.photo_bytes not in (None, photo_bytes(record)):
        return True
    if correction.status != "accepted" or correction.accepted_sha256 is None:
        return False
    try:
        return mask_checksum(results, record) != correction.accepted_sha256
    except DataError:
        return True


def photo_bytes(record: Record) -> str | None:
    """Give the size of a photo's file as its record has it; None where its server gave none."""
    size = record.stamp.partition(" ")[0]
    return size if size.isdecimal() else None


def mask_checksum(results: ResultFolder, record: Record) -> str | None:
    """Compute the checksum of the file of the model's mask.

    Returns:
        SHA-256 in hexadecimal digits; none where there is no mask, or it is gone.

    Raises:
        DataError: it cannot be read.
    """
    path = results.file(str(record.mask))
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({one_line(error)}); check the disk") from error


def _parsed(content: bytes, name: str) -> Correction | None:
    """The correction that a file holds; None where it is none, or of another photo."""
    try:
        read = parse_json(content)
        if (read["format"], read["version"]) != (FORMAT, VERSION):
            return None
        correction = built(Correction, read)
    except (ValueError, TypeError, KeyError):
        return None
    masks = (f"{FOLDER}/{name}.png", f"{FOLDER}/{name}.tif")
    usable = correction.name == name and (
        correction.mask in masks if correction.status == "corrected" else correction.mask is None
    )
    return correction if usable else None
