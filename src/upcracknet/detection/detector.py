"""The one inference path: any photo in, its crack map out."""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL.Image import Image

from upcracknet.data.photo import load_photo
from upcracknet.detection.acceleration import score_pixels
from upcracknet.detection.crack_map import CrackMap
from upcracknet.detection.scorer import Scorer
from upcracknet.detection.threshold import Threshold, apply_threshold
from upcracknet.detection.tiling import ScoreCanvas, Tile, tile_starts
from upcracknet.errors import ConfigurationError, PhotoError
from upcracknet.runtime.engines import Precision, Runtime

MINIMUM_SIDE = 16  # pixels; a smaller picture cannot show a crack and the road around it
FREE_TILE = 768
"""Largest side of a tile in pixels for scorers that take any size; the usual datasets' photos fit in one."""

FREE_OVERLAP = 96
"""Overlap of such tiles, in pixels: twice as much is a third more work, for 0.2 points of IoU on made roads
of 3 megapixels (docs/speed.md)."""

FREE_STEP = 64
"""Sides of such tiles are multiples of this, so that no network has to continue them."""

Photo = str | Path | np.ndarray | Image


def check_size(height: int, width: int, name: str) -> None:
    """Refuse pictures that are too small to show a crack.

    Args:
        height: of the picture, in pixels.
        width: of the picture, in pixels.
        name: for the error.

    Raises:
        PhotoError: a side is shorter than :data:`MINIMUM_SIDE`.
    """
    if min(height, width) < MINIMUM_SIDE:
        raise PhotoError(
            f"{name}: {width}×{height} pixels, at least {MINIMUM_SIDE}×{MINIMUM_SIDE} are needed "
            "to show a crack; give a larger photo"
        )


class CrackDetector:
    """Finds cracks in road photos of any size.

    Photos larger than the scorer's input are scored in overlapping tiles that are blended; smaller ones are
    mirrored at their edges. Tiles of several photos share a batch, and only the photos in work are held in
    memory.

    Args:
        scorer: from images to scores.
        threshold: from scores to a mask.
        overlap: overlap of neighbouring tiles in pixels; None takes a quarter of the scorer's own tile, or 96
            pixels if it takes any size.
        batch_size: tiles scored at a time; of scorers that take any size no more than have the pixels of one
            large tile together.
        millimetres_per_pixel: size of a pixel on the road, copied to each result.

    Raises:
        ConfigurationError: an impossible overlap or batch size.
    """

    def __init__(
        self,
        scorer: Scorer,
        threshold: Threshold,
        *,
        overlap: int | None = None,
        batch_size: int = 8,
        millimetres_per_pixel: float | None = None,
    ) -> None:
        tile = scorer.input_size or FREE_TILE
        if overlap is None:
            overlap = FREE_OVERLAP if scorer.input_size is None else tile // 4
        if not 0 <= overlap < tile:
            raise ConfigurationError(
                f"overlap of {overlap} pixels: expected at least 0 and less than the tile of {tile}"
            )
        if batch_size < 1:
            raise ConfigurationError(f"batch size {batch_size}: expected at least 1")
        self.scorer, self.threshold = scorer, threshold
        self.overlap, self.batch_size = overlap, batch_size
        self.millimetres_per_pixel = millimetres_per_pixel

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "default",
        *,
        preset: str | None = None,
        overlap: int | None = None,
        batch_size: int = 8,
        millimetres_per_pixel: float | None = None,
        runtime: Runtime = "torch",
        precision: Precision = "fp32",
    ) -> "CrackDetector":
        """Load a shipped or self-trained model.

        Args:
            model: ``default``, ``teacher`` (which marked what the default learned from), ``paper``,
                ``paper-calibrated`` (the same weights with calibrated settings), a
                run folder of ``upcracknet train``, a ``.safetensors`` file, or a file of
                ``upcracknet export``.
            preset: name of the detection settings; None takes the model's own.
            overlap: overlap of neighbouring tiles in pixels; None takes the usual one.
            batch_size: tiles scored at a time.
            millimetres_per_pixel: size of a pixel on the road, copied to each result.
            runtime: engine of the network: ``torch``, ``onnx``, ``openvino``, or ``auto`` for the fastest
                that is installed.
            precision: ``fp32``; ``bf16`` and ``int8`` are faster, with slightly different results.

        Raises:
            WeightsError: no such model, or unusable weights.
            ConfigurationError: an unknown preset, or an engine that is not installed.
        """
        from upcracknet.detection.pretrained import load_scorer  # loads weights only when asked for

        scorer, threshold = load_scorer(model, preset, runtime=runtime, precision=precision)
        return cls(
            scorer,
            threshold,
            overlap=overlap,
            batch_size=batch_size,
            millimetres_per_pixel=millimetres_per_pixel,
        )

    def detect(self, photo: Photo) -> CrackMap:
        """Find the cracks of one photo.

        Args:
            photo: uint8 H×W×3 (RGB) or H×W, a path, or a PIL image; any size from 16×16 pixels.

        Raises:
            PhotoError: the photo cannot be used.
        """
        return next(self.detect_many([photo]))

    def detect_many(self, photos: Iterable[Photo]) -> Iterator[CrackMap]:
        """Find the cracks of many photos, in order, holding only those in work.

        Raises:
            PhotoError: a photo cannot be used; crack maps of the photos before it have been given by then.
        """
        return map(self.crack_map, self.scored(photos))

    def crack_map(self, canvas: ScoreCanvas) -> CrackMap:
        """The cracks of a photo whose tiles all have been scored; any thread may ask."""
        score = canvas.result()
        level = self.threshold.level(score)
        mask = apply_threshold(score, level, self.threshold.minimum_extent, self.threshold.seed_level)
        return CrackMap(canvas.photo, score, mask, level, self.millimetres_per_pixel)

    def scored(self, photos: Iterable[Photo]) -> Iterator[ScoreCanvas]:
        """Score many photos, in order; what :meth:`detect_many` does before :meth:`crack_map`.

        Raises:
            PhotoError: a photo cannot be used; those before it have been given by then.
        """
        waiting: deque[ScoreCanvas] = deque()
        batch: list[tuple[ScoreCanvas, Tile, UInt8[np.ndarray, "h w 3"]]] = []
        for photo in photos:
            try:
                canvas = self._canvas(
                    load_photo(photo), str(photo) if isinstance(photo, str | Path) else "photo"
                )
            except PhotoError:
                self._score(batch)
                yield from waiting
                raise
            waiting.append(canvas)
            for tile, pixels in canvas.pieces():
                if batch and batch[0][2].shape != pixels.shape:
                    self._score(batch)
                batch.append((canvas, tile, pixels))
                if len(batch) == self.tiles_at_once(pixels.shape):
                    self._score(batch)
            while waiting and not waiting[0].missing:
                yield waiting.popleft()
        self._score(batch)
        yield from waiting

    def tiles_at_once(self, size: tuple[int, ...]) -> int:
        """How many tiles of a size, or smaller photos, are scored together; large ones gain nothing by it.

        Args:
            size: height and width in pixels; more axes do not count.
        """
        if self.scorer.input_size is not None:
            return self.batch_size
        return max(1, min(self.batch_size, FREE_TILE**2 // (size[0] * size[1])))

    def _canvas(self, photo: UInt8[np.ndarray, "h w 3"], name: str) -> ScoreCanvas:
        tile, overlap = tile_of(self, (photo.shape[0], photo.shape[1]), name)
        return ScoreCanvas(photo, tile, overlap)

    def _score(self, batch: list[tuple[ScoreCanvas, Tile, UInt8[np.ndarray, "h w 3"]]]) -> None:
        """Score the batch, hand the scores to their canvases, and empty it."""
        if not batch:
            return
        scores = score_pixels(self.scorer, np.stack([item[2] for item in batch]))
        for (canvas, tile, _), score in zip(batch, scores, strict=True):
            canvas.add(tile, score)
        batch.clear()


def tile_of(detector: CrackDetector, size: tuple[int, int], name: str) -> tuple[tuple[int, int], int]:
    """Height and width of the tiles of an image, and their overlap, in pixels.

    Raises:
        PhotoError: the image is too small to show a crack.
    """
    check_size(*size, name)
    side = detector.scorer.input_size
    if side is not None:
        return (side, side), min(detector.overlap, side // 2)
    overlap = min(detector.overlap, min(*size, FREE_TILE) // 2)
    return (_free_tile(size[0], overlap), _free_tile(size[1], overlap)), overlap


def _free_tile(length: int, overlap: int) -> int:
    """Side of the tiles along a side of an image: no more of them and no larger than needed."""
    if length <= FREE_TILE:
        return length
    count = len(tile_starts(length, FREE_TILE, overlap))
    least = -(-(length + (count - 1) * overlap) // count)
    return min(FREE_TILE, FREE_STEP * -(-least // FREE_STEP))
