"""The first look at all photos: what the detector finds, cell by cell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from upcracknet.data.dataset import Sample
from upcracknet.detection import CrackDetector
from upcracknet.detection.pretrained import load_pretrained
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
        The detector, and the sha256 of its tensors; None where there are none.

    Raises:
        WeightsError: no such model, or unusable weights.
    """
    pretrained = load_pretrained(model)
    return CrackDetector(pretrained.scorer, pretrained.threshold), pretrained.sha256


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
    items = ((sample, sample.photo) for sample in samples)
    for done, (sample, found) in enumerate(detector.detect_each(items), start=1):
        if isinstance(found, PhotoError):
            on_failure(sample, found)
        else:
            scores = detector_cells(found.score.astype(np.float32, copy=False))
            surveyed.append(SurveyedPhoto(sample, scores, flat_cells(found.photo)))
        progress("scoring", done, len(samples))
    return surveyed
