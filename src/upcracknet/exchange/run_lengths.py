"""Masks as run lengths: how many pixels in a row are no crack, are crack, are no crack, and so on.

COCO goes down the columns of the whole photo (``pycocotools/mask.py``, format of the annotations), CVAT along
the rows of the part's own box ("XML annotation format", version 1.1). Both begin with pixels that are no
crack, which may be none.
"""

import numpy as np
from jaxtyping import Bool, Int, Int64

from upcracknet.errors import DataError

LONGEST_NUMBER = 7
"""Letters of the longest number in a compressed text: 35 bits."""


def run_lengths(pixels: Bool[np.ndarray, " n"]) -> Int64[np.ndarray, " runs"]:
    """Count the pixels of each run.

    Args:
        pixels: True where there is a crack.

    Returns:
        lengths in pixels, of runs that are in turn no crack and crack.
    """
    changes = np.flatnonzero(np.diff(pixels, prepend=False)) if pixels.size else np.empty(0, np.int64)
    return np.diff(changes, prepend=0, append=pixels.size)


def pixels_of(lengths: Int[np.ndarray, " runs"], count: int) -> Bool[np.ndarray, " n"]:
    """Give the pixels of runs.

    Args:
        lengths: see :func:`run_lengths`.
        count: how many pixels they should be.

    Raises:
        DataError: they are not so many.
    """
    _require(lengths, count)
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)


def crack_places(lengths: Int[np.ndarray, " runs"], count: int) -> Int64[np.ndarray, " n"]:
    """Give the places of the crack pixels among all: for large photos with small parts.

    Args:
        lengths: see :func:`run_lengths`.
        count: how many pixels they should be.

    Raises:
        DataError: they are not so many.
    """
    _require(lengths, count)
    cracks = lengths[1::2]
    begins = np.cumsum(lengths)[0::2][: len(cracks)]
    before = np.cumsum(cracks) - cracks
    return np.repeat(begins - before, cracks) + np.arange(int(cracks.sum()))


def _require(lengths: Int[np.ndarray, " runs"], count: int) -> None:
    # Each for itself, as the sum of very large ones starts again from below.
    if lengths.ndim != 1 or (lengths < 0).any() or (lengths > count).any():
        raise DataError(
            "run lengths below 0 or of more pixels than the photo has; the annotation is damaged, export it "
            "again"
        )
    if int(lengths.sum()) != count:
        raise DataError(
            f"run lengths of {int(lengths.sum()):,} pixels, expected {count:,}; the annotation is damaged or "
            "of another photo"
        )


def coco_run_lengths(
    part: Bool[np.ndarray, "h w"], left: int, top: int, size: tuple[int, int]
) -> Int64[np.ndarray, " runs"]:
    """Count the runs of a part of a photo, down its columns, without painting it.

    Args:
        part: True where there is a crack, within the part's box.
        left: of the box, in pixels.
        top: of the box, in pixels.
        size: the photo's height and width in pixels.
    """
    x, y = np.nonzero(part.T)
    places = (x + left) * size[0] + y + top
    begins = places[np.flatnonzero(np.diff(places, prepend=-2) != 1)]
    ends = places[np.flatnonzero(np.diff(places, append=size[0] * size[1] + 1) != 1)] + 1
    changes = np.stack([begins, ends], axis=1).ravel()
    lengths = np.diff(changes, prepend=0, append=size[0] * size[1])
    return lengths[:-1] if len(lengths) > 1 and lengths[-1] == 0 else lengths


def compressed(lengths: Int64[np.ndarray, " runs"]) -> str:
    """Write run lengths as COCO's text.

    From the fourth on a length is written as its difference to the one two before. Each letter holds 5 bits,
    the lowest first, and one that says whether more follow.
    """
    numbers = lengths.astype(np.int64)
    numbers[3:] -= lengths[1:-2]
    letters = np.stack([(numbers >> 5 * place) & 31 for place in range(LONGEST_NUMBER)], axis=1)
    # A number ends where all that is left repeats the sign, which is the fifth bit.
    rest = np.stack([numbers >> 5 * place + 4 for place in range(LONGEST_NUMBER)], axis=1)
    ends = np.argmax((rest == 0) | (rest == -1), axis=1)
    places = np.arange(LONGEST_NUMBER)
    letters += 32 * (places < ends[:, None])
    text: str = (letters + 48)[places <= ends[:, None]].astype(np.uint8).tobytes().decode("ascii")
    return text


def uncompressed(text: str) -> Int64[np.ndarray, " runs"]:
    """Read run lengths from COCO's text; see :func:`compressed`.

    Raises:
        DataError: it is none.
    """
    letters = np.frombuffer(text.encode("latin-1", errors="replace"), np.uint8).astype(np.int64) - 48
    ends = np.flatnonzero((letters & 32) == 0)
    if not letters.size or letters.min() < 0 or letters.max() > 63 or letters[-1] & 32:
        raise DataError("run lengths in a text that is not COCO's; export the annotations again")
    begins = np.concatenate([[0], ends[:-1] + 1])
    places = np.arange(letters.size) - np.repeat(begins, ends - begins + 1)
    if places.max() >= LONGEST_NUMBER:
        raise DataError("run lengths with a number that no photo has; export the annotations again")
    numbers = np.add.reduceat((letters & 31) << 5 * places, begins)
    negative = (letters[ends] & 16) > 0
    numbers -= np.where(negative, 1 << 5 * (ends - begins + 1), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers
