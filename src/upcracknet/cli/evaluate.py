"""``upcracknet evaluate``: how well a model finds the cracks of an annotated data set."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators
from rich.box import SIMPLE_HEAD
from rich.table import Table

from upcracknet.cli.console import (
    EXIT_INCOMPLETE,
    counter,
    error_console,
    print_json,
    print_line,
    progress_bar,
)
from upcracknet.evaluation import ProtocolName, report
from upcracknet.evaluation.evaluate import compare
from upcracknet.evaluation.plan import plan_evaluation
from upcracknet.files import require_writable
from upcracknet.runtime import Precision, Runtime


def evaluate(
    dataset: str = "deepcrack",
    *,
    model: str | None = None,
    protocol: ProtocolName | None = None,
    one_in: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 1,
    preset: str | None = None,
    split: str = "test",
    data_root: Path | None = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("out/evaluation"),
    baseline: bool = True,
    examples: Annotated[int, Parameter(validator=validators.Number(gte=0))] = 9,
    runtime: Runtime = "torch",
    precision: Precision = "fp32",
    device: str = "auto",
) -> int:
    """Measure how well a model finds the cracks of an annotated data set.

    Writes evaluation.md, evaluation.json, and for each model per_image.csv,
    panels.png and panels/: right pixels green, false ones blue, missed ones red.

    For example:

        upcracknet evaluate deepcrack --data-root ~/data

        upcracknet evaluate ./my-photos --model runs/mine --protocol native

        upcracknet evaluate out

    Args:
        dataset: deepcrack, deepcrack-deduplicated, cfd, crack500, a folder of photos with masks, or a result
            folder: its photos that people corrected, accepted or rejected.
        model: a shipped model, a run folder, a weights file, or a classical method such as local-contrast;
            without it the default, and of a result folder the masks that it holds.
        protocol: paper compares at 256×256 pixels as the paper does, native at each photo's own size,
            native-x2 and native-x4 at two and four times that size; paper-shifted is paper as it was before,
            with masks up to half a pixel off, to check older figures: in version 0.1 alone. Without it paper,
            and native of a result folder.
        one_in: evaluate only one photo in so many, for a quick look or the large sizes.
        preset: detection settings other than the model's own.
        split: part of the data set.
        data_root: folder that holds the named data sets; else the variable UPCRACKNET_DATA.
        output: folder for the results; each data set and protocol gets a folder in it, and each model one
            there, with the beginning of its weights' checksum.
        baseline: also evaluate the classical baseline, to which any claim should be held.
        examples: number of panels, a third each of the best, the median and the worst results.
        runtime: what runs the model's network: torch, onnx, openvino, or auto.
        precision: fp32; fp16 on a card; bf16 with torch or openvino; int8 with onnx or openvino.
        device: where the network runs: auto, cpu, cuda, cuda:1, mps or gpu; auto takes a card where PyTorch
            finds one.
    """
    plan = plan_evaluation(
        dataset,
        model=model,
        protocol=protocol,
        one_in=one_in,
        preset=preset,
        split=split,
        data_root=data_root,
        baseline=baseline,
        runtime=runtime,
        precision=precision,
        device=device,
    )
    opened, console, used = plan.dataset, error_console(), plan.protocol.name
    part = "" if split == "test" else f"-{split}"
    folder = output / f"{opened.name}{part}-{used}{f'-one-in-{one_in}' if one_in > 1 else ''}"
    require_writable(folder)
    with progress_bar(console) as bar:
        results = [
            compare(
                comparison.answerer,
                opened,
                plan.protocol,
                learned=comparison.learned,
                notes=comparison.notes,
                output=folder / report.folder_name(comparison.answerer),
                examples=examples,
                progress=counter(bar, comparison.answerer.name),
            )
            for comparison in plan.comparisons
        ]
    own = folder / report.folder_name(plan.comparisons[0].answerer)
    report.write_report(results, own)
    title = f"{opened.name} ({opened.split}), protocol {used}, pooled, tolerance 0, per cent"
    caption = "\n".join(report.footnotes(results[0])) or None
    table = Table(*report.SHORT_COLUMNS, title=title, caption=caption, box=SIMPLE_HEAD)
    for row in report.short_rows(results):
        table.add_row(*row)
    console.print(table)
    print_line(
        console,
        "\n".join((*report.notes(results), *report.incomplete_lines(results), f"Written to {own}")),
    )
    print_json(report.report_record(results))
    return 0 if all(result.complete for result in results) else EXIT_INCOMPLETE
