"""What the page sends of a photo, and how it is saved: nothing that another tab saved is overwritten."""

import threading
from datetime import UTC, datetime
from typing import Annotated

import numpy as np
from pydantic import BaseModel, Field, StringConstraints

from upcracknet.data.image_file import decoded_by_opencv, opened_image
from upcracknet.errors import ConfigurationError, DataError, PhotoError
from upcracknet.results.correcting import withdraw_correction, write_correction
from upcracknet.results.corrections import (
    Correction,
    RejectReason,
    ReviewStatus,
    correction_checksum,
    read_correction,
)
from upcracknet.results.effective_mask import require_size, size_of
from upcracknet.serve.review.levels import PhotoLevels
from upcracknet.serve.review.rows import LARGEST_MASK, Photo, Photos
from upcracknet.serve.review.tiles import Mask

SOURCE = "upcracknet review"
"""What corrections made here name as where they come from."""

Note = Annotated[
    str,
    # Without control signs, but tabs and ends of lines: JSON with others in it is not read again.
    StringConstraints(strip_whitespace=True, max_length=4000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"),
]


class Said(BaseModel):
    """What a person said of a photo.

    Attributes:
        status: accepted, rejected or corrected.
        reason: what a rejected photo shows instead of cracks.
        note: in the person's own words.
        revision: of the correction that the person saw; empty where there was none.
        mask_stamp: of the file of the model's mask that the person saw; None does not ask.
        left: x of the sent part of the mask in the photo, in pixels; None where the whole mask is sent.
        top: y of it.
    """

    status: ReviewStatus
    reason: RejectReason | None = None
    note: Note | None = None
    revision: str = ""
    mask_stamp: str | None = None
    left: Annotated[int, Field(ge=0)] | None = None
    top: Annotated[int, Field(ge=0)] | None = None


class Conflict(Exception):  # noqa: N818 - no fault: another was faster
    """A photo was changed after the person saw it; nothing was saved."""


class Saving:
    """Saves what people say of photos.

    Args:
        photos: of the folder.
        levels: reads their masks.
    """

    def __init__(self, photos: Photos, levels: PhotoLevels) -> None:
        self.photos, self.levels = photos, levels
        self._lock = threading.Lock()  # what was seen is compared and replaced in one step

    def save(self, photo: Photo, said: Said, mask: bytes | None) -> None:
        """Save what was said of a photo; it is on the disk when this comes back.

        Args:
            photo: it.
            said: what was said.
            mask: as PNG, or a part of it; None keeps the mask that counts.

        Raises:
            Conflict: it was changed after the person saw it.
            ConfigurationError: a reason or a mask goes with another status, or the mask is too large.
            PhotoError: the mask is no picture.
            DataError: the mask has another size, the photo could not be used, or what was said before cannot
                be read.
            OutputError: it cannot be written.
        """
        if said.reason is not None and said.status != "rejected":
            raise ConfigurationError("a reason goes with the status `rejected`, and with no other")
        if mask is not None and said.status != "corrected":
            raise ConfigurationError("a mask goes with the status `corrected`, and with no other")
        if said.status == "corrected" and not photo.editable:
            raise ConfigurationError(
                f"{photo.record.name}: more than {LARGEST_MASK:,} pixels, too large to be drawn on; accept "
                "or reject it, or correct it in another program and import that"
            )
        part = None if mask is None else _decoded(mask)
        with self._lock:
            photo = self._unchanged(photo, said.revision, said.mask_stamp)
            whole = None
            if said.status == "corrected":
                whole = self._drawn(photo, said, part)
            correction = Correction(
                photo.record.name, said.status, said.reason, said.note or None, SOURCE,
                datetime.now(UTC).isoformat(timespec="seconds"),
            )  # fmt: skip
            try:
                write_correction(self.photos.results, correction, whole)
            finally:  # what could not be saved may have left something else
                self.photos.read(photo.record.name)
            if whole is not None:
                self.levels.hold(self.photos.named(photo.record.name), whole)

    def withdraw(self, photo: Photo, revision: str) -> None:
        """Forget what was said of a photo.

        Raises:
            Conflict: it was changed after the person saw it.
            DataError: what was said cannot be read.
            OutputError: it cannot be deleted.
        """
        with self._lock:
            self._unchanged(photo, revision)
            try:
                withdraw_correction(self.photos.results, photo.record.name)
            finally:
                self.photos.read(photo.record.name)

    def _drawn(self, photo: Photo, said: Said, part: Mask | None) -> Mask:
        """The corrected mask: what was sent, or the mask that counts with what was sent of it."""
        size, name = size_of(photo.record), photo.record.name
        if part is None:
            return self.levels.whole_mask(photo)
        if said.left is None and said.top is None:
            require_size(part.shape, size, f"{name}: the corrected mask")
            return part
        left, top = said.left or 0, said.top or 0
        bottom, right = top + part.shape[0], left + part.shape[1]
        if bottom > size[0] or right > size[1]:
            raise DataError(
                f"{name}: a part of the mask to x {right}, y {bottom}, expected within {size[1]}x{size[0]} "
                "pixels"
            )
        whole = self.levels.whole_mask(photo).copy()
        whole[top:bottom, left:right] = part
        return whole

    def _unchanged(self, photo: Photo, revision: str, mask_stamp: str | None = None) -> Photo:
        """The photo as it is now, if it is as it was seen; on the disk, where other programs may write."""
        name = photo.record.name
        read_correction(self.photos.results, name)  # one that cannot be read is no other tab's
        now = correction_checksum(self.photos.results, name) or ""
        if now != self.photos.named(name).revision:
            self.photos.read(name)
        self.photos.look(name)  # the model's mask may be another one, which the person has not seen
        now_known = self.photos.named(name)
        if now != revision or mask_stamp not in (None, now_known.mask_stamp):
            raise Conflict
        return now_known


def _decoded(mask: bytes) -> Mask:
    with opened_image(mask, "the mask") as image:
        width, height = image.size
        if image.format != "PNG" or width * height > LARGEST_MASK:
            raise PhotoError(
                f"the mask: {image.format} of {width}x{height} pixels, expected PNG of at most "
                f"{LARGEST_MASK:,}"
            )
    values = decoded_by_opencv(mask, "the mask")
    if values.dtype != np.uint8:
        raise PhotoError("the mask: a damaged PNG, or not of 8 bits; save it again")
    red = values if values.ndim == 2 else values[..., 2]  # the first of RGB is OpenCV's third
    return np.asarray(red > 127)
