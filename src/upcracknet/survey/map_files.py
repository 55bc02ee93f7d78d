"""A result folder on the map: its survey, and the files that maps and tables take."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from upcracknet.errors import ConfigurationError, OutputError
from upcracknet.results.folder import read_results
from upcracknet.results.log import logged
from upcracknet.results.writing import open_results
from upcracknet.survey import geojson, geopackage
from upcracknet.survey.making import SurveyOptions, make_survey
from upcracknet.survey.records import Survey
from upcracknet.survey.sections_table import write_sections_csv
from upcracknet.survey.survey_file import write_survey

PACKAGES = ("pyogrio", "pyarrow", "shapely", "rasterio")

SURVEY = "survey.json"
"""It is written first, so the files beside it are this program's where it is there."""

FILES = (geopackage.NAME, geojson.NAME, "sections.csv", "sections_summary.csv")


@dataclass(frozen=True)
class Mapped:
    """A survey that was put on the map.

    Attributes:
        survey: with its notes.
        written: what the GeoPackage got.
    """

    survey: Survey
    written: geopackage.Written

    @property
    def without_place(self) -> int:
        """Number of photos without a place."""
        return sum(photo.position is None for photo in self.survey.photos)

    def summary(self) -> dict[str, int]:
        """Count photos, those with a place and those without, cracks, areas and sections."""
        features, photos = self.written.features, len(self.survey.photos)
        return {
            "photos": photos,
            "with_place": photos - self.without_place,
            "without_place": self.without_place,
            "crack_branches": features["cracks"],
            "cracks_at_photos": features["cracks_at_photos"],
            "areas": features["areas"],
            "sections": features["sections"],
            "damaged": len(self.written.damaged),
        }


def write_map(folder: Path, options: SurveyOptions, show: Callable[[int, int], None]) -> Mapped:
    """Write ``survey.json``, ``survey.gpkg``, ``cracks.geojson`` and ``sections.csv`` into a result folder.

    Args:
        folder: of ``upcracknet detect``.
        options: where positions come from, and how sections are made.
        show: called with what is done, and of how much: each photo is summed up, and then written.

    Raises:
        DataError: it is no result folder, or positions cannot be read.
        ConfigurationError: impossible options, or a package is missing.
        OutputError: the folder or a file is in use, files of others are in the way, or it cannot be written.
    """
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        raise ConfigurationError(
            f"maps need {', '.join(missing)}; install them with `pip install 'upcracknet[survey]'`"
        )
    read_results(folder)
    with open_results(folder) as results, logged(folder, "map", {"settings": options}) as log:
        foreign = [results.file(name) for name in FILES if results.file(name).exists()]
        if foreign and not results.file(SURVEY).exists():
            raise OutputError(
                f"{foreign[0]}: in the way, and not written by `upcracknet map` (there is no {SURVEY}); move "
                "it away"
            )
        geopackage.require_closed(results)
        survey = make_survey(results, options, lambda done, total: show(done, 2 * total))
        write_survey(results, survey)
        written = geopackage.write_geopackage(
            results, survey, lambda done, total: show(total + done, 2 * total)
        )
        geojson.write_geojson(results)
        write_sections_csv(results, survey, options.units)
        for text in (*survey.notes, *(f"warning: {problem}" for problem in written.damaged)):
            log.note(text)
    return Mapped(survey, written)
