"""How much a scorer is asked at a time: as much as suits its device, and less where memory runs out."""

import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType

import numpy as np
import torch
from jaxtyping import Float, UInt8

from upcracknet.detection.acceleration import device_of, score_pixels
from upcracknet.detection.scorer import Scorer
from upcracknet.detection.tiling import ScoreCanvas, Tile
from upcracknet.errors import ConfigurationError
from upcracknet.runtime import is_out_of_memory

TILES = 8
"""Tiles that the processor scores at a time."""

PIXELS = 768 * 768
"""Pixels that the processor scores at a time by a scorer that takes any size; more of them gain nothing."""

CARD_PIXELS = 16 * PIXELS
"""Pixels that a card scores at a time: enough work for all units of a large one, 57 MB of photos to hold."""

Piece = tuple[ScoreCanvas, Tile, UInt8[np.ndarray, "h w 3"]]
"""A tile of a photo with its pixels, and where its scores go."""


class Batches:
    """Asks a scorer about tiles, as many at a time as suits its device.

    Where memory runs out, the tiles are asked about again in halves, and no later batch is larger.

    Args:
        scorer: from images to scores.
        batch_size: most tiles at a time; None takes 8 on the processor, and as many as have the pixels of
            sixteen large tiles on a card.

    Attributes:
        on_card: whether the network runs on a card by PyTorch.

    Raises:
        ConfigurationError: a batch size below 1.
    """

    def __init__(self, scorer: Scorer, batch_size: int | None = None) -> None:
        if batch_size is not None and batch_size < 1:
            raise ConfigurationError(f"batch size {batch_size}: expected at least 1")
        self.scorer, self.device = scorer, device_of(scorer)
        self.on_card = self.device.type != "cpu"
        self._tiles = batch_size or (sys.maxsize if self.on_card else TILES)
        by_tiles = sys.maxsize if scorer.input_size is not None else PIXELS
        # Metal ends the process where one tensor is larger than 4 GiB.
        on_card = CARD_PIXELS // 4 if self.device.type == "mps" else CARD_PIXELS
        self._pixels = on_card if self.on_card else by_tiles

    def size(self, height: int, width: int) -> int:
        """Tell how many tiles of a size, or smaller photos, are scored together."""
        return max(1, min(self._tiles, self._pixels // (height * width)))

    def ahead(self, height: int, width: int) -> int:
        """Tell how many photos of a size may be read ahead: as many as share a batch, if they are small."""
        most = CARD_PIXELS if self.on_card else TILES * PIXELS
        return min(self.size(height, width), max(1, most // (height * width)))

    def scores(self, pixels: Sequence[UInt8[np.ndarray, "h w 3"]]) -> list[Float[np.ndarray, "h w"] | None]:
        """Score tiles of one size.

        Args:
            pixels: RGB.

        Returns:
            scores in [0, 1] of each tile; None where not even this tile alone fits into memory.

        Raises:
            WeightsError: the scores are not finite, or the engine fails.
        """
        found: list[Float[np.ndarray, "h w"] | None] = []
        while len(found) < len(pixels):
            height, width = pixels[0].shape[:2]
            part = pixels[len(found) : len(found) + self.size(height, width)]
            scores = self._scores(np.stack(part))
            if scores is None and len(part) > 1:
                self._pixels = len(part) // 2 * height * width
            else:
                found += [None] if scores is None else [*scores]
        return found

    def too_large(self, height: int, width: int) -> str:
        """Say that not even one tile fits into memory, and what to do."""
        what = f"{width}×{height} pixels do not fit into the memory of {self.device} at a time"
        if self.on_card:
            return f"{what}; end other programs that use it, or take --device cpu"
        return f"{what}; end other programs, or take a machine with more"

    def _scores(self, pixels: UInt8[np.ndarray, "b h w 3"]) -> Float[np.ndarray, "b h w"] | None:
        try:
            return score_pixels(self.scorer, pixels)
        except Exception as error:  # each engine has errors of its own
            if not is_out_of_memory(error):
                raise
        # Behind the block, as the error holds on to what filled the memory.
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return None


class Scoring:
    """Hands batches to a scorer and their scores to the photos; a context.

    A card scores a batch while the processor makes crack maps of the one before, and the next is read.

    Args:
        batches: asks the scorer.
    """

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._thread = ThreadPoolExecutor(1) if batches.on_card else None
        self._open: deque[tuple[Sequence[Piece], Callable[[], list[Float[np.ndarray, "_h _w"] | None]]]] = (
            deque()
        )

    def __enter__(self) -> "Scoring":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def score(self, pieces: Sequence[Piece]) -> None:
        """Score tiles of one size; on a card their scores are added when the next come, or at the end."""
        if not pieces:
            return
        ask = partial(self._batches.scores, [pixels for _, _, pixels in pieces])
        self._open.append((pieces, ask if self._thread is None else self._thread.submit(ask).result))
        while len(self._open) > (0 if self._thread is None else 1):
            self._hand_out()

    def finish(self) -> None:
        """Add all scores that are not added yet."""
        while self._open:
            self._hand_out()

    def _hand_out(self) -> None:
        pieces, found = self._open.popleft()
        for (canvas, tile, _), scores in zip(pieces, found(), strict=True):
            if scores is None:
                canvas.failure = self._batches.too_large(tile.height, tile.width)
            else:
                canvas.add(tile, scores)
