"""Evaluates a detector on an annotated data set, by the same inference path that users have."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from upcracknet.data.dataset import CrackDataset, Sample
from upcracknet.data.deepcrack import LEAKED_TEST_NAMES
from upcracknet.detection import CrackDetector, CrackMap, FixedThreshold, OtsuThreshold, Threshold
from upcracknet.detection.detector import check_size
from upcracknet.errors import DataError, PhotoError
from upcracknet.evaluation.examples import write_examples
from upcracknet.evaluation.protocol import EvaluationItem, Protocol, annotated
from upcracknet.evaluation.report import write_items
from upcracknet.evaluation.results import (
    EvaluationResult,
    ItemResult,
    Tally,
    measure_mask,
    measure_score,
)

Progress = Callable[[int, int], None]
"""Called with the number of samples done and the number of all."""

Observer = Callable[[EvaluationItem, CrackMap], None]
"""Called with each item and what the detector made of it, to measure more in the same pass."""


def evaluate(
    detector: CrackDetector,
    dataset: CrackDataset,
    protocol: Protocol,
    *,
    output: Path | None = None,
    examples: int = 9,
    progress: Progress | None = None,
    observe: Observer | None = None,
) -> EvaluationResult:
    """Compares a detector's masks and score maps with the annotation of a data set.

    A sample that cannot be read is listed in the result, which is then incomplete.

    Args:
        detector: What is evaluated.
        dataset: Samples without a mask are left out.
        protocol: At which size photos and annotation are compared.
        output: Folder for `per_image.csv`, `panels.png` and `panels/`; None writes nothing.
        examples: Number of panels, a third each of the best, the median and the worst results.
        progress: Told after each sample.
        observe: Told each item and its crack map.

    Raises:
        DataError: If there is no annotated sample, or none of them could be read.
        OutputError: If `output` cannot be written.
    """
    reader = _Reader(dataset, protocol)
    tallies = [(Tally(name), left_out) for name, left_out in groups_of(dataset).items()]
    items = []
    for crack_map in detector.detect_many(reader.photos()):
        done, sample, item = reader.waiting.popleft()
        counts = measure_mask(crack_map.mask, item.truth)
        result = ItemResult(item.name, sample, crack_map.threshold, counts)
        curves = measure_score(crack_map.score, item.truth)
        for tally, left_out in tallies:
            if sample.name not in left_out:
                tally.add(result, curves)
        items.append(result)
        if observe is not None:
            observe(item, crack_map)
        if progress is not None:
            progress(done, len(reader.samples))
    if not items:
        raise DataError(_nothing_evaluated(dataset, reader.unreadable))
    evaluation = EvaluationResult(
        model=detector.scorer.name,
        threshold_rule=describe_threshold(detector.threshold),
        dataset=dataset.name,
        split=dataset.split,
        protocol=protocol.name,
        protocol_description=protocol.description,
        groups=tuple(tally.result() for tally, _ in tallies if tally.images),
        items=tuple(items),
        unreadable=tuple(reader.unreadable),
    )
    if output is not None:
        write_items(evaluation, output / "per_image.csv")
        write_examples(evaluation, detector, protocol, output, number=examples)
    return evaluation


def groups_of(dataset: CrackDataset) -> dict[str, frozenset[str]]:
    """The parts of a data set that get figures of their own, and which samples each leaves out.

    DeepCrack's official test set shows 11 scenes of its training set, so the others are given too.
    """
    groups: dict[str, frozenset[str]] = {"all": frozenset()}
    if dataset.name == "deepcrack" and dataset.split == "test":
        groups["without training scenes"] = LEAKED_TEST_NAMES
    return groups


def describe_threshold(threshold: Threshold) -> str:
    """How a detector chooses its thresholds, in words for a table."""
    match threshold:
        case OtsuThreshold(floor=floor):
            rule = f"Otsu on each photo, at least {floor:.3g}" if floor > 0 else "Otsu on each photo"
        case FixedThreshold(fixed_level=level):
            rule = f"fixed at {level:.3g}"
        case _:
            rule = type(threshold).__name__
    extent, seed = threshold.minimum_extent, threshold.seed_level
    rule += f", with hysteresis at {seed:.3g}" if seed > 0 else ""
    return f"{rule}, without specks under {extent} pixels" if extent > 1 else rule


class _Reader:
    """Hands photos to the detector; keeps what each is compared with until its result is back."""

    def __init__(self, dataset: CrackDataset, protocol: Protocol) -> None:
        self.samples = annotated(dataset)
        self.waiting: deque[tuple[int, Sample, EvaluationItem]] = deque()
        self.unreadable: list[tuple[str, str]] = []
        self._dataset_name = dataset.name
        self._protocol = protocol

    def photos(self) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
        for number, sample in enumerate(self.samples, start=1):
            try:
                items = self._protocol.prepare(self._dataset_name, sample)
                for item in items:
                    check_size(item.photo.shape[0], item.photo.shape[1], item.name)
            except (PhotoError, DataError) as error:
                self.unreadable.append((sample.name, str(error)))
                continue
            for item in items:
                self.waiting.append((number, sample, item))
                yield item.photo


def _nothing_evaluated(dataset: CrackDataset, unreadable: list[tuple[str, str]]) -> str:
    if unreadable:
        return f"none of the {len(unreadable)} annotated photos could be read; the first: {unreadable[0][1]}"
    return f"{dataset.root} has {len(dataset)} photos and none with a crack mask; evaluation needs masks"
