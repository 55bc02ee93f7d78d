"""Score maps and masks of images that are too large to be held: rows of tiles in, blocks of rows out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from upcracknet.detection.acceleration import score_pixels
from upcracknet.detection.scorer import Scorer
from upcracknet.detection.threshold import (
    OTSU_BINS,
    FixedThreshold,
    OtsuThreshold,
    Threshold,
    otsu_level_of_counts,
)
from upcracknet.detection.tiling import Tile, blend_window, tile_grid
from upcracknet.errors import ConfigurationError

Rows = Iterator[Float[np.ndarray, "_h w"]]
"""A map from the top to the bottom, some rows at a time."""

BLOCK = 128
"""Most rows that are given at a time; what is made of them takes several times their memory."""

ReadTile = Callable[[Tile], UInt8[np.ndarray, "th tw 3"]]


def scored_rows(
    scorer: Scorer,
    read: ReadTile,
    size: tuple[int, int],
    tile: tuple[int, int],
    overlap: int,
    *,
    batch_size: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Rows:
    """The score map of a large image, the same as of the whole image at once, holding one row of tiles.

    Args:
        scorer: from images to scores.
        read: gives the pixels of a tile; beyond the image their mirror image.
        size: height and width of the image.
        tile: height and width of a tile, in pixels.
        overlap: overlap of neighbouring tiles in pixels.
        batch_size: tiles scored at a time.
        progress: told the number of tiles done and of all.

    Yields:
        Rows that no further tile reaches, from the top.
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
        row = [place for place in tiles if place.top == top]
        for first in range(0, len(row), batch_size):
            places = row[first : first + batch_size]
            found = score_pixels(scorer, np.stack([read(place) for place in places]))
            for place, score in zip(places, found, strict=True):
                inside = slice(0, min(tile[0], height - top)), slice(0, min(tile[1], width - place.left))
                columns = slice(place.left, place.left + inside[1].stop)
                scores[inside[0], columns] += score[inside] * window[inside]
                weights[inside[0], columns] += window[inside]
            done += len(places)
            progress(done, len(tiles))
        finished = (tops[number + 1] if number + 1 < len(tops) else height) - top
        for first in range(0, finished, BLOCK):
            part = slice(first, min(first + BLOCK, finished))
            yield scores[part].copy() if single else scores[part] / weights[part]
        for held in (scores, weights):
            held[:-finished] = held[finished:].copy()
            held[-finished:] = 0


def level_of_rows(threshold: Threshold, rows: Callable[[], Rows]) -> float:
    """The score above which an image's pixels are crack, of a map that is not held.

    Args:
        threshold: the rule.
        rows: gives the map anew; a fixed level does not ask for it.

    Raises:
        ConfigurationError: another rule than the two that are known.
    """
    if isinstance(threshold, FixedThreshold):
        return threshold.fixed_level
    if not isinstance(threshold, OtsuThreshold):
        raise ConfigurationError(
            f"{type(threshold).__name__}: large images take a fixed threshold or Otsu's method alone"
        )
    extremes = [(float(block.min()), float(block.max())) for block in rows()]
    low, high = min(low for low, _ in extremes), max(high for _, high in extremes)
    counts = np.zeros(OTSU_BINS)
    if high > low:
        bounds = [low, float(np.nextafter(np.float32(high), np.float32(np.inf)))]
        for block in rows():
            counts += cv2.calcHist([np.ascontiguousarray(block)], [0], None, [OTSU_BINS], bounds).ravel()
    return max(otsu_level_of_counts(counts, low, high), threshold.floor)


@dataclass(frozen=True)
class _Block:
    """What is connected within a block of rows."""

    labels: Int[np.ndarray, "h w"]
    boxes: Int[np.ndarray, "n 4"]
    certain: Bool[np.ndarray, " n"]

    @classmethod
    def of(cls, score: Float[np.ndarray, "h w"], level: float, seed_level: float) -> "_Block":
        count, labels, statistics, _ = cv2.connectedComponentsWithStats(
            (score > level).astype(np.uint8), connectivity=8
        )
        certain = np.zeros(count, bool)
        certain[labels[score > seed_level]] = True
        left, top = statistics[:, cv2.CC_STAT_LEFT], statistics[:, cv2.CC_STAT_TOP]
        right = left + statistics[:, cv2.CC_STAT_WIDTH]
        bottom = top + statistics[:, cv2.CC_STAT_HEIGHT]
        return cls(labels, np.stack([left, top, right, bottom], axis=1)[1:], certain[1:])


def mask_rows(
    rows: Callable[[], Rows], level: float, minimum_extent: int = 0, seed_level: float = 0.0
) -> Iterator[Bool[np.ndarray, "_h w"]]:
    """:func:`~upcracknet.detection.threshold.apply_threshold` for a map that is not held.

    A first pass finds what is connected, within blocks and across their borders; a second one writes it.

    Args:
        rows: gives the map anew, in the same blocks each time.
        level: pixels above it are crack.
        minimum_extent: connected pixels that reach less far than this, in height and in width, are no crack.
        seed_level: connected pixels none of which scores above this are no crack.
    """
    if minimum_extent <= 1 and seed_level <= level:
        yield from (block > level for block in rows())
        return
    kept = _kept(rows(), level, minimum_extent, seed_level)
    first = 0
    for block in rows():
        count, labels = cv2.connectedComponents((block > level).astype(np.uint8), connectivity=8)
        chosen = np.concatenate([[False], kept[first : first + count - 1]])
        first += count - 1
        yield chosen[labels]


def _kept(rows: Rows, level: float, minimum_extent: int, seed_level: float) -> Bool[np.ndarray, " n"]:
    """Which parts, in the order of the blocks, belong to something large and certain enough."""
    from scipy.sparse import coo_array  # large images alone wait for it
    from scipy.sparse.csgraph import connected_components

    boxes, certain, joined = [], [], []
    first, top = 0, 0
    above: Int[np.ndarray, " w"] | None = None  # number + 1 of the part at each pixel of the last row
    for score in rows:
        block = _Block.of(score, level, max(seed_level, level))
        numbers = np.where(block.labels > 0, block.labels + first, 0)
        if above is not None:
            joined.append(_neighbours(above, numbers[0]))
        above = numbers[-1]
        boxes.append(block.boxes + np.array([0, top, 0, top]))
        certain.append(block.certain)
        first, top = first + len(block.boxes), top + len(score)
    box, sure = np.concatenate(boxes), np.concatenate(certain)
    pairs = np.concatenate([np.empty((0, 2), np.int64), *joined]) - 1
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(first, first))
    _, whole = connected_components(links, directed=False)
    number = whole.max(initial=-1) + 1
    least, most = np.full((number, 2), np.iinfo(np.int64).max), np.zeros((number, 2), np.int64)
    np.minimum.at(least, whole, box[:, :2])
    np.maximum.at(most, whole, box[:, 2:])
    has_seed = np.zeros(number, bool)
    np.logical_or.at(has_seed, whole, sure)
    good = (most - least).max(axis=1, initial=0) >= minimum_extent
    if seed_level > level:
        good &= has_seed
    chosen: Bool[np.ndarray, " n"] = good[whole]
    return chosen


def _neighbours(above: Int[np.ndarray, " w"], below: Int[np.ndarray, " w"]) -> Int[np.ndarray, "n 2"]:
    """Pairs of parts that touch across the border of two blocks, at an edge or a corner."""
    padded = np.pad(above, 1)
    pairs = np.concatenate(
        [np.stack([padded[shift : shift + len(below)], below], axis=1) for shift in range(3)]
    )
    return np.unique(pairs[(pairs > 0).all(axis=1)], axis=0).astype(np.int64)
