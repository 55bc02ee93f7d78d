"""`upcracknet evaluate`: how well a model finds the cracks of an annotated data set."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from upcracknet.baselines.classical import LocalContrast
from upcracknet.cli.suite import evaluate_suite
from upcracknet.data.dataset import open_dataset
from upcracknet.detection import CrackDetector
from upcracknet.errors import ConfigurationError
from upcracknet.evaluation.evaluate import evaluate as evaluate_detector
from upcracknet.evaluation.protocol import ProtocolName, protocol_named
from upcracknet.evaluation.report import incomplete_lines, to_json, write_report
from upcracknet.evaluation.results import EvaluationResult
from upcracknet.evaluation.tables import COLUMNS, footnotes, rows
from upcracknet.runtime.engines import Precision, Runtime

INCOMPLETE = 3
"""Exit code when something could not be evaluated; the report then says what."""


SHOWN = ("method", "images", "precision", "recall", "F1", "IoU", "ODS IoU")
"""The columns that fit a terminal, shown without tolerance; the report has everything."""


def evaluate(
    dataset: str | None = None,
    *,
    model: str = "default",
    protocol: ProtocolName | None = None,
    preset: str | None = None,
    split: str | None = None,
    data_root: Path | None = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("out/evaluation"),
    baseline: bool = True,
    examples: int = 9,
    suite: bool = False,
    runtime: Runtime = "torch",
    precision: Precision = "fp32",
    overwrite: bool = False,
) -> int:
    """Measure how well a model finds the cracks of an annotated data set.

    Writes evaluation.md and evaluation.json, and for each model
    per_image.csv, panels.png and panels/ with right pixels green, false ones
    blue and missed ones red. The table goes to the terminal (standard error),
    the JSON to standard output.

    With --suite, all figures that the package must show are measured on
    DeepCrack, CFD, Crack500 and crack-free roads: accuracy under both protocols,
    false alarms, and how many thin cracks are found, of the model, of the
    paper's procedure and of the classical baseline. Writes suite/suite.md and
    suite/suite.json. The same command again goes on where it was interrupted.

    For example:

        upcracknet evaluate deepcrack --data-root ~/data

        upcracknet evaluate cfd --model runs/mine --protocol native

        upcracknet evaluate ./my-photos --model local-contrast

        upcracknet evaluate --suite --data-root ~/data

    Args:
        dataset: deepcrack (if none is given), deepcrack-deduplicated, cfd, crack500, or a folder of photos
            with masks.
        model: A shipped model, a run folder, a .safetensors file, or a classical method of `upcracknet
            methods`, such as local-contrast.
        protocol: paper (if none is given) compares at 256×256 pixels as the paper does, native at each
            photo's own size.
        preset: Detection settings other than the model's own.
        split: Part of the data set; test if none is given.
        data_root: Folder that holds the data sets; else the variable UPCRACKNET_DATA.
        output: Folder for the results; each data set and protocol gets a folder in it.
        baseline: Also evaluate the classical baseline, to which any claim should be held.
        examples: Number of panels, a third each of the best, the median and the worst results.
        suite: Measure all that the package must show; without dataset, protocol and split.
        runtime: What runs the network: torch, onnx, openvino, or auto; the suite takes torch.
        precision: fp32; bf16 with torch or openvino; int8 with onnx or openvino.
        overwrite: With --suite, measure again what is finished.

    Returns:
        Exit code: 0, or 3 if something could not be evaluated.
    """
    if suite:
        _refuse(dataset=dataset, protocol=protocol, split=split)
        _refuse(runtime=None if runtime == "torch" else runtime)
        whole = evaluate_suite(model, preset, data_root, output, overwrite=overwrite)
        return 0 if whole else INCOMPLETE
    console = Console(stderr=True)
    opened = open_dataset(dataset or "deepcrack", data_root, split or "test")
    chosen = protocol_named(protocol or "paper")
    folder = output / f"{opened.name}-{chosen.name}"
    detectors = [CrackDetector.from_pretrained(model, preset=preset, runtime=runtime, precision=precision)]
    if baseline and model != LocalContrast.name:
        detectors.append(CrackDetector.from_pretrained(LocalContrast.name))
    with _progress(console) as progress:
        results = [
            evaluate_detector(
                detector,
                opened,
                chosen,
                output=folder / folder_name(detector.scorer.name),
                examples=examples,
                progress=_task(progress, detector.scorer.name),
            )
            for detector in detectors
        ]
    write_report(results, folder)
    _show(results, folder, console)
    sys.stdout.write(to_json(results) + "\n")
    return 0 if all(result.complete for result in results) else INCOMPLETE


def _refuse(**arguments: str | None) -> None:
    given = [f"{name} '{value}'" for name, value in arguments.items() if value is not None]
    if given:
        raise ConfigurationError(
            f"--suite measures all test sets under both protocols, but {' and '.join(given)} was given; "
            "leave that out, or leave --suite out"
        )


def folder_name(model: str) -> str:
    """A model's name with only letters, digits, dots and hyphens."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", model).strip("-.") or "model"


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )


def _task(progress: Progress, name: str) -> Callable[[int, int], None]:
    task = progress.add_task(name, total=None)
    return lambda done, total: progress.update(task, completed=done, total=total)


def _show(results: list[EvaluationResult], folder: Path, console: Console) -> None:
    first = results[0]
    table = Table(
        title=f"{first.dataset} ({first.split}), protocol {first.protocol}, pooled, tolerance 0, per cent",
        caption="\n".join(footnotes(first)) or None,
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    shown = [COLUMNS.index(column) for column in SHOWN]
    for column in SHOWN:
        table.add_column(
            column, justify="left" if column == "method" else "right", no_wrap=column != "method"
        )
    for row in rows(results):
        if row[COLUMNS.index("tolerance")] == "0":
            table.add_row(*(row[index] for index in shown))
    console.print(table)
    for line in incomplete_lines(results):
        console.print(line, markup=False)
    console.print(f"Written to {folder}", markup=False)
