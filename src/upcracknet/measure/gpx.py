"""GPX files, as receivers and telephones write them: the points of their tracks and the times of these."""

import math
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import defusedxml.ElementTree
import numpy as np
from defusedxml import DefusedXmlException, DTDForbidden
from jaxtyping import Float64

from upcracknet.errors import DataError
from upcracknet.files import one_line
from upcracknet.measure.times import seconds_since_1970


def read_gpx(path: str | Path) -> tuple[Float64[np.ndarray, "_ 3"], ...]:
    """Read the tracks of a GPX file, version 1.0 or 1.1.

    Libraries for GPX give the nearest recorded point, not the place in between, and take longer to read.

    Returns:
        the pieces (trkseg) of all tracks that have two points or more. A row is a point: latitude and
        longitude in degrees (WGS 84), and its time in seconds since 1970 (UTC), NaN where there is none.

    Raises:
        DataError: the file is missing or no GPX, it has no track of two points, a point has no place on the
            earth, or a time has no zone.
    """
    try:
        # A GPX file needs no document type, and without one there are no entities that grow without end.
        root = defusedxml.ElementTree.parse(path, forbid_dtd=True).getroot()
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; give a GPX file") from error
    except DTDForbidden as error:
        raise DataError(
            f"{path}: cannot be read as GPX (it has a document type, {error.name}, which no GPX needs)"
        ) from error
    except (OSError, ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise DataError(f"{path}: cannot be read as GPX ({one_line(error)})") from error
    if root.tag.rpartition("}")[2] != "gpx":
        raise DataError(f"{path}: is no GPX file; give the track that the receiver recorded, as GPX")
    pieces = root.findall("{*}trk/{*}trkseg")
    segments = [[_point(point, path) for point in piece.findall("{*}trkpt")] for piece in pieces]
    # 0, 0 is what a receiver without a fix writes.
    segments = [[point for point in points if point[:2] != (0, 0)] for points in segments]
    if all(len(points) < 2 for points in segments):
        raise DataError(
            f"{path}: has no track of two points or more (trkseg, trkpt); routes and single places are not "
            "enough"
        )
    return tuple(np.array(points, np.float64) for points in segments if len(points) > 1)


def _point(point: ElementTree.Element, path: str | Path) -> tuple[float, float, float]:
    """Latitude, longitude and time of a track's point."""
    try:
        latitude, longitude = float(point.get("lat", "")), float(point.get("lon", ""))
    except ValueError:
        latitude = longitude = math.nan
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise DataError(
            f"{path}: a point has lat {point.get('lat')!r:.40} and lon {point.get('lon')!r:.40}; expected "
            "degrees, up to 90 and up to 180"
        )
    text = (point.findtext("{*}time") or "").strip()
    if not text:
        return latitude, longitude, math.nan
    time, seconds = None, math.nan
    with suppress(ValueError):
        time = datetime.fromisoformat(text)
        seconds = seconds_since_1970(time)
    if time is None or time.tzinfo is None or math.isnan(seconds):
        raise DataError(
            f"{path}: a point has the time {text[:40]!r}; expected UTC, such as 2024-05-01T10:00:00Z"
        )
    return latitude, longitude, seconds
