"""The second contract: from a score map to a crack mask."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int

from upcracknet.errors import ConfigurationError

OTSU_BINS = 256


@dataclass(frozen=True)
class Threshold:
    """Which pixels of a score map are crack. Without arguments it is the paper's rule, Otsu's method alone.

    Otsu's method always splits a photo in two, so it finds "cracks" on a clean road too; a floor prevents it.

    Attributes:
        level: scores above it are crack; None takes Otsu's level of each photo (O of equation 1).
        floor: lowest level that Otsu's method may give.
        hysteresis: connected crack pixels count only if one of them scores above this, as in Canny's edge
            detector; at or below the level it asks for nothing more.
        minimum_extent: connected crack pixels that reach less far than this many pixels, in height and in
            width, are specks and dropped.
    """

    level: float | None = None
    floor: float = 0.0
    hysteresis: float = 0.0
    minimum_extent: int = 0

    def __post_init__(self) -> None:
        scores = {"level": self.level or 0.0, "floor": self.floor, "hysteresis": self.hysteresis}
        wrong = [f"{name} {value:g}" for name, value in scores.items() if not 0 <= value <= 1]
        if wrong or self.minimum_extent < 0:
            found = ", ".join(wrong) or f"minimum extent {self.minimum_extent}"
            raise ConfigurationError(
                f"threshold: {found}; expected scores from 0 to 1, and an extent of 0 pixels or more"
            )

    def level_of(self, score: Float[np.ndarray, "h w"]) -> float:
        """Find the score above which this photo's pixels are crack."""
        return max(otsu_level(score), self.floor) if self.level is None else self.level

    def mask(self, score: Float[np.ndarray, "h w"], level: float | None = None) -> Bool[np.ndarray, "h w"]:
        """Mark the crack pixels of a photo.

        Args:
            score: its score map.
            level: what :meth:`level_of` gave for it; None asks again.
        """
        level = self.level_of(score) if level is None else level
        if not self.looks_at_components(level):
            above: np.ndarray = score > level
            return above
        return Components.of(score, level).mask(self)

    def looks_at_components(self, level: float) -> bool:
        """Tell whether more than the level decides about a pixel."""
        return self.minimum_extent > 1 or self.hysteresis > level

    def __str__(self) -> str:
        parts = [f"fixed at {self.level:g}" if self.level is not None else "Otsu on each photo"]
        if self.level is None and self.floor:
            parts.append(f"at least {self.floor:.4g}")
        if self.minimum_extent > 1:
            parts.append(f"without specks that reach less than {self.minimum_extent} pixels")
        if self.hysteresis:
            parts.append(f"with hysteresis at {self.hysteresis:g}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Components:
    """Connected pixels above a level, of a map or of some of its rows; pixels that touch at a corner connect.

    Attributes:
        labels: 0 below the level, else one more than the component's place in the other attributes.
        boxes: left, top, right and bottom of each, in pixels; right and bottom are exclusive.
        sizes: pixels of each.
        peaks: highest score of each.
    """

    labels: Int[np.ndarray, "h w"]
    boxes: Int[np.ndarray, "n 4"]
    sizes: Int[np.ndarray, " n"]
    peaks: Float[np.ndarray, " n"]

    @classmethod
    def of(cls, score: Float[np.ndarray, "h w"], level: float) -> "Components":
        """Find the components of a score map."""
        above = score > level
        number, found, statistics, _ = cv2.connectedComponentsWithStats(
            above.astype(np.uint8), connectivity=8
        )
        labels = np.asarray(found, np.int32)
        peaks = np.zeros(number, np.float32)
        np.maximum.at(peaks, labels[above], score[above])
        left_top, size = np.asarray(statistics, np.int64)[1:, :2], np.asarray(statistics, np.int64)[1:, 2:4]
        boxes = np.concatenate([left_top, left_top + size], axis=1)
        return cls(labels, boxes, np.asarray(statistics, np.int64)[1:, cv2.CC_STAT_AREA], peaks[1:])

    def kept(self, threshold: Threshold) -> Bool[np.ndarray, " n"]:
        """Tell which components are large and certain enough: the one rule, in memory and in windows."""
        extents = (self.boxes[:, 2:] - self.boxes[:, :2]).max(axis=1, initial=0)
        kept: np.ndarray = (extents >= threshold.minimum_extent) & (self.peaks > threshold.hysteresis)
        return kept

    def mask(self, threshold: Threshold) -> Bool[np.ndarray, "h w"]:
        """Mark the pixels of the components that are kept."""
        chosen: np.ndarray = np.concatenate([[False], self.kept(threshold)])[self.labels]
        return chosen


def otsu_level(score: Float[np.ndarray, "h w"]) -> float:
    """Find Otsu's threshold of one score map (O of equation 1), over 256 bins between its extremes.

    Bins over the map's own range, not over 256 fixed grey values: squared errors are small, and 8 bits would
    leave only a few levels of them.
    """
    low, high = float(score.min()), float(score.max())
    return otsu_level_of_counts(otsu_counts(score, low, high), low, high)


def otsu_counts(score: Float[np.ndarray, "h w"], low: float, high: float) -> Float[np.ndarray, " bins"]:
    """Count how many scores lie in each of 256 equal bins from low to high."""
    if not high > low:
        return np.zeros(OTSU_BINS, np.float32)
    # OpenCV leaves the upper end of the range out; one step up keeps the highest score in.
    bounds = [low, float(np.nextafter(np.float32(high), np.float32(np.inf)))]
    return cv2.calcHist([np.ascontiguousarray(score)], [0], None, [OTSU_BINS], bounds).ravel()


def otsu_level_of_counts(counts: Float[np.ndarray, " bins"], low: float, high: float) -> float:
    """Find Otsu's threshold of values that are known by their counts in equal bins from low to high alone."""
    if not high > low:
        return high
    # Loading it takes a third of a second, which fixed thresholds need not wait for.
    from skimage.filters import threshold_otsu

    edges = np.linspace(low, high, len(counts) + 1)
    level = threshold_otsu(hist=(counts, (edges[:-1] + edges[1:]) / 2))  # type: ignore[no-untyped-call]
    return float(level)
