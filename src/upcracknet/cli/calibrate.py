"""``upcracknet calibrate``: chooses how a trained model detects, on undamaged photos alone."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from upcracknet.calibration import calibrate as calibrate_model
from upcracknet.cli.console import counter, error_console, print_json, print_line, progress_bar
from upcracknet.errors import ConfigurationError


def calibrate(
    model: Path,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    photos: str | None = None,
    data_root: Path | None = None,
    roads: Annotated[int, Parameter(validator=validators.Number(gte=1))] = 32,
    scales: Annotated[list[str] | None, Parameter(consume_multiple=True, negative="")] = None,
    half_precision: bool = False,
    device: str = "auto",
) -> int:
    """Choose how a trained model detects, without any labels.

    Paints cracks on undamaged photos that the model was not trained on, and keeps
    the detection settings that find these cracks best and leave the photos without
    cracks clean: the level below which nothing is marked as crack, the reach below
    which a speck is dropped, and for a crack remover the sizes at which a photo is
    searched. Writes the weights with these settings, and all comparisons as JSON
    beside them.

    For example:

        upcracknet calibrate runs/mine --photos crack-free/ -o mine.safetensors

    Args:
        model: run folder of `upcracknet train`, or a .safetensors file.
        output: weights file to write.
        photos: folder or dataset of undamaged road; without it what the run was trained on. The photos
            that training kept apart are used; a bare weights file does not say which, so give it photos
            that it has not seen.
        data_root: folder with the named datasets; else the variable UPCRACKNET_DATA.
        roads: number of roads of each kind; for a crack remover twice as many synthetic ones.
        scales: sizes at which a crack remover may search a photo, as factors of its own; without it all
            usual choices. `--scales 1 0.5,1` compares full size alone with half and full size together.
            Small and few sizes are fast.
        half_precision: store the weights in 16 bits, half the size.
        device: where the network runs: auto, cpu, cuda, cuda:1 or mps; auto takes a card where there is one.
    """
    console = error_console()
    with progress_bar(console) as bar:
        report = calibrate_model(
            model,
            output,
            photos=photos,
            data_root=data_root,
            roads=roads,
            scales=None if scales is None else [_sizes(text) for text in scales],
            half_precision=half_precision,
            device=device,
            progress=counter(bar, "comparing settings"),
        )
    if report["warning"] is not None:
        print_line(console, f"warning: {report['warning']}", style="yellow")
    print_json(report)
    return 0


def _sizes(text: str) -> tuple[float, ...]:
    """Read factors of a choice of sizes, such as ``0.5,1``."""
    try:
        sizes = tuple(sorted({float(part) for part in text.split(",")}))
    except ValueError:
        sizes = ()
    if not sizes or not all(0 < size <= 4 for size in sizes):
        raise ConfigurationError(f"--scales {text}: expected factors above 0 and up to 4, such as 1 or 0.5,1")
    return sizes
