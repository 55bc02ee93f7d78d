"""Photos that people corrected, to learn from: optional supervision beside the painted cracks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.data.backgrounds import LabelledPhoto, LabelledPhotos, Memory, ReadLabelled
from upcracknet.errors import DataError, UpCrackNetError
from upcracknet.results import read_results
from upcracknet.results.reviewed import ReviewedPhoto, count_by_status, reviewed_photos

UNKNOWN = 128
"""The score where a person's mask says nothing."""

SURE = (0.25, 0.75)
"""Scores up to and from which a target is sure, see :class:`.Labels`: it holds 0, 1 and what lies between."""

RIM = 3
"""Pixels; side of the square around a crack in which nothing else is known: people draw a pixel beside the
edge."""


@dataclass(frozen=True)
class Corrected:
    """What is learned from corrections.

    Attributes:
        training: photos for training.
        validation: others, kept apart; may be none.
        facts: what a run notes of them.
    """

    training: LabelledPhotos
    validation: LabelledPhotos
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
        raise DataError(
            f"{', '.join(folders)}: no photo there that a person looked at can be learned from{first}"
        )
    order = np.random.default_rng(seed).permutation(len(readable))
    kept_apart = round(validation_share * len(readable))
    validation, training = (
        [readable[place][1] for place in sorted(part)] for part in np.split(order, [kept_apart])
    )
    sources = [source for source, _ in readable]
    facts = {
        "supervision": "optional: photos that people corrected",
        "results": list(folders),
        **count_by_status(sources),
        "photos": [source.name for source in sources],
        "left_out": left_out,
    }
    return Corrected(LabelledPhotos(training), LabelledPhotos(validation), {"corrections": facts})


def target(mask: Bool[np.ndarray, "h w"], looked_at: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Turn a person's mask into scores to learn from.

    Args:
        mask: True where there is a crack.
        looked_at: True where it says so.

    Returns:
        255 on cracks, 0 where there are none, 128 where that is not known.
    """
    scores = mask.astype(np.uint8) * np.uint8(255)
    scores[~looked_at] = UNKNOWN
    return scores


def _read(
    photos: Sequence[ReviewedPhoto], left_out: list[str]
) -> Iterator[tuple[ReviewedPhoto, tuple[ReadLabelled, LabelledPhoto | None]]]:
    """Read all photos once, to see that they can be."""
    memory = Memory()
    for source in photos:
        try:
            yield source, memory.first_read(partial(_labelled, source))
        except UpCrackNetError as error:
            left_out.append(str(error))


def _labelled(source: ReviewedPhoto) -> LabelledPhoto:
    photo, mask = source.photo(), source.truth()
    if photo.shape[:2] != mask.shape:
        raise DataError(
            f"{source.name}: the photo has {photo.shape[1]}x{photo.shape[0]} pixels, its mask "
            f"{mask.shape[1]}x{mask.shape[0]}; run `upcracknet detect` again"
        )
    return LabelledPhoto(photo, target(mask, source.looked_at()))
