"""Roads that cracks are painted on: windows without cracks, and photos whose cracks are known in part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from upcracknet.data.patches import CACHE_BYTES, UndamagedPatches

DOUBT = 5
"""Pixels; side of the square over which a score is spread before it counts as no crack: a model marks cracks
a little too narrow."""

TRIES = 3
"""Windows that are drawn before one is taken that is smaller than wanted."""


class Background(NamedTuple):
    """A piece of road to paint on.

    Attributes:
        photo: uint8 H×W×3 RGB.
        crack: float32 H×W, 1 where it has cracks of its own, else 0.
        known: float32 H×W, 1 where that is known, else 0.
        covered: float32 H×W in [0, 1], where things lie on the road and hide its cracks; None for nowhere.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    crack: Float32[np.ndarray, "h w"]
    known: Float32[np.ndarray, "h w"]
    covered: Float32[np.ndarray, "h w"] | None = None


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and how crack-like an earlier model, or a person, found each of its pixels.

    Attributes:
        photo: uint8 H×W×3 RGB.
        score: uint8 H×W, 255 is a score of 1.
    """

    photo: UInt8[np.ndarray, "h w 3"]
    score: UInt8[np.ndarray, "h w"]


ReadLabelled = Callable[[], LabelledPhoto]


class LabelledPhotos(Sequence[LabelledPhoto]):
    """Labelled photos, of which some are held in memory; the others are read when they are needed.

    Args:
        photos: how each is read, and the photo itself where it is held.
    """

    def __init__(self, photos: Sequence[tuple[ReadLabelled, LabelledPhoto | None]]) -> None:
        self._photos = tuple(photos)

    def __len__(self) -> int:
        return len(self._photos)

    @overload
    def __getitem__(self, index: int) -> LabelledPhoto: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[LabelledPhoto]: ...
    def __getitem__(self, index: int | slice) -> LabelledPhoto | Sequence[LabelledPhoto]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        read, held = self._photos[index]
        return held or read()


class Memory:
    """Room for labelled photos.

    Args:
        cache_bytes: photos are held up to so many bytes together.
    """

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._left = cache_bytes

    def first_read(self, read: ReadLabelled) -> tuple[ReadLabelled, LabelledPhoto | None]:
        """Read a photo once, to see that it can be, and hold it where there is room.

        Args:
            read: reads it; its errors go on to the caller.
        """
        labelled = read()
        self._left -= labelled.photo.nbytes + labelled.score.nbytes
        return read, labelled if self._left >= 0 else None


@dataclass(frozen=True)
class Labels:
    """Photos to paint on whose cracks an earlier model or a person has marked, and how far that is believed.

    Attributes:
        photos: photos with their scores.
        share: share of the patches that come from them.
        sure: where all scores nearby are up to the first there is no crack; where a score is the second or
            more there is one. In between it is not known.
        nearby: side in pixels of the square over which a score is spread before it counts as no crack.
    """

    photos: Sequence[LabelledPhoto]
    share: float = 0.4
    sure: tuple[float, float] = (0.05, 0.6)
    nearby: int = DOUBT

    def piece(self, height: int, width: int, generator: np.random.Generator) -> Background:
        """Cut a random piece of a random photo, smaller than wanted where the photo is.

        Args:
            height: rows in pixels.
            width: columns in pixels.
            generator: source of randomness.
        """
        labelled = self.photos[int(generator.integers(len(self.photos)))]
        place = draw_place(labelled.score.shape, height, width, generator)
        score = labelled.score[place].astype(np.float32) / 255
        nearby = cv2.dilate(score, np.ones((self.nearby, self.nearby), np.uint8))
        low, high = self.sure
        crack = score >= high
        known = (crack | (nearby <= low)).astype(np.float32)
        return Background(labelled.photo[place], crack.astype(np.float32), known)


def undamaged_piece(
    source: UndamagedPatches, height: int, width: int, generator: np.random.Generator
) -> Background:
    """Cut a piece of a random window without cracks, smaller than wanted where the windows are.

    Args:
        source: the windows.
        height: rows in pixels.
        width: columns in pixels.
        generator: source of randomness.
    """
    least = max(height, width)
    window = max((source.window(generator, least) for _ in range(TRIES)), key=len)
    return without_cracks(window[draw_place(window.shape[:2], height, width, generator)])


def without_cracks(photo: UInt8[np.ndarray, "h w 3"]) -> Background:
    """Take a photo that has no cracks."""
    return Background(photo, np.zeros(photo.shape[:2], np.float32), np.ones(photo.shape[:2], np.float32))


def draw_place(
    whole: tuple[int, ...], height: int, width: int, generator: np.random.Generator
) -> tuple[slice, slice]:
    """Draw rows and columns of a piece; where it is larger than the whole, it shrinks and keeps its shape.

    Nothing is ever continued by its mirror image: a crack would be what breaks the symmetry.

    Args:
        whole: rows and columns of the photo in pixels.
        height: rows of the piece in pixels.
        width: columns of the piece in pixels.
        generator: source of randomness.
    """
    shrunk = min(1.0, whole[0] / height, whole[1] / width)
    height, width = max(1, round(height * shrunk)), max(1, round(width * shrunk))
    top = int(generator.integers(whole[0] - height + 1))
    left = int(generator.integers(whole[1] - width + 1))
    return slice(top, top + height), slice(left, left + width)
