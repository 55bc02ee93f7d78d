"""What the suite measures: of each subject, which figures on which photos."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from upcracknet.baselines.classical import CLASSICAL, LocalContrast
from upcracknet.data.dataset import CrackDataset, open_dataset
from upcracknet.detection import CrackDetector
from upcracknet.detection.pretrained import weights_path
from upcracknet.errors import DataError, PhotoError
from upcracknet.evaluation.evaluate import Progress, evaluate
from upcracknet.evaluation.false_alarms import (
    CleanPhotos,
    clean_roads,
    clean_windows,
    count_false_alarms,
)
from upcracknet.evaluation.protocol import NATIVE, PAPER, Protocol, annotated
from upcracknet.evaluation.report import result_record
from upcracknet.evaluation.suite_parts import Record, dataset_digest
from upcracknet.evaluation.thin import WidthTally
from upcracknet.weights import load_weights

FAITHFUL = "up-cracknet-32"
"""The shipped model that detects as the paper says: what thin cracks are measured against."""

TEST_SETS = ("deepcrack", "cfd", "crack500")
CLEAN_TEST_SETS = ("deepcrack-deduplicated", "crack500")
"""Whose undamaged windows are taken: test photos that show no training scene. CFD has no training part that
would leave other photos to train on, so a model may have learned from any of them."""

CLEAN_NAMES = (*(f"windows of {name}" for name in CLEAN_TEST_SETS), "synthetic roads")
"""The kinds of crack-free photos."""

WIDTHS_OF = ("deepcrack", NATIVE.name)
"""Where recall by the width of cracks is measured: at 256×256 pixels nearly every crack is thin."""

NATIVE_TILES = 6  # tiles of 256 pixels in a photo of any of the test sets; for the estimate of time alone

Widths = dict[str, Float32[np.ndarray, " n"]]


@dataclass(frozen=True)
class Subject:
    """A detector that is measured.

    Attributes:
        label: As it was asked for: a shipped model, a file or a run folder, with the preset if one was given.
        detector: The detector.
        sha256: Checksum of its weights; None if it has none.
        trained_on: What its weights file says of its training data; None if it has none.
    """

    label: str
    detector: CrackDetector
    sha256: str | None = None
    trained_on: str | None = None

    @classmethod
    def open(cls, model: str, preset: str | None = None) -> "Subject":
        """Loads a model, or the classical baseline.

        Raises:
            WeightsError: No such model, or unusable weights.
            ConfigurationError: An unknown preset.
        """
        detector = CrackDetector.from_pretrained(model, preset=preset)
        if model in CLASSICAL:
            return cls(model, detector)
        _, record = load_weights(weights_path(model))
        label = model if preset is None else f"{model}, preset {preset}"
        return cls(label, detector, record.sha256, str(record.provenance.get("data", "not told")))

    def record(self) -> Record:
        """What every figure of it must name."""
        return {
            "model": self.label,
            "name": self.detector.scorer.name,
            "sha256": self.sha256,
            "trained_on": self.trained_on,
            "threshold_rule": str(self.detector.threshold),
        }

    def key(self) -> Record:
        """All that its figures depend on, beside code and photos."""
        detector = self.detector
        settings = getattr(detector.scorer, "settings", None)
        return self.record() | {
            "settings": repr(settings),
            "threshold": repr(detector.threshold),
            "overlap": detector.overlap,
            "input_size": detector.scorer.input_size,
        }


@dataclass(frozen=True)
class Part:
    """One measurement of one subject.

    Attributes:
        kind: "accuracy" or "false alarms".
        subject: What is measured.
        on: The data set and the protocol, or the kind of crack-free photos.
        photos: What the figures depend on beside code and subject: a checksum, or a description.
        work: Its share of all the work, in any unit.
        measure: Gives the figures; may raise DataError or PhotoError.
    """

    kind: str
    subject: Subject
    on: Record
    photos: str
    work: float
    measure: Callable[[Progress], Record]

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.subject.label}: {', '.join(self.on.values())}"

    @property
    def file_name(self) -> str:
        """For its file, without suffix."""
        words = f"{self.subject.label} {' '.join(self.on.values())}"
        return "-".join("".join(c if c.isalnum() or c in "._" else " " for c in words).split())

    def key(self, code: str) -> Record:
        """All that its figures depend on."""
        return {
            "kind": self.kind,
            "on": self.on,
            "photos": self.photos,
            "code": code,
            "subject": self.subject.key(),
        }


def subjects_for(model: str, preset: str | None = None) -> list[Subject]:
    """The model asked for, the faithful model and the classical baseline, each once."""
    asked = Subject.open(model, preset)
    others = [name for name in (FAITHFUL, LocalContrast.name) if name != asked.label]
    return [asked, *map(Subject.open, others)]


def plan_suite(
    subjects: Sequence[Subject], data_root: str | Path | None = None
) -> tuple[list[Part], dict[str, str]]:
    """All parts, the most telling ones first.

    Args:
        subjects: What is measured; the first is the model asked for.
        data_root: Folder with the data sets; None takes the variable UPCRACKNET_DATA.

    Returns:
        The parts, and for each data set that cannot be opened the reason.
    """
    opened: dict[str, CrackDataset] = {}
    missing: dict[str, str] = {}
    for name in dict.fromkeys((*TEST_SETS, *CLEAN_TEST_SETS)):
        try:
            opened[name] = open_dataset(name, data_root)
        except (DataError, PhotoError) as error:
            missing[name] = str(error)
    digests = {name: dataset_digest(dataset) for name, dataset in opened.items()}
    known: Widths = {}
    parts: list[Part] = []
    # A network takes most of its time at native size, so what only serves to compare is spared it.
    compared = {subject.label for subject in subjects[1:] if subject.sha256 is not None}
    for subject in subjects:
        parts += [
            _accuracy(subject, opened[name], name, protocol, digests[name], known)
            for name in TEST_SETS
            if name in opened
            for protocol in (PAPER, NATIVE)
            if protocol is PAPER or subject.label not in compared or (name, protocol.name) == WIDTHS_OF
        ]
        if subject.label in compared:
            continue
        for clean_name, name in zip(CLEAN_NAMES, CLEAN_TEST_SETS, strict=False):
            if name in opened:
                parts.append(_false_alarms(subject, clean_name, clean_windows(opened[name]), digests[name]))
        parts.append(_false_alarms(subject, CLEAN_NAMES[-1], clean_roads(), "made"))
    return parts, missing


def _accuracy(
    subject: Subject, dataset: CrackDataset, test_set: str, protocol: Protocol, digest: str, known: Widths
) -> Part:
    widths = known if (test_set, protocol.name) == WIDTHS_OF else None
    tiles = NATIVE_TILES if protocol is NATIVE and subject.detector.scorer.input_size else 1
    return Part(
        kind="accuracy",
        subject=subject,
        on={"test_set": test_set, "protocol": protocol.name},
        photos=digest,
        work=len(annotated(dataset)) * (tiles + 0.5),  # about half a tile's time goes into counting
        measure=partial(_evaluate, subject, dataset, protocol, widths),
    )


def _evaluate(
    subject: Subject, dataset: CrackDataset, protocol: Protocol, known: Widths | None, progress: Progress
) -> Record:
    tally = None if known is None else WidthTally(known)
    result = evaluate(
        subject.detector,
        dataset,
        protocol,
        progress=progress,
        observe=None if tally is None else tally.add,
    )
    record = result_record(result) | {
        "model": subject.label,
        "dataset": result.dataset,
        "split": result.split,
        "protocol_description": result.protocol_description,
    }
    if tally is not None:
        record["recall_by_width"] = [
            asdict(one) | {"recall": one.recall, "recall_nearby": one.recall_nearby} for one in tally.ranges
        ]
    return record


def _false_alarms(subject: Subject, name: str, clean: CleanPhotos, digest: str) -> Part:
    return Part(
        kind="false alarms",
        subject=subject,
        on={"photos_of": name},
        photos=f"{clean.description}; {digest}",
        work=clean.sources * 2.0,
        measure=partial(_count_false_alarms, subject, clean),
    )


def _count_false_alarms(subject: Subject, clean: CleanPhotos, progress: Progress) -> Record:
    counted = count_false_alarms(subject.detector, clean, progress=progress)
    return asdict(counted) | {
        "unreadable": list(counted.unreadable),
        "description": clean.description,
        "share": counted.share,
        "photo_share": counted.photo_share,
    }
