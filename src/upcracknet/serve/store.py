"""The folder of the service: photos that were sent, the table of jobs, and a result folder."""

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, runtime_checkable

from upcracknet.data.image_file import opened_image
from upcracknet.errors import DataError, OutputError, PhotoError
from upcracknet.files import one_line, stamp_of_file
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales
from upcracknet.measure.severity import StandardName
from upcracknet.results.measuring import Measuring
from upcracknet.results.planning import Work
from upcracknet.results.records import Record
from upcracknet.results.sources import Source
from upcracknet.results.writing import WritableResults, open_results
from upcracknet.serve.jobs import AcceptedPhoto, Jobs, new_id
from upcracknet.serve.jobs_file import open_jobs
from upcracknet.serve.options import MEGABYTE, ServiceOptions

CHUNK = 1 << 20
"""Bytes that are copied at a time."""

LEAST_FREE = 1_000_000_000
"""Bytes that stay free on the disk: with less, nothing is accepted."""

INTERNAL = ("name", "photo", "photo_relative", "stamp", "score", "cracks", "picture", "settings", "measures")
"""Fields of a record that are of this machine alone, or are answered in another way."""


@runtime_checkable
class Readable(Protocol):
    """A file that was sent, of which only this is asked."""

    def read(self, size: int = -1, /) -> bytes:
        """Read so many bytes, or what is left."""


class TooLarge(PhotoError):  # noqa: N818 - as errors of photos are called
    """A photo of more bytes or pixels than are accepted."""


class Store:
    """What the service keeps on the disk. Names there are its own; those of senders are only shown.

    Args:
        results: the result folder, claimed.
        jobs: the table of accepted photos.
        measuring: how cracks are measured where a sender says nothing else.
        options: what is accepted.
    """

    def __init__(
        self, results: WritableResults, jobs: Jobs, measuring: Measuring, options: ServiceOptions
    ) -> None:
        self.results, self.jobs, self.measuring, self.options = results, jobs, measuring, options
        self.uploads = results.path / "uploads"
        self.uploads.mkdir(exist_ok=True)
        jobs.recover()
        needed = jobs.unfinished()
        for left in self.uploads.iterdir():  # of requests that a crash cut short
            if left.name not in needed:
                left.unlink()

    def require_room(self, photos: int) -> None:
        """Refuse photos of a job for which there is no room.

        Raises:
            OutputError: the disk is nearly full, or too many photos wait.
        """
        if shutil.disk_usage(self.results.path).free < LEAST_FREE:
            raise OutputError("the disk of the service is nearly full; try again later")
        if photos and self.jobs.waiting() + photos > self.options.max_waiting_photos:
            raise OutputError(
                f"more than {self.options.max_waiting_photos:,} photos of jobs would wait; try again later"
            )

    def receive(
        self,
        file: Readable,
        file_name: str | None,
        millimetres_per_pixel: float | None = None,
        standard: StandardName | None = None,
    ) -> AcceptedPhoto:
        """Put a photo that was sent on the disk, and look whether it is one; nothing is decoded.

        Args:
            file: its content.
            file_name: what its sender calls it.
            millimetres_per_pixel: size of a pixel on the road.
            standard: whose severities.

        Raises:
            PhotoError: it is no photo, or claims impossible sizes.
            TooLarge: it has more bytes or pixels than are accepted.
            OSError: it cannot be written.
        """
        photo = AcceptedPhoto(new_id(), None, _shown(file_name), millimetres_per_pixel, standard)
        path = self.uploads / photo.id
        try:
            self._copy(file, path)
            self._require_usual_size(path)
        except BaseException as error:
            path.unlink(missing_ok=True)
            if isinstance(error, PhotoError):
                raise type(error)(str(error).removeprefix(f"{path}: ")) from error
            raise
        return photo

    def receive_job(
        self,
        sent: Sequence[tuple[Readable, str | None]],
        millimetres_per_pixel: float | None = None,
        standard: StandardName | None = None,
    ) -> str:
        """Put the photos of a job on the disk; those that cannot be used fail, and cost no others.

        Args:
            sent: content of each photo, and what its sender calls it.
            millimetres_per_pixel: size of a pixel on the road.
            standard: whose severities.

        Returns:
            the id of the job, which a crash does not lose any more.

        Raises:
            OutputError: there is no room.
            OSError: a photo cannot be written.
        """
        self.require_room(len(sent))
        photos = []
        for file, file_name in sent:
            try:
                photos.append(self.receive(file, file_name, millimetres_per_pixel, standard))
            except PhotoError as error:
                failed = AcceptedPhoto(new_id(), None, _shown(file_name), state="failed", error=str(error))
                photos.append(failed)
        job = new_id()
        self.jobs.add(photos, job)
        return job

    def work(self, photo: AcceptedPhoto) -> Work:
        """Say what is to be done with a photo."""
        measuring, path = self.measuring, self.uploads / photo.id
        if photo.millimetres_per_pixel is not None:
            scales = SurveyScales(Scale.uniform(photo.millimetres_per_pixel))
            measuring = replace(measuring, scales=scales)
        if photo.standard is not None:
            measuring = replace(measuring, standard=photo.standard)
        return Work(Source(os.path.abspath(path), stamp_of_file(path)), photo.id, measuring)  # noqa: PTH100

    def finish(self, photo: AcceptedPhoto, error: str | None = None) -> str | None:
        """Note that a photo is done, or why it failed; it is no longer kept, its results are.

        Returns:
            the error for its sender: with the name that he gave, and no path of this machine.
        """
        path = self.uploads / photo.id
        if error is not None:
            error = error.replace(os.path.abspath(path), photo.file_name)  # noqa: PTH100
        self.jobs.finish(photo.id, error)
        path.unlink(missing_ok=True)
        return error

    def forget(self, photos: list[str]) -> None:
        """Forget photos, with their results.

        Raises:
            OutputError: their files cannot be deleted.
        """
        for photo in photos:
            self.results.begin(photo)
            (self.uploads / photo).unlink(missing_ok=True)
        if photos:
            self.jobs.forget(photos)

    def expire(self) -> None:
        """Forget what is too old or too much.

        Raises:
            OutputError: files cannot be deleted.
        """
        before = time.time() - self.options.keep_hours * 3600
        self.forget(self.jobs.expired(before, self.options.keep_photos))
        needed = self.jobs.unfinished()
        cancelled = (path for path in self.uploads.iterdir() if path.name not in needed)
        for path in cancelled:
            if (
                time.time() - path.stat().st_mtime > self.options.request_seconds
            ):  # not one that just comes in
                path.unlink(missing_ok=True)

    def record(self, photo: str) -> Record | None:
        """Read what was found in a photo; None where nothing was, or no longer."""
        try:
            return self.results.record(photo)
        except DataError:
            return None

    def answer(self, photo: AcceptedPhoto, record: Record, mask: str, overlay: str | None) -> bytes:
        """Say as JSON what was found in a photo.

        Args:
            photo: the photo.
            record: of it.
            mask: address of its mask, or a data URI.
            overlay: the same of the overlay.

        Raises:
            OSError: the measures cannot be read.
        """
        known = {key: value for key, value in asdict(record).items() if key not in INTERNAL}
        content: dict[str, Any] = {"id": photo.id, "file_name": photo.file_name}
        text = json.dumps(content | known | {"mask": mask, "overlay": overlay})
        # As it stands in the file: a network of cracks has a hundred thousand places.
        cracks = b"null" if record.cracks is None else self.results.file(record.cracks).read_bytes().strip()
        hidden = os.path.abspath(self.uploads / photo.id)  # noqa: PTH100
        text = text.replace(json.dumps(hidden)[1:-1], json.dumps(photo.file_name)[1:-1])
        return b'%s, "measures": %s}\n' % (text[:-1].encode(), cracks)

    def _require_usual_size(self, path: Path) -> None:
        with opened_image(path, str(path)) as image:
            width, height = image.size  # EXIF is not asked for: to find it, Pillow decodes a PNG
        if height * width > self.options.max_megapixels * 1e6:
            raise TooLarge(
                f"{width}x{height} pixels, accepted are {self.options.max_megapixels:g} megapixels; cut it "
                "in parts, or use `upcracknet detect`"
            )

    def _copy(self, file: Readable, path: Path) -> None:
        megabytes, size = self.options.max_photo_mb, 0
        with path.open("xb") as copy:
            while chunk := file.read(CHUNK):
                size += len(chunk)
                if size > megabytes * MEGABYTE:
                    raise TooLarge(
                        f"more than {megabytes} million bytes; save it smaller, or use `upcracknet detect`"
                    )
                copy.write(chunk)
            copy.flush()
            os.fsync(copy.fileno())


@contextmanager
def open_store(measuring: Measuring, options: ServiceOptions) -> Iterator[Store]:
    """Open the folder of the service, or make a temporary one that is deleted at the end.

    Raises:
        OutputError: another process has it, or it cannot be written.
        DataError: it is of a newer version.
    """
    with ExitStack() as opened:
        folder = options.folder or Path(opened.enter_context(TemporaryDirectory(prefix="upcracknet-")))
        results = opened.enter_context(open_results(folder))
        jobs = opened.enter_context(open_jobs(folder / "jobs.sqlite"))
        try:
            store = Store(results, jobs, measuring, options)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written ({one_line(error)})") from error
        yield store


def _shown(file_name: str | None) -> str:
    """A sender's name of a photo, as it may be shown."""
    return "".join(sign for sign in file_name or "photo" if sign.isprintable())[:255] or "photo"
