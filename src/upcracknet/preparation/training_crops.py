"""What the classifier learns from: undamaged road, the same with painted cracks, and evident real cracks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from upcracknet.data.dataset import Sample
from upcracknet.data.synthetic import paint_cracks
from upcracknet.data.undamaged import Window
from upcracknet.preparation.scores import CELL, cell_sums, cells_near

CLEARLY_CRACKED = 8
"""Crack pixels from which on a painted cell counts as cracked; cells with fewer teach nothing."""

CONFIDENT_SHARE = 0.05
"""Share of all cells, those with the highest scores, of which the detector counts as confident."""


@dataclass(frozen=True, eq=False)
class TrainingCrop:
    """A crop and what is known of its cells.

    Attributes:
        photo: uint8 H×W×3 RGB, sides multiples of a cell.
        cracked: float32, for each cell 1 is cracked, 0 undamaged, NaN not known.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    cracked: Float32[np.ndarray, "rows columns"]


def painted_crops(
    windows: Sequence[tuple[Sample, Window]],
    side: int,
    generator: np.random.Generator,
    *,
    pairs: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[TrainingCrop]:
    """Cut crops from undamaged windows, each as it is and with painted cracks.

    Args:
        windows: windows that look undamaged.
        side: side of the crops in pixels, not larger than the windows.
        generator: source of randomness.
        pairs: how many crops to cut and paint.
        progress: called after each pair.
    """
    turns = [
        windows[place]
        for _ in range(-(-pairs // len(windows)))
        for place in generator.permutation(len(windows))
    ]
    turns = sorted(turns[:pairs], key=lambda turn: str(turn[0].photo_path))  # so that each photo is read once
    crops: list[TrainingCrop] = []
    photo, opened = None, None
    for done, (sample, window) in enumerate(turns, 1):
        if photo is None or opened != sample:
            photo, opened = sample.photo(), sample
        top, left = generator.integers(0, (window.height - side) // CELL + 1, 2) * CELL
        crop = np.ascontiguousarray(photo[window.top + top :, window.left + left :][:side, :side])
        painted, mask = paint_cracks(crop, generator)
        cracked = np.where(cells_near(mask), np.nan, 0).astype(np.float32)
        cracked[cell_sums(mask) >= CLEARLY_CRACKED] = 1
        crops += [TrainingCrop(crop, np.zeros_like(cracked)), TrainingCrop(painted, cracked)]
        progress(done, len(turns))
    return crops


def confident_cells(
    scores: Sequence[Float32[np.ndarray, "_ _"]], probabilities: Sequence[Float32[np.ndarray, "_ _"]]
) -> list[Bool[np.ndarray, "_ _"]]:
    """Find the cells that detector and classifier take for cracks.

    Args:
        scores: the detector's score of each cell of each photo.
        probabilities: the classifier's probability of a crack in each cell of each photo.
    """
    level = np.quantile(np.concatenate([score.ravel() for score in scores]), 1 - CONFIDENT_SHARE)
    return [(score > level) & (each > 0.5) for score, each in zip(scores, probabilities, strict=True)]


def confident_crops(
    samples: Sequence[Sample],
    cells: Sequence[Bool[np.ndarray, "_ _"]],
    side: int,
    generator: np.random.Generator,
    *,
    count: int,
) -> list[TrainingCrop]:
    """Cut crops around real cracks; what is beside them is not known, and teaches nothing.

    Args:
        samples: the photos.
        cells: the cells of each photo that are cracked beyond doubt.
        side: side of the crops in pixels.
        generator: source of randomness.
        count: how many crops at most.
    """
    reach = side // CELL
    places = [
        (number, row, column)
        for number, cracked in enumerate(cells)
        if min(cracked.shape) >= reach
        for row, column in np.argwhere(cracked).tolist()
    ]
    drawn = generator.permutation(len(places))[:count]
    crops = []
    photo, opened = None, None
    for number, row, column in sorted(places[index] for index in drawn):
        if photo is None or opened != number:
            photo, opened = samples[number].photo(), number
        cracked = cells[number]
        top, left = (
            int(np.clip(place - generator.integers(reach), 0, length - reach))
            for place, length in zip((row, column), cracked.shape, strict=True)
        )
        known = np.where(cracked[top : top + reach, left : left + reach], 1, np.nan).astype(np.float32)
        crop = photo[top * CELL :, left * CELL :][:side, :side]
        crops.append(TrainingCrop(np.ascontiguousarray(crop), known))
    return crops
