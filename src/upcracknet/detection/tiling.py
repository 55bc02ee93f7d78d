"""Large photos in overlapping tiles whose scores are blended."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8


@dataclass(frozen=True)
class Tile:
    """Place of a tile in its photo, in pixels; it may reach beyond a photo smaller than a tile."""

    top: int
    left: int
    height: int
    width: int


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """Place the tiles along one side; spread evenly, so overlaps are at least as asked for."""
    if length <= tile:
        return [0]
    count = -(-(length - overlap) // (tile - overlap))
    return [round(index * (length - tile) / (count - 1)) for index in range(count)]


def tile_grid(height: int, width: int, tile: tuple[int, int], overlap: int) -> list[Tile]:
    """List all tiles of a photo, row by row.

    Raises:
        ValueError: the overlap is not smaller than the tile.
    """
    if not 0 <= overlap < min(tile):
        raise ValueError(
            f"overlap={overlap}: expected at least 0 and less than the tile of {tile[0]}×{tile[1]} pixels"
        )
    return [
        Tile(top, left, *tile)
        for top in tile_starts(height, tile[0], overlap)
        for left in tile_starts(width, tile[1], overlap)
    ]


def cut(photo: UInt8[np.ndarray, "h w 3"], tile: Tile) -> UInt8[np.ndarray, "th tw 3"]:
    """Cut the pixels of a tile; what lies beyond the photo is its mirror image."""
    inside = photo[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]
    below, right = tile.height - inside.shape[0], tile.width - inside.shape[1]
    if below or right:
        inside = cv2.copyMakeBorder(inside, 0, below, 0, right, cv2.BORDER_REFLECT_101)
    return np.ascontiguousarray(inside)


def blend_window(height: int, width: int, overlap: int) -> Float[np.ndarray, "h w"]:
    """Weight of each pixel of a tile: 1 inside, a raised cosine over the overlap, nearly 0 at the edge."""

    def side(length: int) -> Float[np.ndarray, " n"]:
        distance = np.minimum(np.arange(length), np.arange(length)[::-1]) + 1.0
        ramp = np.clip(distance / (overlap + 1), 0, 1)
        return (0.5 - 0.5 * np.cos(np.pi * ramp)).astype(np.float32)

    return np.outer(side(height), side(width)) if overlap else np.ones((height, width), np.float32)


class ScoreCanvas:
    """Collects the scores of a photo's tiles into one score map.

    Args:
        photo: uint8 H×W×3 RGB.
        tile: height and width of a tile in pixels.
        overlap: overlap of neighbouring tiles in pixels.

    Attributes:
        missing: number of tiles whose scores are not added yet.
        failure: why a tile cannot be scored, so that there is no map.
    """

    def __init__(self, photo: UInt8[np.ndarray, "h w 3"], tile: tuple[int, int], overlap: int) -> None:
        self.photo = photo
        height, width = photo.shape[:2]
        self.tiles = tile_grid(height, width, tile, overlap)
        self.missing = len(self.tiles)
        self.failure: str | None = None
        self._score = np.zeros((height, width), np.float32)
        self._single = len(self.tiles) == 1
        if not self._single:
            self._window = blend_window(*tile, overlap)
            self._weight = np.zeros((height, width), np.float32)

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.missing == 0 or self.failure is not None

    def pieces(self) -> Iterator[tuple[Tile, UInt8[np.ndarray, "th tw 3"]]]:
        """Give the tiles with their pixels, cut one at a time."""
        for tile in self.tiles:
            yield tile, cut(self.photo, tile)

    def add(self, tile: Tile, score: Float[np.ndarray, "th tw"]) -> None:
        """Add the scores of one tile."""
        rows = slice(tile.top, min(tile.top + tile.height, self._score.shape[0]))
        columns = slice(tile.left, min(tile.left + tile.width, self._score.shape[1]))
        score = score[: rows.stop - rows.start, : columns.stop - columns.start]
        if self._single:
            self._score[:] = score
        else:
            window = self._window[: score.shape[0], : score.shape[1]]
            self._score[rows, columns] += score * window
            self._weight[rows, columns] += window
        self.missing -= 1

    def result(self) -> Float[np.ndarray, "h w"]:
        """Give the blended score map; all tiles must have been added."""
        return self._score if self._single else self._score / self._weight
