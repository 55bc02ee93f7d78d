"""``upcracknet map``: the photos and cracks of a result folder on the map, for QGIS and other programs."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from upcracknet.cli.console import EXIT_INCOMPLETE, error_console, print_json, print_line, task_bar
from upcracknet.survey.making import SurveyOptions
from upcracknet.survey.map_files import write_map


def map(  # noqa: A001 - the command's name
    results: Path,
    /,
    *,
    options: Annotated[SurveyOptions, Parameter(name="*")] = SurveyOptions(),  # noqa: B008 - frozen
) -> int:
    """Put what `upcracknet detect` found on the map.

    Photos with positions in their EXIF need no option, nor do georeferenced images.
    Writes into the result folder: survey.gpkg (photos, cracks, areas and sections as a
    GeoPackage with styles for QGIS), cracks.geojson, sections.csv and survey.json.
    A photo without a place costs no other (exit code 3). Photos are never written to.

    For example:

        upcracknet map out

        upcracknet map out --gpx track.gpx --clock-offset 3600

    Args:
        results: output folder of `upcracknet detect`.
        options: where positions come from, and how sections are made.
    """
    console = error_console()
    with task_bar(console, "mapping") as show:
        mapped = write_map(results, options, show)
    for note in mapped.survey.notes:
        print_line(console, note)
    for problem in mapped.written.damaged:
        print_line(console, f"warning: {problem}", "yellow")
    print_json(mapped.summary() | {"output": str(results)})
    return EXIT_INCOMPLETE if mapped.without_place or mapped.written.damaged else 0
