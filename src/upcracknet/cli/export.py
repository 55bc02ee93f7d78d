"""``upcracknet export``: a trained model for other programs."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import error_console, print_json, print_line
from upcracknet.detection.exporting import ExportOptions, Purpose, export_model
from upcracknet.runtime import Precision


def export(
    model: str = "default",
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    purpose: Annotated[Purpose, Parameter(name="--for")] = "engine",
    precision: Precision = "fp32",
    photos: str | None = None,
    data_root: Path | None = None,
    preset: str | None = None,
    millimetres_per_pixel: float | None = None,
    tile_size: int | None = None,
) -> int:
    """Write a model for other programs.

    For an engine, ONNX Runtime or OpenVINO, the file holds the network alone, for any
    number of images of any size, and the settings of detection. Metadata "upcracknet"
    says what goes in and what comes out. `detect`, `evaluate` and the others take the
    file as their --model; what comes before and after the network is the same for all
    engines.

    For QGIS, the file opens in its plugin Deepness and in GeoDeep. It has no hysteresis
    and drops no specks, so it marks more than `detect`. For a model hub, a folder holds
    config.json, model.safetensors and a model card; it is a --model too.

    For example:

        upcracknet export default -o default.onnx

        upcracknet export default --for qgis -o crack.onnx --millimetres-per-pixel 1.2

        upcracknet export runs/mine --for hub -o mine-hub

        upcracknet export runs/mine -o mine.xml --precision int8 --photos crack-free/

    Args:
        model: a shipped model, a run folder, or a .safetensors file.
        output: file to write: .onnx for ONNX Runtime and QGIS, .xml for OpenVINO (with a .bin beside it); for
            a hub a folder.
        purpose: what it is for: an engine, QGIS, or a model hub.
        precision: what the engine calculates in. For int8 the range of each number is measured on synthetic
            roads with cracks.
        photos: folder or dataset of undamaged road, on which int8 is measured as well.
        data_root: folder with the named datasets; else the variable UPCRACKNET_DATA.
        preset: detection settings of a restorer, other than the model's own.
        millimetres_per_pixel: for QGIS: size of a pixel on the road at which the model looks at a raster.
        tile_size: for QGIS: side of a tile in pixels, a multiple of 128; 512 if not given.
    """
    options = ExportOptions(purpose, precision, photos, data_root, preset, millimetres_per_pixel, tile_size)
    console = error_console()
    with console.status(f"exporting {model}"):
        report, notes = export_model(model, output, options)
    for note in notes:
        print_line(console, note)
    print_json(report)
    return 0
