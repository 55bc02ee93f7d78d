"""Photos with the scores that an earlier model gave them, to learn from."""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from upcracknet.data.backgrounds import LabelledPhoto, LabelledPhotos, Memory, ReadLabelled
from upcracknet.data.image_file import decoded_by_opencv
from upcracknet.data.photo import load_photo
from upcracknet.errors import DataError, PhotoError
from upcracknet.results import read_results
from upcracknet.results.sources import Source


def self_labelled_photos(folders: Sequence[str | Path], kept_apart: Collection[str] = ()) -> LabelledPhotos:
    """Read the photos of result folders with the scores that a model gave them.

    Args:
        folders: of ``upcracknet detect PHOTOS -o FOLDER --scores png``.
        kept_apart: absolute paths of photos that are not to be learned from.

    Raises:
        DataError: one is no result folder, no photo in it is done, or a photo has no score that fits it.
        PhotoError: a photo, or its score, cannot be read any more.
    """
    memory = Memory()
    return LabelledPhotos(
        [memory.first_read(read) for folder in folders for read in _photos_of(Path(folder), kept_apart)]
    )


def _photos_of(folder: Path, kept_apart: Collection[str]) -> Iterator[ReadLabelled]:
    results, found = read_results(folder), 0
    for record in results.records():
        if record.status != "done" or results.source(record).address in kept_apart:
            continue
        if record.score is None or not record.score.endswith(".png"):
            raise DataError(
                f"{folder}: {record.photo} has no score as PNG; run `upcracknet detect` again with "
                "--scores png"
            )
        found += 1
        yield partial(_labelled, record.photo, results.photo(record), results.file(record.score))
    if not found:
        raise DataError(f"{folder}: no photo is done; look at its photos.csv")


def _labelled(name: str, address: Path | str, score_path: Path) -> LabelledPhoto:
    try:
        score = decoded_by_opencv(score_path, str(score_path))
    except PhotoError as error:
        raise DataError(
            f"{score_path}: missing or damaged; run `upcracknet detect` again with --overwrite"
        ) from error
    photo = load_photo(address) if isinstance(address, Path) else Source(address, "").load()
    if score.dtype != np.uint16 or score.shape != photo.shape[:2]:
        raise DataError(
            f"{score_path}: not of 16 bits, or not of the size of {name}; run `upcracknet detect` again with "
            "--overwrite"
        )
    return LabelledPhoto(photo, np.rint(score.astype(np.float32) / 257).astype(np.uint8))
