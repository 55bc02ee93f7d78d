"""The file ``survey.gpkg``: the survey as a GeoPackage (OGC 12-128), for QGIS and every other GIS."""

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upcracknet.errors import DataError, OutputError
from upcracknet.files import one_line, replacing
from upcracknet.results.writing import WritableResults
from upcracknet.survey.features import add_cracks, crack_layers, photo_layer
from upcracknet.survey.layers import Layer
from upcracknet.survey.placing import map_system
from upcracknet.survey.records import Survey
from upcracknet.survey.section_features import section_layer, standards_of
from upcracknet.survey.styles import Style, styles

NAME = "survey.gpkg"

AT_ONCE = 20_000
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
    """Write ``survey.gpkg`` into a result folder; the one that was there is replaced once the new one is whole.

    Its layers are ``photos``, ``cracks``, ``cracks_at_photos``, ``areas`` and ``sections``, with an R-tree
    each, and styles of QGIS. One photo is read at a time, and 20,000 features of a layer are held.

    Args:
        results: the folder, claimed.
        survey: its photos and sections.
        show: called with the number of photos that are done, and of all.

    Raises:
        OutputError: the file is open in another program, or cannot be written.
        DataError: the mask of a raster cannot be read.
    """
    path = results.file(NAME)
    _require_closed(path)
    damaged = list[str]()
    with replacing(path, suffix=".gpkg", scratch=results.scratch) as partial:
        file = _File(partial, map_system(survey.photos, results))
        photos, sections = (
            photo_layer(survey.photos, results, file.system),
            section_layer(survey, file.system),
        )
        file.append(photos)
        layers = crack_layers()
        for done, photo in enumerate(survey.photos, 1):
            try:
                add_cracks(photo, results, file.system, layers)
            except DataError as error:
                damaged.append(str(error))
            for layer in layers:
                if len(layer.shapes) >= AT_ONCE:
                    file.append(layer)
            show(done, len(survey.photos))
        for layer in (*layers, sections):
            file.append(layer)
        _add_styles(partial, styles(standards_of(survey)))
    return Written({layer.name: layer.count for layer in (photos, *layers, sections)}, damaged)


class _File:
    """A GeoPackage that is being written."""

    def __init__(self, path: Path, system: Any) -> None:
        self.path = path
        self.system = system
        self.begun = set[str]()

    def append(self, layer: Layer) -> None:
        """Write the rows of a layer that wait; a layer without any is made as well."""
        from pyogrio.errors import DataLayerError, DataSourceError
        from pyogrio.raw import write_arrow

        first = layer.name not in self.begun
        if not first and not layer.shapes:
            return
        try:
            write_arrow(
                layer.take(),
                self.path,
                layer=layer.name,
                driver="GPKG",
                geometry_name="geom",
                geometry_type=layer.geometry,
                crs=self.system if isinstance(self.system, str) else self.system.to_wkt(),
                append=not first,
                layer_options={"DESCRIPTION": layer.description} if first else None,
            )
        except (DataSourceError, DataLayerError, RuntimeError) as error:
            raise OutputError(
                f"cannot write {NAME} ({one_line(error)}); choose another folder or free some space"
            ) from error
        self.begun.add(layer.name)


def _require_closed(path: Path) -> None:
    """Refuse a file that is open in QGIS: what that has not yet stored would be lost, or spoil the new file."""
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        raise OutputError(
            f"{path}: is open in another program; close it there, or delete {log} if none has it open"
        )


def _add_styles(path: Path, all_styles: Iterable[Style]) -> None:
    """Add QGIS's table of styles, and register it as every table of a GeoPackage is."""
    rows = [
        ("", "", style.layer, "geom", style.layer, style.qml, "", True, style.description, "upcracknet")
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
