"""What one worker does with its photos: find the cracks, and write the results behind."""

import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

import cv2
import numpy as np
from jaxtyping import UInt8

from upcracknet.data.photo import save_image_atomically
from upcracknet.detection import CrackDetector, CrackMap
from upcracknet.errors import PhotoError
from upcracknet.files import delete, write_atomically
from upcracknet.heard import hearing
from upcracknet.results.inspecting import measure_record, too_large_pixel
from upcracknet.results.jpeg import jpeg
from upcracknet.results.measuring import Measuring
from upcracknet.results.opening import place_is_lost
from upcracknet.results.planning import Work
from upcracknet.results.raster import RasterResult, detect_raster
from upcracknet.results.records import Record
from upcracknet.results.settings import ResultSettings
from upcracknet.results.sources import ReadInWindows, Source
from upcracknet.results.street import street_scene
from upcracknet.results.video import read_frames
from upcracknet.results.where_road import dimmed
from upcracknet.results.writing import WritableResults

TileProgress = Callable[[Work, int, int], None]
"""Called with a large photo, the number of its tiles done and of all."""


class _FinishedElsewhere(Exception):  # noqa: N818 - no error
    """Another worker finished the photo meanwhile; see :meth:`.WritableResults.begin`."""

    def __init__(self, record: Record) -> None:
        super().__init__(record.name)
        self.record = record


class Worker:
    """Finds the cracks of photos one after the other and writes what is found.

    Args:
        detector: finds the cracks.
        results: where the results go.
        settings: what the results depend on, and which are written.
        measuring: how the cracks are measured; None does not measure them.
        progress: called with the tiles of large photos.
    """

    def __init__(
        self,
        detector: CrackDetector,
        results: WritableResults,
        settings: ResultSettings,
        measuring: Measuring | None = None,
        progress: TileProgress = lambda work, done, total: None,
    ) -> None:
        self.detector, self.results, self.settings = detector, results, settings
        self.measuring, self.progress = measuring, progress
        self._heard: dict[str, list[str]] = {}

    def process(self, photos: Iterable[Work]) -> Iterator[Record]:
        """Find the cracks of photos and write their results.

        Yields:
            the record of each photo; of one that cannot be used, what is wrong. Large photos come last.

        Raises:
            OutputError: the results cannot be written.
        """
        large: list[Work] = []
        waiting: deque[Future[Record]] = deque()
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)  # readers, writers and the network have all cores between them
        try:
            writers_at_once = self.detector.helpers
            with ThreadPoolExecutor(writers_at_once) as writers:
                for work, found in self.detector.detect_each(self._opened(photos)):
                    if isinstance(found, ReadInWindows):
                        large.append(work)
                        continue
                    waiting.append(writers.submit(self.write, work, found))
                    while waiting and (waiting[0].done() or len(waiting) > writers_at_once):
                        yield waiting.popleft().result()
                yield from (record.result() for record in waiting)
            for work in large:
                yield self.detect_large(work)
        finally:
            cv2.setNumThreads(threads)

    def write(self, work: Work, found: CrackMap | PhotoError) -> Record:
        """Measure what was found in a photo, and write its results.

        Returns:
            the record of the photo; of one that cannot be used, what is wrong.

        Raises:
            OutputError: the results cannot be written.
        """
        heard = self._heard.pop(work.name, [])
        finished = self.results.begin(work.name, work.record)
        if finished is not None:
            return finished
        if isinstance(found, PhotoError):
            return self._failed(work, found)
        mask, overlay, score = self._files(work, ".png")
        on_road, warnings = self.settings.where.in_photo(work.source.address, (found.height, found.width))
        warnings += heard
        if on_road is None:
            warnings += street_scene(found.photo)
            on_road_pixels = found.mask.size
        else:
            found = replace(found, mask=found.mask & on_road)
            on_road_pixels = int(np.count_nonzero(on_road))
        self._save(mask, found.mask.astype(np.uint8) * np.uint8(255))
        if overlay is not None:
            self._save_jpeg(overlay, dimmed(found.overlay(), on_road))
        if score is not None and score.endswith(".npy"):
            buffer = io.BytesIO()
            np.save(buffer, found.score)
            write_atomically(self.results.file(score), buffer.getvalue(), scratch=self.results.scratch)
        elif score is not None:
            self._save(score, np.rint(found.score.clip(0, 1) * 65535).astype(np.uint16))
        frame = None
        if self.settings.keep_frames and work.source.frame is not None:
            frame = f"frames/{work.name}.jpg"
            self._save_jpeg(frame, found.photo)
        files = {"mask": mask, "overlay": overlay, "score": score, "frame": frame}
        return self._done(work, found, files, on_road_pixels, warnings)

    def detect_large(self, work: Work) -> Record:
        """Find the cracks of an image that is read in windows, and write its results; see :meth:`write`."""
        assert work.source.path is not None
        mask, overlay, score = self._files(work, ".tif")

        def begin() -> None:
            work.source.require_unchanged()
            finished = self.results.begin(work.name, work.record)
            if finished is not None:
                raise _FinishedElsewhere(finished)

        try:
            begin()
            with hearing() as heard:
                found = detect_raster(
                    self.detector,
                    work.source.path,
                    self.results.file(mask),
                    overlay=None if overlay is None else self.results.file(overlay),
                    score=None if score is None else self.results.file(score),
                    scratch=self.results.scratch,
                    where=self.settings.where,
                    progress=lambda done, total: self.progress(work, done, total),
                    before_writing=begin,  # again, as scoring can take hours
                )
            work.source.require_unchanged()
        except _FinishedElsewhere as other:
            return other.record
        except PhotoError as error:
            finished = self.results.begin(work.name, work.record)
            if (
                finished is None
            ):  # no record names what was written; it would stand in the way of the next run
                for file in filter(None, (mask, overlay, score)):
                    delete(self.results.file(file))
            return finished or self._failed(work, error)
        files = {"mask": mask, "overlay": overlay, "score": score}
        return self._done(work, found, files, found.road_pixels, [*found.warnings, *heard])

    def _opened(
        self, photos: Iterable[Work]
    ) -> Iterator[tuple[Work, Callable[[], UInt8[np.ndarray, "h w 3"]]]]:
        """What loads each photo; videos are decoded on the way, once and in order."""
        for video, works in groupby(photos, key=lambda work: work.source.frame and work.source.frame[0]):
            if video is None:
                yield from ((work, partial(self._load, work)) for work in works)
                continue
            frames = {work.source.frame[1]: work for work in works if work.source.frame is not None}
            for at, frame in read_frames(video, sorted(frames)):
                yield frames[at], partial(_require, frames[at].source, frame)

    def _load(self, work: Work) -> UInt8[np.ndarray, "h w 3"]:
        """Load a photo, in any thread, and keep what libraries warn of for its record."""
        with hearing() as heard:
            photo = work.source.load()
        if heard:
            self._heard[work.name] = heard
        return photo

    def _files(self, work: Work, suffix: str) -> tuple[str, str | None, str | None]:
        """Mask, overlay and score of a photo, below the result folder."""
        settings = self.settings
        score = suffix if suffix == ".tif" or settings.scores == "png" else ".npy"
        return (
            f"masks/{work.name}{suffix}",
            f"overlays/{work.name}.jpg" if settings.overlays else None,
            f"scores/{work.name}{score}" if settings.scores != "none" else None,
        )

    def _save(self, file: str, picture: np.ndarray) -> None:
        save_image_atomically(self.results.file(file), picture, scratch=self.results.scratch)

    def _save_jpeg(self, file: str, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        write_atomically(self.results.file(file), jpeg(picture), scratch=self.results.scratch)

    def _done(
        self,
        work: Work,
        found: CrackMap | RasterResult,
        files: dict[str, str | None],
        road_pixels: int,
        warnings: list[str],
    ) -> Record:
        scale = found.millimetres_per_pixel if isinstance(found, RasterResult) else None
        if work.source.note is not None:
            warnings = [work.source.note, *warnings]
        warnings += too_large_pixel(scale)
        if work.source.path is not None and place_is_lost(work.source.path):
            warnings.append("its place on the ground is not kept; run `pip install 'upcracknet[survey]'`")
        record = self._record(
            work,
            status="done",
            width=found.width,
            height=found.height,
            crack_pixels=found.crack_pixels,
            road_pixels=road_pixels,
            area_share=round(found.crack_pixels / road_pixels, 6) if road_pixels else None,
            crack_area_cm2=None if scale is None else round(found.crack_pixels * scale**2 / 100, 3),
            millimetres_per_pixel=scale,
            threshold=round(found.threshold, 6),
            **files,
            warning="; ".join(warnings) or None,
        )
        measuring = work.measuring or self.measuring
        if measuring is not None:
            whole = (found.mask, found.photo) if isinstance(found, CrackMap) else None
            record = measure_record(record, self.results, measuring, whole)
        return self.results.finish(record)

    def _failed(self, work: Work, error: PhotoError) -> Record:
        return self.results.finish(self._record(work, status="failed", error=str(error)))

    def _record(self, work: Work, **content: Any) -> Record:
        source = work.source
        return Record(
            name=work.name,
            photo=source.address,
            photo_relative=self.results.relative(source),
            stamp=source.stamp,
            taken_at=source.taken_at,
            settings=self.settings.of(source),
            **content,
        )


def _require(source: Source, frame: UInt8[np.ndarray, "h w 3"] | PhotoError) -> UInt8[np.ndarray, "h w 3"]:
    """A frame, or what is wrong with it."""
    source.require_unchanged()
    if isinstance(frame, PhotoError):
        raise frame
    return frame
