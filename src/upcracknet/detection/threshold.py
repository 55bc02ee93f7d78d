"""The second contract: from a score map to a crack mask."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Bool, Float

from upcracknet.errors import DataError

OTSU_BINS = 256


@runtime_checkable
class Threshold(Protocol):
    """A rule that decides from which score on a pixel is crack."""

    @property
    def minimum_extent(self) -> int:
        """Connected pixels that reach less far, in height and in width, are no crack; in pixels."""
        ...

    @property
    def seed_level(self) -> float:
        """Connected pixels none of which scores above this are no crack; 0 asks for nothing more."""
        ...

    def fit(self, scores: Iterable[Float[np.ndarray, "h w"]]) -> "Threshold":
        """Learn from score maps of undamaged photos; returns a fitted copy."""
        ...

    def level(self, score: Float[np.ndarray, "h w"]) -> float:
        """The score above which this photo's pixels are crack."""
        ...


def otsu_level(score: Float[np.ndarray, "h w"]) -> float:
    """Otsu's threshold of one score map (O of equation 1), over 256 bins between its extremes.

    Bins over the map's own range, not over 256 fixed grey values: squared errors are small, and 8 bits would
    leave only a few levels of them.
    """
    low, high = float(score.min()), float(score.max())
    if not high > low:
        return high
    # OpenCV leaves the upper end of the range out; one step up keeps the highest score in.
    bounds = [low, float(np.nextafter(np.float32(high), np.float32(np.inf)))]
    counts = cv2.calcHist([np.ascontiguousarray(score)], [0], None, [OTSU_BINS], bounds)
    return otsu_level_of_counts(counts.ravel(), low, high)


def otsu_level_of_counts(counts: Float[np.ndarray, " bins"], low: float, high: float) -> float:
    """Otsu's threshold of values of which only their counts in equal bins between low and high are known."""
    if not high > low:
        return high
    # Loading it takes a third of a second, which fixed thresholds need not wait for.
    from skimage.filters import threshold_otsu

    edges = np.linspace(low, high, len(counts) + 1)
    level = threshold_otsu(hist=(counts, (edges[:-1] + edges[1:]) / 2))  # type: ignore[no-untyped-call]
    return float(level)


def undamaged_level(scores: Iterable[Float[np.ndarray, "h w"]], false_alarm_share: float) -> float:
    """The score that only the given share of undamaged pixels exceeds.

    Raises:
        DataError: there are no scores.
    """
    values = [score.ravel() for score in scores]
    if not values:
        raise DataError(
            "no score maps of undamaged photos to calibrate a threshold on; give at least one photo"
        )
    return float(np.quantile(np.concatenate(values), 1 - false_alarm_share))


@dataclass(frozen=True)
class OtsuThreshold:
    """Otsu's method on each photo by itself, the paper's rule, with a floor.

    Otsu's method always splits a photo in two, so it finds "cracks" on a clean road; scores below the floor
    are never called crack. A floor of 0 is the paper's rule.

    Attributes:
        floor: lowest level; ``fit`` sets it to what only ``false_alarm_share`` of undamaged pixels exceed.
        false_alarm_share: share of undamaged pixels that may lie above the floor.
        minimum_extent: smallest reach of connected crack pixels, in pixels; see :func:`apply_threshold`.
        seed_level: what one of the connected crack pixels must score; see :func:`apply_threshold`.
    """

    floor: float = 0.0
    false_alarm_share: float = 0.002
    minimum_extent: int = 0
    seed_level: float = 0.0

    def fit(self, scores: Iterable[Float[np.ndarray, "h w"]]) -> "OtsuThreshold":
        """Set the floor on undamaged photos."""
        return replace(self, floor=undamaged_level(scores, self.false_alarm_share))

    def level(self, score: Float[np.ndarray, "h w"]) -> float:
        """Otsu's level, or the floor where that is higher."""
        return max(otsu_level(score), self.floor)


@dataclass(frozen=True)
class FixedThreshold:
    """The same level for all photos.

    Attributes:
        fixed_level: the level; ``fit`` sets it to what only ``false_alarm_share`` of undamaged pixels exceed.
        false_alarm_share: share of undamaged pixels that may be called crack.
        minimum_extent: smallest reach of connected crack pixels, in pixels; see :func:`apply_threshold`.
        seed_level: what one of the connected crack pixels must score; see :func:`apply_threshold`.
    """

    fixed_level: float = 0.5
    false_alarm_share: float = 0.002
    minimum_extent: int = 0
    seed_level: float = 0.0

    def fit(self, scores: Iterable[Float[np.ndarray, "h w"]]) -> "FixedThreshold":
        """Set the level on undamaged photos."""
        return replace(self, fixed_level=undamaged_level(scores, self.false_alarm_share))

    def level(self, score: Float[np.ndarray, "h w"]) -> float:
        """The fixed level."""
        return self.fixed_level


def apply_threshold(
    score: Float[np.ndarray, "h w"], level: float, minimum_extent: int = 0, seed_level: float = 0.0
) -> Bool[np.ndarray, "h w"]:
    """Pixels that score above the level, without specks and without what is nowhere certain.

    Args:
        score: a score map.
        level: pixels above it are crack.
        minimum_extent: connected pixels that reach less far than this, in height and in width, are no crack.
        seed_level: connected pixels none of which scores above this are no crack (hysteresis, as in Canny's
            edge detector); at or below the level it asks for nothing more.
    """
    mask: np.ndarray = score > level
    if (minimum_extent <= 1 and seed_level <= level) or not mask.any():
        return mask
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    kept = statistics[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) >= minimum_extent
    if seed_level > level:
        certain = np.zeros(count, bool)
        certain[labels[score > seed_level]] = True
        kept &= certain
    kept[0] = False  # the background
    chosen: np.ndarray = kept[labels]
    return chosen
