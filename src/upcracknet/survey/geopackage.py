"""The file ``survey.gpkg``: the survey as a GeoPackage (OGC 12-128), for QGIS and every other GIS."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upcracknet.errors import DataError, OutputError
from upcracknet.files import one_line, replacing
from upcracknet.results.folder import ResultFolder
from upcracknet.results.writing import WritableResults
from upcracknet.survey.features import add_at_photo, add_placed, crack_layers, photo_layer
from upcracknet.survey.layers import GEOMETRY, Layer
from upcracknet.survey.placing import map_system
from upcracknet.survey.records import Survey, SurveyPhoto
from upcracknet.survey.section_features import section_layer, standards_of
from upcracknet.survey.styles import Style, styles

NAME = "survey.gpkg"

AT_ONCE = 5_000
"""Features of a layer that are held before they are written."""

_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""
"""QGIS's own table of styles, column by column."""


@dataclass(frozen=True)
class Written:
    """What a GeoPackage got.

    Attributes:
        features: their number by layer.
        damaged: of photos whose cracks could not be read, why; they are in ``photos`` alone.
    """

    features: dict[str, int]
    damaged: list[str]


def write_geopackage(
    results: WritableResults, survey: Survey, show: Callable[[int, int], None] = lambda _done, _total: None
) -> Written:
    """Write ``survey.gpkg`` into a result folder; a former one is replaced once the new one is whole.

    Its layers are ``photos``, ``cracks``, ``cracks_at_photos``, ``areas`` and ``sections``, with an R-tree
    each, and styles of QGIS. One photo is read at a time, and some thousand features are held.

    Args:
        results: the folder, claimed.
        survey: its photos and sections.
        show: called with the number of photos that are done, and of all.

    Raises:
        OutputError: the file is open in another program, or cannot be written.
    """
    path = results.file(NAME)
    require_closed(results)
    damaged = list[str]()
    placed, others = _with_cracks(survey, results)
    system = map_system(survey.photos, results)
    lines, points, areas = crack_layers()

    def each(
        photos: Sequence[SurveyPhoto], add: Callable[[SurveyPhoto], None], before: int
    ) -> Iterator[None]:
        for done, photo in enumerate(photos, before + 1):
            try:
                add(photo)
            except DataError as error:
                damaged.append(str(error))
            show(done, len(placed) + len(others))
            yield

    in_place = each(placed, lambda photo: add_placed(photo, results, system, lines, areas), 0)
    at_photos = each(others, lambda photo: add_at_photo(photo, results, system, points), len(placed))
    photos, sections = photo_layer(survey.photos, results, system), section_layer(survey, system)
    steps: list[tuple[Layer, Iterable[None]]] = [
        (photos, ()), (lines, in_place), (areas, ()), (points, at_photos), (sections, ()),
    ]  # fmt: skip
    with replacing(path, suffix=".gpkg", scratch=results.scratch) as partial:
        for layer, work in steps:
            _write_layer(partial, layer, work, system)
        _add_styles(partial, styles(standards_of(survey)))
    return Written({layer.name: layer.count for layer, _ in steps}, damaged)


def require_closed(results: ResultFolder) -> None:
    """Refuse a file that is open in QGIS: what that has not stored yet would spoil the new file.

    Raises:
        OutputError: it is open.
    """
    path = results.file(NAME)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        raise OutputError(
            f"{path}: is open in another program; close it there, or delete {log} if none has it open"
        )


def _with_cracks(survey: Survey, results: ResultFolder) -> tuple[list[SurveyPhoto], list[SurveyPhoto]]:
    """Measured photos with a place: those whose cracks have places of their own, and the others."""
    placed, others = list[SurveyPhoto](), list[SurveyPhoto]()
    for photo in survey.photos:
        if photo.position is not None and photo.record.cracks is not None:
            (placed if photo.position.quality == "each crack" else others).append(photo)
    return placed, others


def _write_layer(path: Path, layer: Layer, work: Iterable[None], system: Any) -> None:
    """Write a layer while its rows are being made; not more than some thousand are held."""
    import pyarrow
    from pyogrio.errors import DataLayerError, DataSourceError
    from pyogrio.raw import write_arrow

    failures = list[BaseException]()

    def batches() -> Iterator[Any]:
        try:
            for _ in work:
                if len(layer.shapes) >= AT_ONCE:
                    yield layer.take()
            yield layer.take()
        except BaseException as failure:  # also an interruption: GDAL would tell of it as an error of its own
            failures.append(failure)
            raise

    try:
        write_arrow(
            pyarrow.RecordBatchReader.from_batches(layer.schema(), batches()),
            path,
            layer=layer.name,
            driver="GPKG",
            geometry_name=GEOMETRY,
            geometry_type=layer.geometry,
            crs=system if isinstance(system, str) else system.to_wkt(),
            # Of version 1.2, which programs of the last years read without a warning.
            dataset_options={"VERSION": "1.2"},
            layer_options={"DESCRIPTION": layer.description, "DATETIME_PRECISION": "MILLISECOND"},
        )
    except (DataSourceError, DataLayerError, RuntimeError, UnicodeError) as error:
        if failures:
            raise failures[0] from error
        raise OutputError(
            f"cannot write {NAME} ({one_line(error)}); choose another folder or free some space"
        ) from error


def _add_styles(path: Path, all_styles: Iterable[Style]) -> None:
    """Add QGIS's table of styles, and register it as every table of a GeoPackage is."""
    rows = [
        ("", "", style.layer, GEOMETRY, style.layer, style.qml, "", True, style.description, "upcracknet")
        for style in all_styles
    ]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(_STYLES)
        database.executemany(
            "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, "
            "styleName, styleQML, styleSLD, useAsDefault, description, owner) VALUES (?,?,?,?,?,?,?,?,?,?)",
            rows,
        )
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', 'How QGIS draws the layers')"
        )
