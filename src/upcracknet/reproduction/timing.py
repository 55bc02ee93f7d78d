"""How long each piece of the plan takes on this machine, by a few steps and photos of each kind of row."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from upcracknet.data.dataset import CrackDataset
from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackDetector, Threshold
from upcracknet.evaluation import PAPER, evaluate
from upcracknet.evaluation.protocol import annotated, one_in
from upcracknet.reproduction.experiment import Pretrained, Row
from upcracknet.reproduction.measurement import detector
from upcracknet.reproduction.plan import Piece
from upcracknet.reproduction.run import Run
from upcracknet.training.configuration import as_dictionary
from upcracknet.training.timing import Timing, time_steps

PHOTOS = 3
"""Photos that are measured; the first does not count."""


def estimated(pieces: Sequence[Piece], run: Run) -> Iterator[tuple[str, float]]:
    """Estimate the seconds of each piece.

    Each kind of training is timed by a few steps, whatever photos it learns from, and each model by a few
    photos of the first test set.

    Args:
        pieces: of the plan.
        run: where, and where the photos are.

    Yields:
        for each piece the run name (of a training) or result name (of a test), and its seconds.

    Raises:
        DataError: photos are missing.
    """
    timings, photo_seconds = dict[str, Timing](), dict[str, float]()
    for piece in pieces:
        row, kind = piece.row, _kind(piece.row)
        if kind not in photo_seconds:
            run.progress.say(f"timing {piece.name}")
            if isinstance(row.training, Pretrained):
                found = detector(row, run.files.run_folder(row), run.device)
            else:
                timings[kind] = time_steps(row.training, run.data_root, run.device)
                found = CrackDetector(timings[kind].scorer, Threshold())
            photo_seconds[kind] = _seconds_a_photo(found, open_dataset(row.tests[0], run.data_root))
        if piece.kind == "train" and not isinstance(row.training, Pretrained):
            yield row.run_name, round(timings[kind].seconds(row.training), 1)
        if piece.kind == "test":
            photos = sum(
                len(annotated(one_in(row.one_in, open_dataset(name, run.data_root)))) for name in row.tests
            )
            yield row.result_name, round(photos * photo_seconds[kind], 1)


def _kind(row: Row) -> str:
    """What rows share that take the same time for an image."""
    if isinstance(row.training, Pretrained):
        return row.training.model
    same = as_dictionary(replace(row.training, seed=0)) | {"data": None}
    return json.dumps(same, sort_keys=True)


def _seconds_a_photo(found: CrackDetector, dataset: CrackDataset) -> float:
    """Time of finding the cracks of a photo and comparing them with the annotation."""
    times: list[float] = []
    few = replace(dataset, samples=tuple(annotated(dataset)[:PHOTOS]))
    one_by_one = CrackDetector(found.scorer, found.threshold, batch_size=1)
    evaluate(one_by_one, few, PAPER, progress=lambda done, total: times.append(time.perf_counter()))
    return (times[-1] - times[0]) / max(len(times) - 1, 1)
