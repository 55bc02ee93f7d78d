"""``upcracknet scale``: how many millimetres of road a pixel covers, kept in a file."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import print_json
from upcracknet.data.listing import GRID_SUFFIX
from upcracknet.errors import OutputError
from upcracknet.locks import alone
from upcracknet.measure.scale_file import SurveyScales
from upcracknet.results.scaling import ScaleOptions, make_scale


def scale(
    given: str | None = None,
    /,
    *,
    options: Annotated[
        ScaleOptions, Parameter(name="*", negative="", consume_multiple=True)
    ] = ScaleOptions(),  # noqa: B008 - frozen
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("scale.json"),
    place: Annotated[str | None, Parameter(name="--for")] = None,
) -> None:
    """Say how many millimetres of road a pixel covers, in all photos or in a folder.

    Give a number; or a photo with two points of known distance, where the camera
    looked straight down; or a photo from any side with the corners of a rectangle
    on the road; or an image that lies on a map; or a drone's photo, which gives an
    estimate. The scale is added to a file. A picture beside it shows the photo with
    a grid of the road: use the scale only if the grid fits.

    For example:

        upcracknet scale 1.2

        upcracknet scale ruler.jpg --points 812,440 2210,455 --millimetres 1000

        upcracknet scale a.jpg --rectangle 41,30 90,31 118,69 12,68 --size 900x600

        upcracknet scale --drone flight/0001.jpg --height 12 --for flight

    Args:
        given: millimetres per pixel, or the photo in which points or a rectangle are marked.
        options: where the scale comes from.
        output: scale file; what it says of other photos is kept.
        place: folder or photo that the scale counts for; without it all that no other scale is for, or the
            raster that it comes from.
    """
    there = output.exists()
    _read(output)  # a damaged file is named before anything is made
    made = make_scale(given, options)
    if place is None and options.raster is not None:  # the place of one image says nothing of others
        place = str(options.raster)
    with alone(output):  # another process may add a scale of its own
        if there and not output.exists():
            raise OutputError(f"{output}: was deleted or moved meanwhile; run the same command again")
        _read(output).including(made.scale, place).write(output)
    picture = output.with_name(f"{output.stem}-{made.photo.stem}{GRID_SUFFIX}") if made.photo else None
    step = made.save_grid(picture) if picture else None
    print_json(
        {
            "scale_file": str(output),
            "source": made.scale.source,
            "uncertainty": round(made.scale.uncertainty, 4),
            "millimetres_per_pixel": made.scale.millimetres_per_pixel,
            "grid": None if picture is None else str(picture),
            "grid_mm": step,
        }
    )


def _read(path: Path) -> SurveyScales:
    return SurveyScales.read(path) if path.exists() else SurveyScales()
