"""``upcracknet evaluate``: how well a model finds the cracks of an annotated data set."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators
from rich.box import SIMPLE_HEAD
from rich.table import Table

from upcracknet.baselines.classical import LocalContrast
from upcracknet.cli.console import EXIT_INCOMPLETE, error_console, print_json, print_line, progress_bar
from upcracknet.data.dataset import open_dataset
from upcracknet.detection import CrackDetector
from upcracknet.evaluation import PROTOCOLS, write_report
from upcracknet.evaluation.evaluate import evaluate as evaluate_detector
from upcracknet.evaluation.evaluate import folder_name
from upcracknet.evaluation.protocol import ProtocolName
from upcracknet.evaluation.report import COLUMNS, footnotes, incomplete_lines, report_record, rows
from upcracknet.runtime.engines import Precision, Runtime

SHOWN = ("method", "images", "precision", "recall", "F1", "IoU", "ODS IoU")
"""The columns that fit a terminal, shown without tolerance; the report has everything."""


def evaluate(
    dataset: str = "deepcrack",
    *,
    model: str = "default",
    protocol: ProtocolName = "paper",
    preset: str | None = None,
    split: str = "test",
    data_root: Path | None = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("out/evaluation"),
    baseline: bool = True,
    examples: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 9,
    runtime: Runtime = "torch",
    precision: Precision = "fp32",
) -> int:
    """Measure how well a model finds the cracks of an annotated data set.

    Writes evaluation.md and evaluation.json, and for each model per_image.csv, panels.png and panels/ with
    right pixels green, false ones blue and missed ones red. The table goes to the terminal (standard
    error), the JSON to standard output.

    For example:

        upcracknet evaluate deepcrack --data-root ~/data

        upcracknet evaluate cfd --model runs/mine --protocol native

        upcracknet evaluate ./my-photos --model local-contrast

    Args:
        dataset: deepcrack, deepcrack-deduplicated, cfd, crack500, or a folder of photos with masks.
        model: A shipped model, a run folder, a .safetensors file, or a classical method of `upcracknet
            methods`, such as local-contrast.
        protocol: paper compares at 256×256 pixels as the paper does, native at each photo's own size.
        preset: Detection settings other than the model's own.
        split: Part of the data set.
        data_root: Folder that holds the data sets; else the variable UPCRACKNET_DATA.
        output: Folder for the results; each data set and protocol gets a folder in it.
        baseline: Also evaluate the classical baseline, to which any claim should be held.
        examples: Number of panels, a third each of the best, the median and the worst results.
        runtime: What runs the model's network: torch, onnx, openvino, or auto.
        precision: fp32; bf16 with torch or openvino; int8 with onnx or openvino.

    Returns:
        Exit code: 0, or 3 if something could not be evaluated.
    """
    opened, console = open_dataset(dataset, data_root, split), error_console()
    folder = output / f"{opened.name}-{protocol}"
    detectors = [CrackDetector.from_pretrained(model, preset=preset, runtime=runtime, precision=precision)]
    if baseline and model != LocalContrast.name:
        detectors.append(CrackDetector.from_pretrained(LocalContrast.name))
    results = []
    with progress_bar(console) as bar:
        for detector in detectors:
            name = detector.scorer.name
            task = bar.add_task(name, total=None)
            result = evaluate_detector(
                detector,
                opened,
                PROTOCOLS[protocol],
                output=folder / folder_name(name),
                examples=examples,
                progress=lambda done, total, task=task: bar.update(task, completed=done, total=total),
            )
            results.append(result)
    write_report(results, folder)
    title = f"{opened.name} ({opened.split}), protocol {protocol}, pooled, tolerance 0, per cent"
    table = Table(title=title, caption="\n".join(footnotes(results[0])) or None, box=SIMPLE_HEAD)
    for column in SHOWN:
        table.add_column(column, justify="left" if column == SHOWN[0] else "right")
    for row in rows(results):
        cells = dict(zip(COLUMNS, row, strict=True))
        if cells["tolerance"] == "0":
            table.add_row(*(cells[column] for column in SHOWN))
    console.print(table)
    for line in (*incomplete_lines(results), f"Written to {folder}"):
        print_line(console, line)
    print_json(report_record(results))
    return 0 if all(result.complete for result in results) else EXIT_INCOMPLETE
