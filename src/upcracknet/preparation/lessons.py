"""What the classifier learns from: undamaged road, the same with painted cracks, and evident real cracks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from upcracknet.data.dataset import Sample
from upcracknet.data.synthetic import paint_cracks
from upcracknet.data.undamaged import Window
from upcracknet.preparation.cells import CELL, cell_sums

PAIRS = 400
"""Crops that are painted; flips make eight of each."""

REAL = 150
"""Crops around evident real cracks."""

CLEARLY_CRACKED = 8
"""Crack pixels from which on a cell counts as cracked; cells with fewer teach nothing."""

CLEARLY_APART = 4
"""Pixels to the next crack from which on a cell without cracks counts as undamaged."""

CONFIDENT_SHARE = 0.05
"""Share of all cells, those with the highest scores, of which the detector counts as confident."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A crop and what is known of its cells.

    Attributes:
        photo: uint8 H×W×3 RGB, sides multiples of a cell.
        cracked: float32, for each cell 1 is cracked, 0 undamaged, NaN not known.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    cracked: Float32[np.ndarray, "rows columns"]


def painted_lessons(
    windows: Sequence[tuple[Sample, Window]],
    side: int,
    generator: np.random.Generator,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Lesson]:
    """Crops from undamaged windows, each as it is and with painted cracks.

    Args:
        windows: windows that look undamaged.
        side: side of the crops in pixels, not larger than the windows.
        generator: source of randomness.
        progress: told after each crop.
    """
    turns = [
        windows[place]
        for _ in range(-(-PAIRS // len(windows)))
        for place in generator.permutation(len(windows))
    ]
    turns = sorted(turns[:PAIRS], key=lambda turn: str(turn[0].photo_path))  # so that each photo is read once
    lessons: list[Lesson] = []
    photo, opened = None, None
    for done, (sample, window) in enumerate(turns, 1):
        if opened != sample:
            photo, opened = sample.photo(), sample
        assert photo is not None
        top, left = generator.integers(0, (window.height - side) // CELL + 1, 2) * CELL
        crop = photo[window.top + top :, window.left + left :][:side, :side]
        lessons += _painted_pair(np.ascontiguousarray(crop), generator)
        progress(done, len(turns))
    return lessons


def confident_cells(
    scores: Sequence[Float32[np.ndarray, "_ _"]], maps: Sequence[Float32[np.ndarray, "_ _"]]
) -> list[Bool[np.ndarray, "_ _"]]:
    """Cells that detector and classifier take for cracks.

    Args:
        scores: the detector's score of each cell of each photo.
        maps: the classifier's probability of each cell of each photo.
    """
    level = np.quantile(np.concatenate([score.ravel() for score in scores]), 1 - CONFIDENT_SHARE)
    return [(score > level) & (probability > 0.5) for score, probability in zip(scores, maps, strict=True)]


def confident_lessons(
    samples: Sequence[Sample],
    cells: Sequence[Bool[np.ndarray, "_ _"]],
    side: int,
    generator: np.random.Generator,
) -> list[Lesson]:
    """Crops around real cracks; what is beside them is not known, and teaches nothing.

    Args:
        samples: the photos.
        cells: the cells of each photo that are cracked beyond doubt.
        side: side of the crops in pixels.
        generator: source of randomness.
    """
    reach = side // CELL
    places = [
        (number, row, column)
        for number, cracked in enumerate(cells)
        if min(cracked.shape) >= reach
        for row, column in np.argwhere(cracked).tolist()
    ]
    drawn = generator.permutation(len(places))[:REAL]
    lessons = []
    photo, opened = None, -1
    for number, row, column in sorted(places[index] for index in drawn):
        if opened != number:
            photo, opened = samples[number].photo(), number
        assert photo is not None
        cracked = cells[number]
        first = [
            int(np.clip(place - generator.integers(reach), 0, length - reach))
            for place, length in zip((row, column), cracked.shape, strict=True)
        ]
        part = cracked[first[0] : first[0] + reach, first[1] : first[1] + reach]
        crop = photo[first[0] * CELL :, first[1] * CELL :][:side, :side]
        lessons.append(Lesson(np.ascontiguousarray(crop), np.where(part, 1, np.nan).astype(np.float32)))
    return lessons


def _painted_pair(crop: UInt8[np.ndarray, "h w 3"], generator: np.random.Generator) -> tuple[Lesson, Lesson]:
    painted, mask = paint_cracks(crop, generator)
    reach = 2 * CLEARLY_APART + 1
    near = cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    cracked = np.where(cell_sums(near) == 0, 0, np.nan).astype(np.float32)
    cracked[cell_sums(mask) >= CLEARLY_CRACKED] = 1
    return Lesson(crop, np.zeros_like(cracked)), Lesson(painted, cracked)
