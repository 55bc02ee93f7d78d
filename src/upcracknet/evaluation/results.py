"""What an evaluation gives: counts of each item, and figures of a data set or a part of it."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from upcracknet.data.dataset import Sample
from upcracknet.evaluation.metrics import ConfusionCounts, Scores, count, mean_iou, mean_over_images
from upcracknet.evaluation.sweep import OperatingPoint, ThresholdCurve, ThresholdSweep

TOLERANCES = (0, 1, 2)  # pixels


@dataclass(frozen=True)
class ItemResult:
    """One prediction against its annotation.

    Attributes:
        name: the item's name.
        sample: the sample it was made from.
        threshold: the threshold the detector used.
        counts: at the detector's own mask, by tolerance in pixels.
    """

    name: str
    sample: Sample
    threshold: float
    counts: dict[int, ConfusionCounts]

    @property
    def scores(self) -> Scores:
        """The measures without tolerance."""
        return Scores.of(self.counts[0])


@dataclass(frozen=True)
class ToleranceResult:
    """The figures at one tolerance.

    Attributes:
        tolerance: in pixels.
        counts: at the detector's own masks, pooled.
        mean_over_images: the mean of each image's measures; not the paper's figure.
        ods: the best single threshold for all images, chosen on their annotation.
        ois: the best threshold of each image, chosen on its annotation, counts pooled.
    """

    tolerance: int
    counts: ConfusionCounts
    mean_over_images: Scores
    ods: OperatingPoint
    ois: OperatingPoint

    @property
    def scores(self) -> Scores:
        """The measures at the detector's own masks, pooled: the paper's figure at tolerance 0."""
        return Scores.of(self.counts)


@dataclass(frozen=True)
class GroupResult:
    """The figures of a data set or of a named part of it.

    Attributes:
        name: which items these are.
        images: number of items.
        prevalence: share of annotated crack pixels, 0 to 1.
        mean_iou: mean IoU of cracks and background, pooled, without tolerance.
        average_precision: area under the pooled precision–recall curve, without tolerance.
        tolerances: the figures at each tolerance.
    """

    name: str
    images: int
    prevalence: float
    mean_iou: float
    average_precision: float
    tolerances: tuple[ToleranceResult, ...]

    @property
    def exact(self) -> ToleranceResult:
        """The figures without tolerance."""
        return next(result for result in self.tolerances if result.tolerance == 0)


@dataclass(frozen=True)
class EvaluationResult:
    """All figures of one detector on one data set under one protocol.

    Attributes:
        model: name of the detector.
        threshold_rule: how the detector chose its thresholds.
        dataset: name of the data set.
        split: its part.
        protocol: name of the protocol.
        protocol_description: what it means.
        groups: the whole data set first, then parts of it.
        items: the single results.
        unreadable: name and error of each sample that could not be read.
        notes: what to know of the figures, a sentence each.
        weights_sha256: checksum of the detector's tensors, where it has any.
    """

    model: str
    threshold_rule: str
    dataset: str
    split: str
    protocol: str
    protocol_description: str
    groups: tuple[GroupResult, ...]
    items: tuple[ItemResult, ...]
    unreadable: tuple[tuple[str, str], ...] = field(default=())
    notes: tuple[str, ...] = ()
    weights_sha256: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every annotated sample was evaluated; else the figures are not those of the data set."""
        return not self.unreadable

    @property
    def whole(self) -> GroupResult:
        """The figures of the whole data set."""
        return self.groups[0]


class Tally:
    """The items of one named group, pooled."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._items: list[ItemResult] = []
        self._sweeps = {tolerance: ThresholdSweep() for tolerance in TOLERANCES}

    def add(self, item: ItemResult, curves: dict[int, ThresholdCurve]) -> None:
        """Add one item with its curves by tolerance."""
        self._items.append(item)
        for tolerance, curve in curves.items():
            self._sweeps[tolerance].add(curve)

    @property
    def images(self) -> int:
        """Number of items added."""
        return len(self._items)

    def result(self) -> GroupResult:
        """Give the figures of all items added.

        Raises:
            ValueError: none was added.
        """
        tolerances = [
            ToleranceResult(
                tolerance=tolerance,
                counts=sum((item.counts[tolerance] for item in self._items), ConfusionCounts()),
                mean_over_images=mean_over_images(Scores.of(item.counts[tolerance]) for item in self._items),
                ods=sweep.ods,
                ois=sweep.ois,
            )
            for tolerance, sweep in self._sweeps.items()
        ]
        exact = tolerances[0].counts
        return GroupResult(
            name=self.name,
            images=self.images,
            prevalence=exact.annotated / max(exact.pixels, 1),
            mean_iou=mean_iou(exact),
            average_precision=self._sweeps[0].curve.average_precision,
            tolerances=tuple(tolerances),
        )


def measure_mask(
    prediction: Bool[np.ndarray, "h w"], truth: Bool[np.ndarray, "h w"]
) -> dict[int, ConfusionCounts]:
    """Count a mask at each tolerance."""
    return {tolerance: count(prediction, truth, tolerance=tolerance) for tolerance in TOLERANCES}


def measure_score(
    score: Float[np.ndarray, "h w"], truth: Bool[np.ndarray, "h w"]
) -> dict[int, ThresholdCurve]:
    """Count a score map at each tolerance and all thresholds."""
    return {tolerance: ThresholdCurve.of(score, truth, tolerance=tolerance) for tolerance in TOLERANCES}
