"""How long each piece of the plan takes on this machine, by a few steps and photos of each kind of row."""

import time
from collections.abc import Sequence

from upcracknet.data.dataset import CrackDataset
from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackDetector, Scorer, Threshold
from upcracknet.evaluation import PAPER, evaluate
from upcracknet.evaluation.protocol import annotated, one_in
from upcracknet.reproduction.experiment import Pretrained, Row
from upcracknet.reproduction.measurement import detector
from upcracknet.reproduction.plan import Piece
from upcracknet.reproduction.run import Run
from upcracknet.training.timing import time_training

PHOTOS = 3
"""Photos that are measured; the first does not count."""


def estimated(pieces: Sequence[Piece], run: Run) -> dict[str, float]:
    """Estimate the seconds of each piece.

    Each training of the plan is timed by a few steps, and each row by a few photos of its first test set.

    Args:
        pieces: of the plan.
        run: where, and where the photos are.

    Returns:
        seconds by run name (of the training) and result name (of the test).

    Raises:
        DataError: photos are missing.
    """
    seconds, photo_seconds = dict[str, float](), dict[str, float]()
    for piece in pieces:
        row = piece.row
        if row.run_name not in photo_seconds:
            run.progress.say(f"timing {piece.name}")
            training, found = _timed(row, run)
            if training is not None:
                seconds[row.run_name] = round(training, 1)
            photo_seconds[row.run_name] = _seconds_a_photo(found, open_dataset(row.tests[0], run.data_root))
        if piece.kind == "test":
            photos = sum(
                len(annotated(one_in(row.one_in, open_dataset(name, run.data_root)))) for name in row.tests
            )
            seconds[row.result_name] = round(photos * photo_seconds[row.run_name], 1)
    return seconds


def _timed(row: Row, run: Run) -> tuple[float | None, CrackDetector]:
    """Seconds of a row's training, None where it does not train; and a detector as slow as its own."""
    if isinstance(row.training, Pretrained):
        return None, detector(row, run.files.run_folder(row), run.device)
    training, scorer = time_training(row.training, run.data_root, run.device)
    return training, _detector(scorer)


def _detector(scorer: Scorer) -> CrackDetector:
    return CrackDetector(scorer, Threshold())


def _seconds_a_photo(found: CrackDetector, dataset: CrackDataset) -> float:
    """Time of finding the cracks of a photo and comparing them with the annotation."""
    times: list[float] = []
    few = CrackDataset(dataset.name, dataset.split, dataset.root, tuple(annotated(dataset)[:PHOTOS]))
    few_detector = CrackDetector(found.scorer, found.threshold, batch_size=1)
    evaluate(few_detector, few, PAPER, progress=lambda done, total: times.append(time.perf_counter()))
    return (times[-1] - times[0]) / max(len(times) - 1, 1)
