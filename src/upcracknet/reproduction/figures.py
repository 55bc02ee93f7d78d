"""Figs. 2–4: the results of the measured rows side by side; right green, false blue, missed red."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from upcracknet.data.dataset import Sample
from upcracknet.data.photo import save_image_atomically
from upcracknet.data.registry import open_dataset
from upcracknet.detection import CrackDetector
from upcracknet.errors import ConfigurationError
from upcracknet.evaluation.metrics import ConfusionCounts, Scores, count
from upcracknet.evaluation.panels import GAP, color_confusion, paint_legend, text_strip
from upcracknet.evaluation.protocol import PAPER, PAPER_SIZE, EvaluationItem, annotated
from upcracknet.reproduction.experiment import Experiment, Row
from upcracknet.reproduction.measurement import detector, is_trained
from upcracknet.reproduction.result_files import ResultFiles

FIGURES = {"fig2": "table3", "fig3": "table4", "fig4": "table4"}
"""The table whose rows each figure shows: Crack500, DeepCrack, and UP-CrackNet's failures on DeepCrack."""

PHOTOS = 6
"""Photos of Figs. 2 and 3: evenly spaced in the order of their names, so that nobody has picked them."""

FAILURES = 4
"""Photos of Fig. 4: those on which UP-CrackNet's IoU is lowest, or ours where it is not measured."""

SHOWN_WITH_FAILURES = ("up-cracknet", "crack-remover", "default")


def draw_figure(
    name: str,
    experiment: Experiment,
    files: ResultFiles,
    data_root: Path | None = None,
    device: str = "auto",
) -> tuple[Path, list[Row]]:
    """Draw a figure from the rows that are measured.

    Args:
        name: a key of ``FIGURES``.
        experiment: the table of the figure.
        files: where the rows' weights are; the picture goes there.
        data_root: folder of the datasets.
        device: where the networks run.

    Returns:
        the picture's path, and the rows that it shows.

    Raises:
        ConfigurationError: there is no measured row to show.
        DataError: the photos are missing.
        OutputError: the picture cannot be written.
    """
    rows = [
        row
        for row in experiment.rows
        if files.state(row).status == "done" and is_trained(row, files.run_folder(row))
    ]
    whole = {row.run_name for row in rows if row.one_in == 1}
    rows = [row for row in rows if row.one_in == 1 or row.run_name not in whole]
    if name == "fig4":
        rows = [row for row in rows if row.name in SHOWN_WITH_FAILURES]
    if not rows:
        wanted = f" of {', '.join(SHOWN_WITH_FAILURES)}" if name == "fig4" else ""
        raise ConfigurationError(f"{name}: no row{wanted} is measured yet; train and measure one first")
    samples = annotated(open_dataset(experiment.rows[0].tests[0], data_root))
    detectors = {row.label: detector(row, files.run_folder(row), device) for row in rows}
    if name == "fig4":
        chosen = _worst(samples, detectors[rows[0].label])
    else:
        chosen = [samples[index] for index in np.linspace(0, len(samples) - 1, PHOTOS).round().astype(int)]
    items = [PAPER.prepare(experiment.rows[0].tests[0], sample)[0] for sample in chosen]
    path = files.folder / f"{name}.png"
    save_image_atomically(path, _sheet(items, detectors))
    return path, rows


def _worst(samples: Sequence[Sample], found: CrackDetector) -> list[Sample]:
    """The photos on which a detector is worst."""

    def iou(sample: Sample) -> float:
        item = PAPER.prepare("", sample)[0]
        counts: ConfusionCounts = count(found.detect(item.photo).mask, item.truth)
        return Scores.of(counts).iou

    return sorted(samples, key=iou)[:FAILURES]


def _sheet(
    items: Sequence[EvaluationItem], detectors: dict[str, CrackDetector]
) -> UInt8[np.ndarray, "h w 3"]:
    """A line for each system, a column for each photo; the photos and annotations on top."""
    width = len(items) * (PAPER_SIZE + GAP)
    legend = text_strip("", width)
    paint_legend(legend, left=0)
    lines = [legend, text_strip("photo", width), _line([item.photo for item in items])]
    annotations = [np.repeat(item.truth[..., None].astype(np.uint8) * 255, 3, axis=2) for item in items]
    lines += [text_strip("annotation", width), _line(annotations)]
    for label, found in detectors.items():
        results = [
            color_confusion(item.photo, item.truth, crack_map.mask)
            for item, crack_map in zip(items, found.detect_many(item.photo for item in items), strict=True)
        ]
        lines += [text_strip(label, width), _line(results)]
    return np.vstack(lines)


def _line(pictures: Sequence[UInt8[np.ndarray, "h w 3"]]) -> UInt8[np.ndarray, "h _w 3"]:
    gap = np.full((PAPER_SIZE, GAP, 3), 255, np.uint8)
    return np.hstack([part for picture in pictures for part in (picture, gap)])
