"""What tells where a photo is: the georeference of its mask, its camera's notes, the track at its time."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from upcracknet.errors import DataError, PhotoError
from upcracknet.measure.notes import CameraNotes
from upcracknet.measure.track import Track
from upcracknet.results.folder import ResultFolder
from upcracknet.results.opening import opened
from upcracknet.results.records import Record


@dataclass(frozen=True, slots=True)
class Evidence:
    """What tells where a photo is.

    Attributes:
        notes: of its camera; empty where they are not known, and of georeferenced images.
        problem: why they are not known.
        middle: of a georeferenced image: latitude and longitude in degrees (WGS 84).
        utc_s: when the photo was taken, in seconds since 1970 (UTC), with the clock's offset.
        on_track: where the track was then: latitude, longitude, and its course in degrees if it moved.
        off_track: why the track does not say where it was then.
    """

    notes: CameraNotes
    problem: str | None = None
    middle: tuple[float, float] | None = None
    utc_s: float | None = None
    on_track: tuple[float, float, float | None] | None = None
    off_track: str | None = None


def gather(record: Record, results: ResultFolder, clock_offset_s: float) -> Evidence:
    """Read what a photo's own files tell.

    Args:
        record: of the photo.
        results: the folder that it is of.
        clock_offset_s: seconds to add to the photo's time.

    Returns:
        all but the track's part. A photo that is gone, has changed or is damaged tells nothing: a problem.

    Raises:
        ConfigurationError: rasterio is needed and not installed.
    """
    # Frames of videos tell nothing but this.
    if record.taken_at is not None:
        taken_s = datetime.fromisoformat(record.taken_at).timestamp()
        return Evidence(CameraNotes(), utc_s=taken_s + clock_offset_s)
    try:
        # Georeferenced images have such a mask; it lies where they lie, and is there when they are gone.
        if record.mask is not None and record.mask.endswith(".tif"):
            middle = raster_middle(results.file(record.mask))
            if middle is not None:
                return Evidence(CameraNotes(), middle=middle)
        with results.source(record).opened() as image:
            notes = CameraNotes.read(image)
    except PhotoError as error:
        return Evidence(CameraNotes(), str(error))
    seconds = notes.utc_s if notes.utc_s is not None else notes.local_s
    return Evidence(notes, utc_s=None if seconds is None else seconds + clock_offset_s)


def with_track(evidence: Evidence, track: Track) -> Evidence:
    """Add where the track was when the photo was taken; a photo without a time stays as it is."""
    if evidence.utc_s is None:
        return evidence
    try:
        return replace(evidence, on_track=track.at(evidence.utc_s))
    except DataError as error:
        return replace(evidence, off_track=str(error))


def raster_middle(path: Path) -> tuple[float, float] | None:
    """Find the middle of a georeferenced image.

    Args:
        path: the image, or its mask.

    Returns:
        latitude and longitude in degrees (WGS 84); None where it does not lie on the earth.

    Raises:
        PhotoError: it cannot be read.
        ConfigurationError: rasterio is not installed.
    """
    with opened(path) as image:
        from rasterio.warp import transform

        if image.crs is None:
            return None
        x, y = image.transform * (image.width / 2, image.height / 2)
        try:
            (longitude,), (latitude,) = transform(image.crs, "EPSG:4326", [x], [y])
        except Exception:  # GDAL has kinds of errors of its own; a local system has no place on the earth
            return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None
