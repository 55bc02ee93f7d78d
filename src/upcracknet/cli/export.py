"""``upcracknet export``: a trained model for another engine."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import error_console, print_json
from upcracknet.data.registry import open_dataset
from upcracknet.detection import RestorationScorer
from upcracknet.detection.acceleration import export_scorer
from upcracknet.detection.pretrained import load_pretrained, weights_path
from upcracknet.detection.systems import CLASSICAL
from upcracknet.errors import ConfigurationError
from upcracknet.runtime import Engine, Precision, runtime_of_file
from upcracknet.weights import load_weights

MOST_PHOTOS = 48
"""Photos that int8 is measured on; more change nothing and take memory."""


def export(
    model: str = "default",
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    precision: Precision = "fp32",
    photos: str | None = None,
    data_root: Path | None = None,
    preset: str | None = None,
) -> int:
    """Write a model for ONNX Runtime or OpenVINO.

    The file holds the network alone, for any number of images of any size, the
    settings of detection, and for other programs a sentence that says what goes in
    and what comes out (metadata "upcracknet"). `detect`, `evaluate` and the others
    take it as their --model; what comes before and after the network is the same for
    all engines.

    For example:

        upcracknet export default -o default.onnx

        upcracknet export runs/mine -o mine.xml --precision int8 --photos crack-free/

    Args:
        model: a shipped model, a run folder, or a .safetensors file.
        output: file to write: .onnx for ONNX Runtime, .xml for OpenVINO (with a .bin beside it).
        precision: what the engine calculates in. For int8 the range of each number is measured on synthetic
            roads with cracks.
        photos: folder or dataset of undamaged road, on which int8 is measured as well.
        data_root: folder with the named datasets; else the variable UPCRACKNET_DATA.
        preset: detection settings of a restorer, other than the model's own.
    """
    if model in CLASSICAL or runtime_of_file(Path(model)) is not None:
        raise ConfigurationError(f"{model}: no trained network; give a model or a .safetensors file")
    path = weights_path(model)
    _, record = load_weights(path)
    pretrained = load_pretrained(model, preset)
    scorer, threshold = pretrained.scorer, pretrained.threshold
    if isinstance(scorer, RestorationScorer):  # its settings are then the file's own
        detection = scorer.settings.to_dict() | {"input_size": scorer.input_size}
        record, preset = replace(record, detection=detection), None
    if photos is not None and precision != "int8":
        raise ConfigurationError("--photos is for --precision int8 alone; leave it out")
    samples = () if photos is None else open_dataset(photos, data_root, "train").samples[:MOST_PHOTOS]
    seen = (sample.photo() for sample in samples)
    description = {"record": asdict(record), "preset": preset}
    engine = Engine(precision=precision)
    with error_console().status(f"exporting {model}"):
        export_scorer(scorer, threshold, output, engine, description, photos=seen)
    written = [file for file in (output, output.with_suffix(".bin")) if file.exists()]
    report = {
        "model": str(output),
        "engine": runtime_of_file(output),
        "precision": precision,
        "megabytes": round(sum(file.stat().st_size for file in written) / 1e6, 2),
    }
    print_json(report)
    return 0
