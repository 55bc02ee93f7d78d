"""Roads as lines, from any file that GDAL reads: GeoPackage, GeoJSON, shapefile."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from upcracknet.errors import ConfigurationError, DataError
from upcracknet.files import one_line
from upcracknet.results.vector_files import require_vector_file
from upcracknet.survey.earth import Places, wrapped

NAME_COLUMNS = ("name", "road", "street")
"""Columns that may hold a road's name, in any case of letters; the first of them counts."""


def read_lines(path: Path) -> list[tuple[str, Places]]:
    """Read the lines of a file, of all its layers.

    Args:
        path: any vector file that GDAL reads, in any reference system.

    Returns:
        name and places of each road, as longitude and latitude in degrees (WGS 84). Lines of one name are
        joined where they meet; those that do not meet get a number after the name.

    Raises:
        DataError: the file is missing, cannot be read, has no lines, or no reference system.
        ConfigurationError: the packages that read it are missing.
    """
    if find_spec("pyogrio") is None or find_spec("rasterio") is None:
        raise ConfigurationError(
            f"{path}: a layer of lines needs pyogrio and rasterio; install them with "
            "`pip install 'upcracknet[survey]'`"
        )
    import pyogrio

    if not path.exists():
        raise DataError(f"{path}: no such file; give the roads as lines, such as GeoJSON or GeoPackage")
    require_vector_file(path)
    try:
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        lines = [line for layer in layers for line in _lines_of_layer(path, layer)]
    except DataError:
        raise
    except Exception as error:  # GDAL's drivers and GEOS have errors of their own
        raise DataError(
            f"{path}: cannot be read ({one_line(error)}); give GeoJSON, a GeoPackage or a shapefile"
        ) from error
    if not lines:
        raise DataError(f"{path}: has no lines; give the roads as lines, not as areas or points")
    return [(name or f"line {number}", places) for number, (name, places) in enumerate(lines, 1)]


def _lines_of_layer(path: Path, layer: str) -> list[tuple[str, Places]]:
    import pyogrio
    import shapely

    fields = list(pyogrio.read_info(path, layer=layer)["fields"])
    column = [field for wanted in NAME_COLUMNS for field in fields if field.lower() == wanted][:1]
    meta, _, shapes, values = pyogrio.raw.read(path, layer=layer, columns=column, force_2d=True)
    names = values[0] if column else [None] * len(shapes)
    roads: dict[str | int, list[Any]] = {}
    for number, (name, shape) in enumerate(zip(names, shapes, strict=True)):
        if shape is not None:
            parts = shapely.get_parts(shapely.from_wkb(shape))
            road = "" if name is None else str(name).strip()
            roads.setdefault(road or number, []).extend(part for part in parts if _is_line(part))
    lines = []
    for key, pieces in roads.items():
        if not pieces:
            continue
        road = key if isinstance(key, str) else ""
        degrees = [_as_degrees(shapely.get_coordinates(piece), meta["crs"], path) for piece in pieces]
        # Files cut lines at 180° (RFC 7946): 180° and -180° are one place where they are joined.
        origin = degrees[0][0, 0]
        for places in degrees:
            places[:, 0] = (origin + wrapped(places[:, 0] - origin)).round(10)
        merged = shapely.line_merge(shapely.multilinestrings([shapely.linestrings(one) for one in degrees]))
        joined = shapely.get_parts(merged)
        for number, piece in enumerate(joined, 1):
            places = shapely.get_coordinates(piece)
            places[:, 0] = wrapped(places[:, 0])
            lines.append((f"{road} {number}" if road and len(joined) > 1 else road, places))
    return lines


def _is_line(shape: Any) -> bool:
    return bool(shape.geom_type == "LineString" and shape.length > 0)


def _as_degrees(coordinates: Places, system: str | None, path: Path) -> Places:
    """Longitude and latitude of places in some reference system."""
    if system is None:
        raise DataError(
            f"{path}: has no reference system, so its lines may lie anywhere; a shapefile needs its .prj"
        )
    from rasterio.warp import transform

    try:
        longitudes, latitudes = transform(system, "EPSG:4326", *coordinates.T.tolist())
    except Exception as error:  # GDAL has kinds of errors of its own
        raise DataError(f"{path}: lies in no system on the earth ({one_line(error)}); use WGS 84") from error
    places = np.stack([wrapped(np.array(longitudes)), latitudes], axis=1)
    if not (np.isfinite(places).all() and (np.abs(places[:, 1]) <= 90).all()):
        raise DataError(f"{path}: has places that are nowhere on the earth; check its reference system")
    return places
