"""The one inference path: any photo in, its crack map out."""

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL.Image import Image

from upcracknet.data.photo import PhotoSource, load_photo
from upcracknet.detection.batches import Batches, Piece, Scoring
from upcracknet.detection.crack_map import CrackMap
from upcracknet.detection.rows import CrackRows, Progress, ReadTile, Wanted, scored_rows
from upcracknet.detection.scorer import Scorer
from upcracknet.detection.threshold import Threshold
from upcracknet.detection.tiling import ScoreCanvas, tile_starts
from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.runtime import Engine, Precision, Runtime

MINIMUM_SIDE = 16  # pixels; a smaller picture cannot show a crack and the road around it
FREE_TILE = 768
"""Largest side of a tile in pixels for scorers that take any size; the usual datasets' photos fit in one."""

FREE_OVERLAP = 96
"""Overlap of such tiles, in pixels: twice as much is a third more work, for 0.2 points of IoU on synthetic
roads of 3 megapixels (docs/results/speed.md)."""

FREE_STEP = 64
"""Sides of such tiles are multiples of this, so that no network has to continue them."""

HELPERS = 2
"""Threads that read photos, and threads that write results, while a processor scores others."""

Photo = PhotoSource
Key = TypeVar("Key")


class CrackDetector:
    """Finds cracks in road photos of any size.

    Photos larger than the scorer's input are scored in overlapping tiles that are blended; smaller ones are
    mirrored at their edges. Tiles of several photos share a batch, and only the photos in work are held in
    memory.

    Args:
        scorer: from images to scores.
        threshold: from scores to a mask.
        overlap: overlap of neighbouring tiles in pixels, up to half a tile; None takes a quarter of the
            scorer's own tile, or 96 pixels if it takes any size. It is never more than half the shorter side
            of an image that fits in such a tile.
        batch_size: most tiles scored at a time, see :class:`.Batches`; None takes what suits the device.
        millimetres_per_pixel: size of a pixel on the road, copied to each result.

    Attributes:
        helpers: threads that read photos, and photos that are read ahead, more of small ones; as many threads
            may write results. Beside a card, the processor's cores are free for both.

    Raises:
        ConfigurationError: an impossible overlap, batch size or size of a pixel.
    """

    def __init__(
        self,
        scorer: Scorer,
        threshold: Threshold,
        *,
        overlap: int | None = None,
        batch_size: int | None = None,
        millimetres_per_pixel: float | None = None,
    ) -> None:
        tile = scorer.input_size or FREE_TILE
        if overlap is None:
            overlap = FREE_OVERLAP if scorer.input_size is None else tile // 4
        if not 0 <= overlap <= tile // 2:
            raise ConfigurationError(
                f"overlap of {overlap} pixels: expected 0 to {tile // 2}, half the tile of {tile}"
            )
        if millimetres_per_pixel is not None and not 0 < millimetres_per_pixel < math.inf:
            raise ConfigurationError(
                f"millimetres per pixel: {millimetres_per_pixel:g}, expected a number above 0, such as 1.5"
            )
        self.scorer, self.threshold = scorer, threshold
        self.overlap, self.batches = overlap, Batches(scorer, batch_size)
        self.helpers = max(HELPERS, (os.cpu_count() or 1) // 2) if self.batches.on_card else HELPERS
        self.millimetres_per_pixel = millimetres_per_pixel

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "default",
        *,
        preset: str | None = None,
        overlap: int | None = None,
        batch_size: int | None = None,
        millimetres_per_pixel: float | None = None,
        runtime: Runtime = "torch",
        precision: Precision = "fp32",
        device: str = "auto",
    ) -> "CrackDetector":
        """Load a shipped or self-trained model.

        Args:
            model: ``default``, ``up-cracknet-32``, ``up-cracknet-32-calibrated`` (the same weights with
                calibrated settings), a run folder of ``upcracknet train``, a ``.safetensors`` file, or a
                file of ``upcracknet export``.
            preset: name of the detection settings; None takes the model's own.
            overlap: overlap of neighbouring tiles in pixels; None takes the usual one.
            batch_size: most tiles scored at a time; None takes what suits the device.
            millimetres_per_pixel: size of a pixel on the road, copied to each result.
            runtime: engine of the network: ``torch``, ``onnx``, ``openvino``, or ``auto`` for the fastest
                that is installed.
            precision: ``fp32``; ``fp16`` (on cards), ``bf16`` and ``int8`` are faster and slightly different.
            device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``, ``gpu`` (of openvino and onnx), or ``auto`` for a
                card of PyTorch where there is one.

        Raises:
            WeightsError: no such model, or unusable weights.
            ConfigurationError: a preset that the model does not have, or an engine or a
                device that is not there.
        """
        from upcracknet.detection.pretrained import load_pretrained  # only when weights are asked for

        pretrained = load_pretrained(model, preset, Engine(runtime, precision, device=device))
        return cls(
            pretrained.scorer,
            pretrained.threshold,
            overlap=overlap,
            batch_size=batch_size,
            millimetres_per_pixel=millimetres_per_pixel,
        )

    def detect(self, photo: Photo) -> CrackMap:
        """Find the cracks of one photo.

        Args:
            photo: a path, an array or tensor H×W×3 (RGB) or H×W of whole numbers or floats in [0, 1], a PIL
                image, or the bytes of an image file; any size from 16×16 pixels.

        Raises:
            PhotoError: the photo cannot be used.
        """
        return next(self.detect_many([photo]))

    def detect_many(self, photos: Iterable[Photo]) -> Iterator[CrackMap]:
        """Find the cracks of many photos, in order, holding only those in work.

        Raises:
            PhotoError: a photo cannot be used; crack maps of the photos before it have been given by then.
        """
        if isinstance(photos, str | bytes | Path | Image) or (
            isinstance(photos, np.ndarray | torch.Tensor) and photos.ndim <= 3
        ):
            raise PhotoError(
                f"{str(photos)[:80]}: one photo, expected a list; give [photo], or take detect()"
            )
        named = ((photo if isinstance(photo, str | Path) else "photo", photo) for photo in photos)
        for _, found in self.detect_each(named):
            if isinstance(found, PhotoError):
                raise found
            yield found

    def detect_each(
        self, items: Iterable[tuple[Key, Photo | Callable[[], Photo]]]
    ) -> Iterator[tuple[Key, CrackMap | PhotoError]]:
        """Find the cracks of many photos, each with a key that says whose result it is.

        Photos are read by other threads while those before them are scored; only those in work are held.

        Args:
            items: a key and a photo, or a function that gives the photo and is called by another thread.
                Errors name a photo as its key prints.

        Yields:
            the key and the photo's cracks, or what is wrong with the photo; in the order of the items.
        """
        waiting: deque[tuple[Key, ScoreCanvas | PhotoError]] = deque()
        batch: list[Piece] = []

        def finished() -> Iterator[tuple[Key, CrackMap | PhotoError]]:
            while waiting and (isinstance(waiting[0][1], PhotoError) or waiting[0][1].done):
                key, canvas = waiting.popleft()
                yield key, canvas if isinstance(canvas, PhotoError) else self._found(str(key), canvas)

        with Scoring(self.batches) as scoring:
            for key, canvas in self._read_ahead(items):
                waiting.append((key, canvas))
                if isinstance(canvas, ScoreCanvas):
                    for tile, pixels in canvas.pieces():
                        if batch and batch[0][2].shape != pixels.shape:
                            scoring.score(batch)
                            batch = []
                        batch.append((canvas, tile, pixels))
                        if len(batch) >= self.batches.size(tile.height, tile.width):
                            scoring.score(batch)
                            batch = []
                yield from finished()
            scoring.score(batch)
            scoring.finish()
        yield from finished()

    def detect_rows(
        self,
        read: ReadTile,
        size: tuple[int, int],
        name: str,
        scratch: Path,
        *,
        wanted: Wanted = lambda tile: True,
        progress: Progress = lambda done, total: None,
    ) -> CrackRows:
        """Find the cracks of an image that is too large to be held, by rows of the same tiles.

        Args:
            read: gives the pixels of a tile; beyond the image their mirror image.
            size: height and width of the image in pixels.
            name: of the image, for errors.
            scratch: file for the scores, four bytes a pixel; the caller deletes it.
            wanted: tells which tiles are scored; where no other one reaches, the score is 0.
            progress: called with the number of tiles done and of all.

        Raises:
            PhotoError: the image is too small to show a crack, or a tile does not fit into memory.
            OSError: the file cannot be written.
        """
        tile, overlap = self._tiles(size, name)
        rows = scored_rows(
            self.batches, read, size, tile, overlap, name=name, wanted=wanted, progress=progress
        )
        return CrackRows.stored(rows, self.threshold, scratch, size[1])

    def _found(self, name: str, canvas: ScoreCanvas) -> CrackMap | PhotoError:
        if canvas.failure is not None:
            return PhotoError(f"{name}: {canvas.failure}")
        score = canvas.result()
        level = self.threshold.level_of(score)
        mask = self.threshold.mask(score, level)
        return CrackMap(canvas.photo, score, mask, level, self.millimetres_per_pixel)

    def _read_ahead(
        self, items: Iterable[tuple[Key, Photo | Callable[[], Photo]]]
    ) -> Iterator[tuple[Key, ScoreCanvas | PhotoError]]:
        """The photos, opened; the next are read meanwhile, as many as share a batch."""
        waiting: deque[tuple[Key, Future[ScoreCanvas | PhotoError]]] = deque()
        with ThreadPoolExecutor(self.helpers) as readers:
            ahead = self.helpers
            for key, photo in items:
                waiting.append((key, readers.submit(self._open, str(key), photo)))
                if len(waiting) > ahead:
                    key, opened = waiting.popleft()
                    canvas = opened.result()
                    yield key, canvas
                    if not isinstance(canvas, PhotoError):
                        ahead = max(self.helpers, self.batches.ahead(*canvas.photo.shape[:2]))
            yield from ((key, opened.result()) for key, opened in waiting)

    def _open(self, name: str, photo: Photo | Callable[[], Photo]) -> ScoreCanvas | PhotoError:
        try:
            pixels = load_photo(photo() if callable(photo) else photo)
            return ScoreCanvas(pixels, *self._tiles((pixels.shape[0], pixels.shape[1]), name))
        except PhotoError as error:
            return error

    def _tiles(self, size: tuple[int, int], name: str) -> tuple[tuple[int, int], int]:
        """Height and width of the tiles of an image, and their overlap, in pixels."""
        if min(size) < MINIMUM_SIDE:
            raise PhotoError(
                f"{name}: {size[1]}×{size[0]} pixels, at least {MINIMUM_SIDE}×{MINIMUM_SIDE} are needed "
                "to show a crack; give a larger photo"
            )
        side = self.scorer.input_size
        if side is not None:
            return (side, side), self.overlap
        overlap = min(self.overlap, min(*size, FREE_TILE) // 2)
        return (_free_tile(size[0], overlap), _free_tile(size[1], overlap)), overlap


def _free_tile(length: int, overlap: int) -> int:
    """Side of the tiles along a side of an image: no more of them and no larger than needed."""
    if length <= FREE_TILE:
        return length
    count = len(tile_starts(length, FREE_TILE, overlap))
    least = -(-(length + (count - 1) * overlap) // count)
    return min(FREE_TILE, FREE_STEP * -(-least // FREE_STEP))
