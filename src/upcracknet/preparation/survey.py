"""The first look at all photos: what the detector finds, cell by cell."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from upcracknet.data.dataset import Sample
from upcracknet.detection import CrackDetector
from upcracknet.detection.detector import check_size
from upcracknet.detection.pretrained import weights_checksum
from upcracknet.errors import PhotoError
from upcracknet.preparation.cells import detector_cells, flat_cells

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and how much there is."""


@dataclass(frozen=True, eq=False)
class SurveyedPhoto:
    """What is kept of a photo: a few numbers a cell, so that a whole survey fits in memory.

    Attributes:
        sample: the photo's file; its mask, where it has one, is not looked at.
        scores: the detector's strongest score in each cell, over the photo's median.
        flat: cells without texture.
    """

    sample: Sample
    scores: Float32[np.ndarray, "rows columns"]
    flat: Bool[np.ndarray, "rows columns"]


def open_detector(model: str) -> tuple[CrackDetector, str | None]:
    """Opens the detector to choose by.

    Args:
        model: a shipped model, a run folder, a ``.safetensors`` file, or a classical method such as
            ``local-contrast``, which has learned nothing.

    Returns:
        The detector, and the sha256 of its weights file; None where there is none.

    Raises:
        WeightsError: no such model, or unusable weights.
    """
    return CrackDetector.from_pretrained(model), weights_checksum(model)


def survey_photos(
    samples: Sequence[Sample],
    detector: CrackDetector,
    *,
    on_failure: Callable[[Sample, PhotoError], None] = lambda sample, error: None,
    progress: Progress = lambda stage, done, total: None,
) -> list[SurveyedPhoto]:
    """Scores all photos, holding only those in work.

    Args:
        samples: the photos; masks are not opened.
        detector: from photos to scores.
        on_failure: called for each photo that cannot be used; the others go on.
        progress: told after each photo.

    Returns:
        What was found in each photo that can be read, in order.
    """
    surveyed: list[SurveyedPhoto] = []
    waiting: deque[Sample] = deque()
    failed = 0

    def readable() -> Iterator[UInt8[np.ndarray, "h w 3"]]:
        nonlocal failed
        for sample in samples:
            try:
                photo = sample.photo()
                check_size(photo.shape[0], photo.shape[1], str(sample.photo_path))
            except PhotoError as error:
                failed += 1
                on_failure(sample, error)
                progress("scoring", len(surveyed) + failed, len(samples))
                continue
            waiting.append(sample)
            yield photo

    for crack_map in detector.detect_many(readable()):
        scores = detector_cells(crack_map.score.astype(np.float32, copy=False))
        surveyed.append(SurveyedPhoto(waiting.popleft(), scores, flat_cells(crack_map.photo)))
        progress("scoring", len(surveyed) + failed, len(samples))
    return surveyed
