"""Evaluates a detector on an annotated data set, by the same inference path that users have."""

from collections.abc import Callable, Iterator
from pathlib import Path

from upcracknet.data.dataset import CrackDataset
from upcracknet.data.registry import DATASETS
from upcracknet.detection import CrackDetector, CrackMap
from upcracknet.errors import DataError, PhotoError
from upcracknet.evaluation.answers import Answerer, Compared, of_detector
from upcracknet.evaluation.panels import write_panels
from upcracknet.evaluation.protocol import EvaluationItem, Protocol, annotated
from upcracknet.evaluation.report import write_items
from upcracknet.evaluation.results import EvaluationResult, ItemResult, Tally, measure_mask, measure_score

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
    progress: Progress = lambda done, total: None,
    observe: Observer = lambda item, crack_map: None,
) -> EvaluationResult:
    """Compare a detector's masks and score maps with the annotation of a data set.

    The same as :func:`compare` with what the detector finds.

    Args:
        detector: what is evaluated.
        dataset: samples without a mask are left out.
        protocol: at which size photos and annotation are compared.
        output: folder for ``per_image.csv``, ``panels.png`` and ``panels/``; None writes nothing.
        examples: number of panels.
        progress: called after each sample.
        observe: gets each item with its crack map.

    Raises:
        DataError: there is no annotated sample, or none of them could be read.
        OutputError: ``output`` cannot be written.
    """
    return compare(
        of_detector(detector),
        dataset,
        protocol,
        output=output,
        examples=examples,
        progress=progress,
        observe=observe,
    )


def compare(
    answerer: Answerer,
    dataset: CrackDataset,
    protocol: Protocol,
    *,
    learned: frozenset[str] = frozenset(),
    notes: tuple[str, ...] = (),
    output: Path | None = None,
    examples: int = 9,
    progress: Progress = lambda done, total: None,
    observe: Observer = lambda item, crack_map: None,
) -> EvaluationResult:
    """Compare masks and score maps with the annotation of a data set.

    A sample that cannot be read is listed in the result, which is then incomplete.

    Args:
        answerer: who says where the cracks are.
        dataset: samples without a mask are left out.
        protocol: at which size photos and annotation are compared.
        learned: names of samples whose annotation the model learned from; the others get figures of their
            own.
        notes: what to know of the figures.
        output: folder for ``per_image.csv``, ``panels.png`` and ``panels/``; None writes nothing.
        examples: number of panels, a third each of the best, the median and the worst results.
        progress: called after each sample.
        observe: gets each item with its crack map.

    Raises:
        DataError: there is no annotated sample, or none of them could be read.
        OutputError: ``output`` cannot be written.
    """
    samples = annotated(dataset)
    tallies = [(Tally(name), left_out) for name, left_out in groups_of(dataset, learned).items()]
    items: list[ItemResult] = []
    unreadable: list[tuple[str, str]] = []

    def prepared() -> Iterator[Compared]:
        for number, sample in enumerate(samples, start=1):
            try:
                for item in protocol.prepare(dataset.name, sample):
                    yield Compared(number, sample, item)
            except (PhotoError, DataError) as error:
                unreadable.append((sample.name, str(error)))

    for key, crack_map in answerer.answers(prepared()):
        progress(key.number, len(samples))
        if isinstance(crack_map, PhotoError):
            unreadable.append((key.sample.name, str(crack_map)))
            continue
        counts = measure_mask(crack_map.mask, key.item.truth)
        result = ItemResult(key.item.name, key.sample, crack_map.threshold, counts)
        curves = measure_score(crack_map.score, key.item.truth)
        for tally, left_out in tallies:
            if key.sample.name not in left_out:
                tally.add(result, curves)
        items.append(result)
        observe(key.item, crack_map)
    if not items:
        if unreadable:
            raise DataError(
                f"none of the {len(unreadable)} annotated photos could be read; the first: {unreadable[0][1]}"
            )
        raise DataError(
            f"{dataset.root} has {len(dataset)} photos and none with a crack mask; evaluation needs masks"
        )
    evaluation = EvaluationResult(
        model=answerer.name,
        threshold_rule=answerer.threshold_rule,
        dataset=dataset.name,
        split=dataset.split,
        protocol=protocol.name,
        protocol_description=protocol.description,
        groups=tuple(tally.result() for tally, _ in tallies if tally.images),
        items=tuple(items),
        unreadable=tuple(unreadable),
        notes=notes,
        weights_sha256=answerer.weights_sha256,
    )
    if output is not None:
        write_items(evaluation, output / "per_image.csv")
        write_panels(evaluation, answerer, protocol, output, number=examples)
    return evaluation


def groups_of(dataset: CrackDataset, learned: frozenset[str] = frozenset()) -> dict[str, frozenset[str]]:
    """Name the parts of a data set that get figures of their own, with the samples that each leaves out.

    DeepCrack's official test set shows 11 scenes of its training set, so the others are given too; and so are
    those whose annotation the model did not learn from.
    """
    groups: dict[str, frozenset[str]] = {"all": frozenset()}
    published = DATASETS.get(dataset.name)
    split = dataset.split.partition(",")[0]  # of one photo in so many, that is said behind a comma
    if published is not None and published.training_scenes and split == "test":
        groups["without training scenes"] = published.training_scenes
    if learned:
        groups["not learned from"] = learned
    return groups
