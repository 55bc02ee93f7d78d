"""What one worker does with its photos: read ahead, find the cracks, write behind."""

import io
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import UInt8

from upcracknet.detection import CrackDetector, CrackMap
from upcracknet.detection.detector import check_size
from upcracknet.detection.tiling import ScoreCanvas
from upcracknet.errors import PhotoError
from upcracknet.files import write_atomically
from upcracknet.runtime import Precision, Runtime
from upcracknet.survey.raster import RasterResult, detect_raster, is_for_windows
from upcracknet.survey.records import measures, write_record
from upcracknet.survey.storage import PhotoReference

AHEAD = 2
"""Photos that are read, and written, beside those whose cracks are looked for; more of small ones."""

OVERLAY_QUALITY = 90


@dataclass(frozen=True)
class SurveySettings:
    """What the results of a survey depend on.

    Attributes:
        model: as for :meth:`~upcracknet.detection.CrackDetector.from_pretrained`.
        checksum: of the model's weights; None for classical methods.
        preset: name of the detection settings; None takes the model's own.
        runtime: engine of the network.
        precision: what the engine calculates in.
        overlap: overlap of neighbouring tiles in pixels; None takes the usual one.
        overlays: write the photo with its cracks in red.
        scores: write the score map.
        millimetres_per_pixel: size of a pixel on the road.
    """

    model: str = "default"
    checksum: str | None = None
    preset: str | None = None
    runtime: Runtime = "auto"
    precision: Precision = "fp32"
    overlap: int | None = None
    overlays: bool = True
    scores: bool = False
    millimetres_per_pixel: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the records."""
        return asdict(self)


class SurveyWorker:
    """Finds the cracks of photos one after the other; the next is read and the last written meanwhile.

    Args:
        folder: where the results go.
        settings: how.
        threads: threads of the network; None leaves them as they are.

    Raises:
        WeightsError: no such model, or unusable weights.
        ConfigurationError: an unknown preset, or an engine that is not installed.
    """

    def __init__(self, folder: Path, settings: SurveySettings, threads: int | None = None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        cv2.setNumThreads(1)  # readers, writers and the network have all cores between them
        self.folder, self.settings = folder, settings
        self.detector = CrackDetector.from_pretrained(
            settings.model,
            preset=settings.preset,
            overlap=settings.overlap,
            runtime=settings.runtime,
            precision=settings.precision,
        )

    def process(self, photos: Iterable[PhotoReference]) -> Iterator[dict[str, Any]]:
        """Find the cracks of photos and write their results.

        Yields:
            The record of each photo, in their order; of one that cannot be used, what was wrong.

        Raises:
            OutputError: the results cannot be written.
        """
        with ThreadPoolExecutor(AHEAD) as readers, ThreadPoolExecutor(AHEAD) as writers:
            # One place a photo, in their order; empty while its cracks are looked for, with its batch.
            places: deque[list[Future[dict[str, Any]]]] = deque()
            in_work: deque[tuple[PhotoReference, list[Future[dict[str, Any]]]]] = deque()

            def loaded() -> Iterator[UInt8[np.ndarray, "h w 3"]]:
                for photo, content in self._read_ahead(photos, readers):
                    place: list[Future[dict[str, Any]]] = []
                    places.append(place)
                    try:
                        values = content.result()
                        if values is not None:
                            check_size(values.shape[0], values.shape[1], photo.address)
                    except PhotoError as error:
                        place.append(writers.submit(self._failed, photo, str(error)))
                        continue
                    if values is None:
                        assert photo.path is not None
                        record: Future[dict[str, Any]] = Future()
                        # Here and not by a writer: two networks at a time are slower.
                        record.set_result(self._raster(photo, photo.path))
                        place.append(record)
                    else:
                        in_work.append((photo, place))
                        yield values

            for canvas in self.detector.scored(loaded()):
                photo, place = in_work.popleft()
                place.append(writers.submit(self._finish, photo, canvas))
                while places and places[0] and (places[0][0].done() or self._waiting(places) > AHEAD):
                    yield places.popleft()[0].result()
            for place in places:
                yield place[0].result()

    @staticmethod
    def _waiting(places: Iterable[list[Future[dict[str, Any]]]]) -> int:
        """Photos that are being written."""
        return sum(bool(place) and not place[0].done() for place in places)

    def _read_ahead(
        self, photos: Iterable[PhotoReference], readers: ThreadPoolExecutor
    ) -> Iterator[tuple[PhotoReference, "Future[UInt8[np.ndarray, 'h w 3'] | None]"]]:
        """The photos while the next are read: as many of them as share a batch."""
        waiting: deque[tuple[PhotoReference, Future[Any]]] = deque()
        ahead = AHEAD
        for photo in photos:
            waiting.append((photo, readers.submit(_load, photo)))
            if len(waiting) > ahead:
                first, content = waiting.popleft()
                yield first, content
                ahead = self._together(content)
        yield from waiting

    def _together(self, content: "Future[UInt8[np.ndarray, 'h w 3'] | None]") -> int:
        """How many photos to read ahead after this one."""
        values = content.result() if content.exception() is None else None
        return AHEAD if values is None else max(AHEAD, self.detector.tiles_at_once(values.shape))

    def _finish(self, photo: PhotoReference, canvas: ScoreCanvas) -> dict[str, Any]:
        found = self.detector.crack_map(canvas)
        files = {"mask": f"masks/{photo.name}.png", "overlay": None, "score": None}
        found.save_mask(self.folder / f"masks/{photo.name}.png")
        if self.settings.overlays:
            files["overlay"] = f"overlays/{photo.name}.jpg"
            _save_jpeg(self.folder / f"overlays/{photo.name}.jpg", found.overlay())
        if self.settings.scores:
            files["score"] = f"scores/{photo.name}.png"
            found.save_score(self.folder / f"scores/{photo.name}.png")
        return self._done(photo, found, files)

    def _raster(self, photo: PhotoReference, path: Path) -> dict[str, Any]:
        files = {"mask": f"masks/{photo.name}.tif", "overlay": None, "score": None}
        if self.settings.overlays:
            files["overlay"] = f"overlays/{photo.name}.jpg"
        if self.settings.scores:
            files["score"] = f"scores/{photo.name}.tif"
        try:
            found = detect_raster(
                self.detector,
                path,
                self.folder / f"masks/{photo.name}.tif",
                overlay=None if files["overlay"] is None else self.folder / files["overlay"],
                score=None if files["score"] is None else self.folder / files["score"],
            )
        except PhotoError as error:
            return self._failed(photo, str(error))
        return self._done(photo, found, files)

    def _done(
        self, photo: PhotoReference, found: CrackMap | RasterResult, files: dict[str, str | None]
    ) -> dict[str, Any]:
        measured = measures(found, self.settings.millimetres_per_pixel)
        return self._recorded(photo, {"status": "done", **measured, **files})

    def _failed(self, photo: PhotoReference, error: str) -> dict[str, Any]:
        return self._recorded(photo, {"status": "failed", "error": error})

    def _recorded(self, photo: PhotoReference, content: dict[str, Any]) -> dict[str, Any]:
        record = {"name": photo.name, "photo": photo.address, "stamp": photo.stamp, **content}
        record["settings"] = self.settings.to_dict()
        write_record(self.folder, record)
        return record


def _load(photo: PhotoReference) -> UInt8[np.ndarray, "h w 3"] | None:
    """The photo; None if it is to be read in windows."""
    if photo.path is not None and is_for_windows(photo.path):
        return None
    return photo.load()


def _save_jpeg(path: Path, picture: UInt8[np.ndarray, "h w 3"]) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "jpeg", quality=OVERLAY_QUALITY)
    write_atomically(path, buffer.getvalue())
