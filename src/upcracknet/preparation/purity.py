"""How many chosen windows are free of annotated cracks: for measuring only, after the choice is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool

from upcracknet.data.dataset import Sample
from upcracknet.data.photo import photo_size
from upcracknet.data.undamaged import Window
from upcracknet.errors import PhotoError

HARDLY_ANY = 0.001
"""Share of crack pixels below which a window has hardly any."""

Place = tuple[Sample, Window]


@dataclass(frozen=True)
class Purity:
    """Shares in [0, 1] over the windows of photos that have a usable mask.

    Attributes:
        windows: how many windows were measured.
        without_cracks: share of them without any annotated crack pixel.
        hardly_any_cracks: share of them with less than 0.1 % crack pixels.
        crack_share: mean share of crack pixels in a window.
    """

    windows: int
    without_cracks: float
    hardly_any_cracks: float
    crack_share: float


def measure_purity(windows: Sequence[Place]) -> Purity | None:
    """Compare windows with the annotation; None where no photo has a usable mask of its size."""

    @lru_cache(maxsize=64)
    def mask_of(sample: Sample) -> Bool[np.ndarray, "h w"] | None:
        try:
            mask = None if sample.mask_path is None else sample.mask()
            return mask if mask is not None and mask.shape == photo_size(sample.photo_path) else None
        except PhotoError:
            return None

    found = []
    for sample, window in windows:
        mask = mask_of(sample)
        if mask is not None:
            inside = mask[window.top :, window.left :][: window.height, : window.width]
            found.append(float(inside.mean()))
    if not found:
        return None
    shares = np.array(found)
    return Purity(
        len(shares),
        float(np.mean(shares == 0)),
        float(np.mean(shares < HARDLY_ANY)),
        float(shares.mean()),
    )


def windows_by_chance(windows: Sequence[Place], samples: Sequence[Sample], seed: int) -> list[Place]:
    """Draw as many windows of the same sizes, anywhere in any of the photos, to compare the choice with.

    Args:
        windows: the chosen windows.
        samples: all photos that were looked at.
        seed: the same seed gives the same windows.
    """
    generator = np.random.default_rng(seed)
    shapes = [photo_size(sample.photo_path) for sample in samples]
    drawn = []
    for _, window in windows:
        size = window.height
        large = [number for number, shape in enumerate(shapes) if min(shape) >= size]
        number = large[generator.integers(len(large))]
        top, left = (int(generator.integers(side - size + 1)) for side in shapes[number])
        drawn.append((samples[number], Window(top, left, size, size)))
    return drawn
