"""Photos that people corrected, as something to learn from: optional supervision beside the painted cracks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.backgrounds import LabelledPhoto
from upcracknet.data.patches import CACHE_BYTES
from upcracknet.errors import DataError, UpCrackNetError
from upcracknet.results import read_results
from upcracknet.results.reviewed import ReviewedPhoto, count_by_status, reviewed_photos

UNKNOWN = 128
"""The score where a person's mask says nothing."""

SURE = (0.25, 0.75)
"""Scores up to and from which a target is sure, see :class:`.Labels`: it holds 0, 1 and what lies between."""


class CorrectedPhotos(Sequence[LabelledPhoto]):
    """Corrected photos with their masks as scores: 255 is crack, 0 is none, 128 is not known.

    Some are held in memory; the others are read when they are needed.

    Args:
        photos: what people looked at, and those of them that are held.
    """

    def __init__(self, photos: Sequence[tuple[ReviewedPhoto, LabelledPhoto | None]]) -> None:
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
        source, held = self._photos[index]
        return held or _labelled(source)


@dataclass(frozen=True)
class Corrected:
    """What is learned from corrections.

    Attributes:
        training: photos for training.
        validation: others, kept apart; may be none.
        facts: what a run notes of them.
    """

    training: CorrectedPhotos
    validation: CorrectedPhotos
    facts: dict[str, Any]


def corrected_photos(folders: Sequence[str], validation_share: float, seed: int) -> Corrected:
    """Read the photos that people corrected, accepted or rejected.

    A photo that cannot be taken costs no other: it is named in the facts.

    Args:
        folders: result folders with ``corrections/``.
        validation_share: share of the photos that is kept apart, rounded to whole photos.
        seed: which they are.

    Raises:
        DataError: a folder is no result folder, or nothing in them can be learned from.
    """
    found: list[ReviewedPhoto] = []
    left_out: list[str] = []
    for folder in folders:
        photos, unusable = reviewed_photos(read_results(Path(folder)))
        found += photos
        left_out += unusable
    readable = [*_read(found, left_out)]
    if not readable:
        first = f"; the first problem: {left_out[0]}" if left_out else "; correct some, or accept them"
        raise DataError(f"{', '.join(folders)}: no photo there that a person looked at can be learned from{first}")
    order = np.random.default_rng(seed).permutation(len(readable))
    kept_apart = round(validation_share * len(readable))
    validation, training = ([readable[place] for place in sorted(part)] for part in np.split(order, [kept_apart]))
    sources = [source for source, _ in readable]
    facts = {
        "supervision": "optional: photos that people corrected",
        "results": list(folders),
        **count_by_status(sources),
        "photos": [source.name for source in sources],
        "left_out": left_out,
    }
    return Corrected(CorrectedPhotos(training), CorrectedPhotos(validation), {"corrections": facts})


def target(mask: Bool[np.ndarray, "h w"], looked_at: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Turn a person's mask into scores to learn from.

    A stroke that is 3 pixels or more wide is not known at its rim, 1 pixel inside; how it is not known beside
    it, 2 pixels outside, is the matter of :class:`.Labels`. Thinner ones are crack all over.

    Args:
        mask: True where there is a crack.
        looked_at: True where it says so.

    Returns:
        255 on cracks, 0 where there are none, 128 where that is not known.
    """
    scores = mask.astype(np.uint8) * np.uint8(255)
    square = np.ones((3, 3), np.uint8)
    inner = cv2.erode(scores, square)
    rim = (cv2.dilate(inner, square) > 0) & mask & (inner == 0)
    scores[rim | ~looked_at] = UNKNOWN
    return scores


def _read(
    photos: Sequence[ReviewedPhoto], left_out: list[str], cache_bytes: int = CACHE_BYTES
) -> Iterator[tuple[ReviewedPhoto, LabelledPhoto | None]]:
    """Read all photos once, to see that they can be, and hold them up to so many bytes."""
    for source in photos:
        try:
            labelled = _labelled(source)
        except UpCrackNetError as error:
            left_out.append(str(error))
            continue
        cache_bytes -= labelled.photo.nbytes + labelled.score.nbytes
        yield source, labelled if cache_bytes >= 0 else None


def _labelled(source: ReviewedPhoto) -> LabelledPhoto:
    photo, mask = source.photo(), source.truth()
    if photo.shape[:2] != mask.shape:
        raise DataError(
            f"{source.name}: the photo has {photo.shape[1]}x{photo.shape[0]} pixels, its mask "
            f"{mask.shape[1]}x{mask.shape[0]}; run `upcracknet detect` again"
        )
    return LabelledPhoto(photo, target(mask, source.looked_at()))
