"""Where the masks come from that are compared with an annotation: a detector, or a result folder."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.detection import CrackDetector, CrackMap
from upcracknet.errors import DataError, PhotoError, UpCrackNetError
from upcracknet.evaluation.protocol import EvaluationItem
from upcracknet.results import ResultFolder
from upcracknet.results.reviewed import ReviewedPhoto, count_by_status, reviewed_photos


class Compared(NamedTuple):
    """Whose result a crack map is; errors name it as the item.

    Attributes:
        number: of the sample, from 1.
        sample: which photo.
        item: what is made of it, at the size of the protocol.
    """

    number: int
    sample: Sample
    item: EvaluationItem

    def __str__(self) -> str:
        return self.item.name


@dataclass(frozen=True)
class Answerer:
    """Who says where the cracks are.

    Attributes:
        name: of the model.
        threshold_rule: how its thresholds come about.
        answers: gives the cracks of each item, or what is wrong with its photo, in the order of the items.
        weights_sha256: checksum of the model's tensors; None where it has none, or masks were stored.
    """

    name: str
    threshold_rule: str
    answers: Callable[[Iterable[Compared]], Iterator[tuple[Compared, CrackMap | PhotoError]]]
    weights_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReviewedSample(Sample):
    """A photo of a result folder whose annotation is what a person said of it.

    Attributes:
        reviewed: the photo there.
    """

    reviewed: ReviewedPhoto

    def photo(self) -> np.ndarray:
        """Load the photo, RGB uint8 H×W×3."""
        return self.reviewed.photo()

    def mask(self) -> np.ndarray:
        """Load the mask that counts, bool H×W; none of a rejected photo."""
        return self.reviewed.truth()


def of_detector(detector: CrackDetector) -> Answerer:
    """Let a detector find the cracks."""

    def answers(items: Iterable[Compared]) -> Iterator[tuple[Compared, CrackMap | PhotoError]]:
        return detector.detect_each((compared, compared.item.photo) for compared in items)

    return Answerer(detector.scorer.name, str(detector.threshold), answers)


def reviewed_dataset(results: ResultFolder) -> tuple[CrackDataset, list[str]]:
    """Take the photos that people looked at as an annotated data set.

    Args:
        results: the result folder.

    Returns:
        the data set; and sentences that say what it is made of.

    Raises:
        DataError: nobody looked at a photo of it.
    """
    photos, left_out = reviewed_photos(results)
    if not photos:
        raise DataError(
            f"{results.path}: no photo there has a correction that can be used, so there is nothing to "
            "compare with; correct or accept some"
        )
    samples = tuple(
        ReviewedSample(
            name=photo.name,
            photo_path=Path(photo.record.photo),
            mask_path=results.file(photo.correction.mask or str(photo.record.mask)),
            reviewed=photo,
        )
        for photo in photos
    )
    counts = ", ".join(f"{count} {status}" for status, count in count_by_status(photos).items())
    others = sum(record.status == "done" for record in results.readable_records()) - len(photos)
    notes = [
        f"Compared with what people said of {len(photos)} photos: {counts}. {others} others are left out.",
        *(f"Left out: {problem}" for problem in left_out),
    ]
    return CrackDataset(results.path.resolve().name, "reviewed", results.path, samples), notes


def of_results(dataset: CrackDataset) -> Answerer:
    """Take the masks that a result folder holds as the model left them.

    Args:
        dataset: of :func:`reviewed_dataset`.
    """
    reviewed = [sample.reviewed for sample in dataset if isinstance(sample, ReviewedSample)]
    models = sorted({str((photo.record.settings or {}).get("model", "unknown")) for photo in reviewed})
    thresholds = sorted({photo.record.threshold for photo in reviewed if photo.record.threshold is not None})
    rule = (
        " or ".join(f"{threshold:g}" for threshold in thresholds) if len(thresholds) < 4 else "of each photo"
    )
    return Answerer(f"{' and '.join(models)} (stored)", f"as stored, {rule}", _stored)


def _stored(items: Iterable[Compared]) -> Iterator[tuple[Compared, CrackMap | PhotoError]]:
    for compared in items:
        assert isinstance(compared.sample, ReviewedSample)
        photo = compared.sample.reviewed
        try:
            mask, score = photo.answer(), photo.score()
            if not mask.shape == compared.item.truth.shape == (mask if score is None else score).shape:
                raise DataError(f"{photo.name}: its files differ in size; run `upcracknet detect` again")
        except UpCrackNetError as error:
            yield compared, PhotoError(str(error))
            continue
        # Without scores the mask is all that is known, so that the best threshold gives the mask again.
        score = mask.astype(np.float32) if score is None else score
        yield compared, CrackMap(compared.item.photo, score, mask, photo.record.threshold or 0.5)
