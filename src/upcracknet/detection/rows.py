"""Crack maps of images that are too large to be held: rows of tiles in, blocks of rows out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from upcracknet.detection.batches import Batches
from upcracknet.detection.threshold import (
    OTSU_BINS,
    Components,
    Threshold,
    otsu_counts,
    otsu_level_of_counts,
)
from upcracknet.detection.tiling import Tile, blend_window, tile_grid
from upcracknet.errors import PhotoError

Rows = Iterator[Float[np.ndarray, "_h w"]]
"""A map from the top to the bottom, some rows at a time."""

BLOCK = 128
"""Most rows that are given at a time; what is made of them takes several times their memory."""

UNSCORED = np.float32(1e-30)
"""Stands for the weight where no tile was scored; far below that of any tile."""

ReadTile = Callable[[Tile], UInt8[np.ndarray, "th tw 3"]]
"""Gives the pixels of a tile; beyond the image their mirror image."""

Wanted = Callable[[Tile], bool]
"""Tells whether a tile is to be scored."""

Progress = Callable[[int, int], None]
"""Called with the number of tiles done and of all."""


@dataclass(frozen=True)
class CrackRows:
    """The crack map of an image that is not held; the scores lie in a file, four bytes a pixel.

    Attributes:
        file: the scores.
        width: of the image, in pixels.
        heights: of the blocks of rows, in pixels.
        threshold: the rule that decides what is crack.
        level: score above which a pixel is crack.
    """

    file: Path
    width: int
    heights: tuple[int, ...]
    threshold: Threshold
    level: float

    @classmethod
    def stored(cls, rows: Rows, threshold: Threshold, file: Path, width: int) -> "CrackRows":
        """Write the rows of a score map to a file, and find the level."""
        heights = []
        with file.open("wb") as stream:
            for block in rows:
                block.astype(np.float32, copy=False).tofile(stream)
                heights.append(len(block))
        unknown = cls(file, width, tuple(heights), threshold, 0.0)
        return cls(file, width, tuple(heights), threshold, level_of_rows(threshold, unknown.scores))

    def scores(self) -> Rows:
        """Read the score map, from the top, in the same blocks each time."""
        with self.file.open("rb") as stream:
            for height in self.heights:
                block = np.fromfile(stream, np.float32, height * self.width)
                yield block.reshape(height, self.width)

    def masks(self) -> Iterator[Bool[np.ndarray, "_h w"]]:
        """Make the mask, in the same blocks."""
        return mask_rows(self.scores, self.threshold, self.level)


def scored_rows(
    batches: Batches,
    read: ReadTile,
    size: tuple[int, int],
    tile: tuple[int, int],
    overlap: int,
    *,
    name: str,
    wanted: Wanted = lambda tile: True,
    progress: Progress = lambda done, total: None,
) -> Rows:
    """Score a large image by rows: the same map as of the whole image at once, holding one row of tiles.

    Args:
        batches: asks the scorer.
        read: gives the pixels of a tile.
        size: height and width of the image.
        tile: height and width of a tile, in pixels.
        overlap: overlap of neighbouring tiles in pixels.
        name: of the image, for errors.
        wanted: tells which tiles are scored; where no other one reaches, the score is 0.
        progress: called with the number of tiles done and of all.

    Yields:
        rows that no further tile reaches, from the top.

    Raises:
        PhotoError: a tile does not fit into memory.
    """
    height, width = size
    tiles = tile_grid(height, width, tile, overlap)
    tops = sorted({place.top for place in tiles})
    single = len(tiles) == 1
    window = blend_window(*tile, 0 if single else overlap)
    scores = np.zeros((tile[0], width), np.float32)
    weights = np.zeros_like(scores)
    done = 0
    for number, top in enumerate(tops):
        all_of_row = [place for place in tiles if place.top == top]
        row = [place for place in all_of_row if wanted(place)]
        done += len(all_of_row) - len(row)
        at_once = batches.size(*tile)
        for first in range(0, len(row), at_once):
            places = row[first : first + at_once]
            found = batches.scores([read(place) for place in places])
            for place, score in zip(places, found, strict=True):
                if score is None:
                    raise PhotoError(f"{name}: {batches.too_large(*tile)}")
                inside = slice(0, min(tile[0], height - top)), slice(0, min(tile[1], width - place.left))
                columns = slice(place.left, place.left + inside[1].stop)
                scores[inside[0], columns] += score[inside] * window[inside]
                weights[inside[0], columns] += window[inside]
            done += len(places)
            progress(done, len(tiles))
        if not row:
            progress(done, len(tiles))
        finished = (tops[number + 1] if number + 1 < len(tops) else height) - top
        for first in range(0, finished, BLOCK):
            part = slice(first, min(first + BLOCK, finished))
            yield scores[part].copy() if single else scores[part] / np.maximum(weights[part], UNSCORED)
        for held in (scores, weights):
            held[:-finished] = held[finished:].copy()
            held[-finished:] = 0


def level_of_rows(threshold: Threshold, rows: Callable[[], Rows]) -> float:
    """:meth:`Threshold.level_of` for a map that is not held.

    Args:
        threshold: the rule.
        rows: gives the map again; a fixed level does not ask for it.
    """
    if threshold.level is not None:
        return threshold.level
    extremes = [(float(block.min()), float(block.max())) for block in rows()]
    low, high = min(low for low, _ in extremes), max(high for _, high in extremes)
    counts = sum((otsu_counts(block, low, high) for block in rows()), np.zeros(OTSU_BINS))
    return max(otsu_level_of_counts(counts, low, high), threshold.floor)


def mask_rows(
    rows: Callable[[], Rows], threshold: Threshold, level: float
) -> Iterator[Bool[np.ndarray, "_h w"]]:
    """:meth:`Threshold.mask` for a map that is not held.

    A first pass finds what is connected, within blocks and across their borders; a second one writes it.

    Args:
        rows: gives the map again, in the same blocks each time.
        threshold: the rule.
        level: what :func:`level_of_rows` gave for it.
    """
    if not threshold.looks_at_components(level):
        yield from (block > level for block in rows())
        return
    kept = _kept(rows(), threshold, level)
    first = 0
    for block in rows():
        components = Components.of(block, level)
        chosen = np.concatenate([[False], kept[first : first + len(components.sizes)]])
        first += len(components.sizes)
        yield chosen[components.labels]


def _kept(rows: Rows, threshold: Threshold, level: float) -> Bool[np.ndarray, " n"]:
    """Which components of the blocks, in their order, belong to something large and certain enough."""
    from scipy.sparse import coo_array  # large images alone wait for it
    from scipy.sparse.csgraph import connected_components

    boxes, sizes, peaks, joined = [], [], [], []
    first, top = 0, 0
    above: Int[np.ndarray, " w"] | None = None  # number + 1 of the component at each pixel of the last row
    for score in rows:
        block = Components.of(score, level)
        numbers = np.where(block.labels > 0, block.labels + first, 0)
        if above is not None:
            joined.append(_neighbours(above, numbers[0]))
        above = numbers[-1]
        boxes.append(block.boxes.astype(np.int64) + np.array([0, top, 0, top]))
        sizes.append(block.sizes)
        peaks.append(block.peaks)
        first, top = first + len(block.sizes), top + len(score)
    box = np.concatenate(boxes)
    pairs = np.concatenate([np.empty((0, 2), np.int64), *joined]) - 1
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(first, first))
    _, whole = connected_components(links, directed=False)
    number = whole.max(initial=-1) + 1
    least, most = np.full((number, 2), np.iinfo(np.int64).max), np.zeros((number, 2), np.int64)
    np.minimum.at(least, whole, box[:, :2])
    np.maximum.at(most, whole, box[:, 2:])
    size, peak = np.zeros(number, np.int64), np.zeros(number, np.float32)
    np.add.at(size, whole, np.concatenate(sizes))
    np.maximum.at(peak, whole, np.concatenate(peaks))
    together = Components(np.empty((0, 0), np.int32), np.concatenate([least, most], axis=1), size, peak)
    chosen: Bool[np.ndarray, " n"] = together.kept(threshold)[whole]
    return chosen


def _neighbours(above: Int[np.ndarray, " w"], below: Int[np.ndarray, " w"]) -> Int[np.ndarray, "n 2"]:
    """Pairs of components that touch across the border of two blocks, at an edge or a corner."""
    padded = np.pad(above, 1)
    pairs = np.concatenate(
        [np.stack([padded[shift : shift + len(below)], below], axis=1) for shift in range(3)]
    )
    return np.unique(pairs[(pairs > 0).all(axis=1)], axis=0).astype(np.int64)
