"""Which files of roads are opened: those that hold their shapes themselves."""

import re
from pathlib import Path

from upcracknet.errors import DataError
from upcracknet.files import one_line

BEGINNINGS = re.compile(
    rb"SQLite format 3\0|\0\0\x27\x0a|fgb|PK\x03\x04|PAR1|\s*[{\[]"
    rb"|\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:\w+:)?(?:kml|gpx|FeatureCollection)\b",
    re.DOTALL,
)
"""GeoPackage, shapefile, FlatGeobuf, archives with one of them, Parquet, GeoJSON, KML, GPX and GML. GDAL
knows further formats by a file's content, some of which only name other files or hosts to be read."""


def require_vector_file(path: Path) -> None:
    """Refuse a file that GDAL may take for a list of other files, or of addresses to ask.

    Args:
        path: the file; folders, such as those of shapefiles, are not looked into.

    Raises:
        DataError: it cannot be read, or does not begin as a file that holds shapes.
    """
    if path.is_dir():
        return
    try:
        with path.open("rb") as file:
            start = file.read(4096).removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({one_line(error)}); give another file") from error
    if BEGINNINGS.match(start) is None:
        raise DataError(
            f"{path}: no file of shapes that is opened here; save it as GeoPackage, GeoJSON or a shapefile"
        )
