"""What one worker does with its photos: find the cracks, and write the results behind."""

import io
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np

from upcracknet.data.photo import save_image_atomically
from upcracknet.detection import CrackDetector, CrackMap
from upcracknet.errors import PhotoError
from upcracknet.files import write_atomically
from upcracknet.results.inspecting import measure_record, too_large_pixel
from upcracknet.results.jpeg import jpeg
from upcracknet.results.measuring import Measuring
from upcracknet.results.opening import place_is_lost
from upcracknet.results.planning import Work
from upcracknet.results.raster import RasterResult, detect_raster
from upcracknet.results.records import Record
from upcracknet.results.settings import ResultSettings
from upcracknet.results.sources import ReadInWindows
from upcracknet.results.writing import WritableResults

WRITERS = 2
"""Threads that write the results of photos while the next are scored."""

TileProgress = Callable[[Work, int, int], None]
"""Called with a large photo, the number of its tiles done and of all."""


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
            with ThreadPoolExecutor(WRITERS) as writers:
                for work, found in self.detector.detect_each((work, work.source.load) for work in photos):
                    if isinstance(found, ReadInWindows):
                        large.append(work)
                        continue
                    waiting.append(writers.submit(self.write, work, found))
                    while waiting and (waiting[0].done() or len(waiting) > WRITERS):
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
        self.results.begin(work.name)
        if isinstance(found, PhotoError):
            return self._failed(work, found)
        mask, overlay, score = self._files(work, ".png")
        self._save(mask, found.mask.astype(np.uint8) * np.uint8(255))
        if overlay is not None:
            write_atomically(self.results.file(overlay), jpeg(found.overlay()), scratch=self.results.scratch)
        if score is not None and score.endswith(".npy"):
            buffer = io.BytesIO()
            np.save(buffer, found.score)
            write_atomically(self.results.file(score), buffer.getvalue(), scratch=self.results.scratch)
        elif score is not None:
            self._save(score, np.rint(found.score.clip(0, 1) * 65535).astype(np.uint16))
        return self._done(work, found, mask, overlay, score)

    def detect_large(self, work: Work) -> Record:
        """Find the cracks of an image that is read in windows, and write its results; see :meth:`write`."""
        assert work.source.path is not None
        self.results.begin(work.name)
        mask, overlay, score = self._files(work, ".tif")
        try:
            found = detect_raster(
                self.detector,
                work.source.path,
                self.results.file(mask),
                overlay=None if overlay is None else self.results.file(overlay),
                score=None if score is None else self.results.file(score),
                scratch=self.results.scratch,
                progress=lambda done, total: self.progress(work, done, total),
            )
            work.source.require_unchanged()
        except PhotoError as error:
            return self._failed(work, error)
        return self._done(work, found, mask, overlay, score)

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

    def _done(
        self, work: Work, found: CrackMap | RasterResult, mask: str, overlay: str | None, score: str | None
    ) -> Record:
        scale = found.millimetres_per_pixel if isinstance(found, RasterResult) else None
        warnings = [*found.warnings] if isinstance(found, RasterResult) else []
        warnings += too_large_pixel(scale)
        if work.source.path is not None and place_is_lost(work.source.path):
            warnings.append("its place on the ground is not kept; run `pip install 'upcracknet[survey]'`")
        record = self._record(
            work,
            status="done",
            width=found.width,
            height=found.height,
            crack_pixels=found.crack_pixels,
            road_pixels=found.valid_pixels if isinstance(found, RasterResult) else found.mask.size,
            area_share=round(found.area_share, 6),
            crack_area_cm2=None if scale is None else round(found.crack_pixels * scale**2 / 100, 3),
            millimetres_per_pixel=scale,
            threshold=round(found.threshold, 6),
            mask=mask,
            overlay=overlay,
            score=score,
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
            settings=self.settings.to_dict(),
            **content,
        )
