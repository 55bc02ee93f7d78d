"""Photos whose cameras noted when and where they were taken."""

from datetime import UTC, datetime, timedelta

from tests.measure.photos import B, place
from tests.measure.tracks import START


def clock(seconds: float, zone: str | None = "+00:00"):
    """What a camera notes of a time after the track begins."""
    shown = datetime.fromtimestamp(START, UTC) + timedelta(seconds=seconds)
    tags = {B.DateTimeOriginal: f"{shown:%Y:%m:%d %H:%M:%S}", B.SubsecTimeOriginal: f"{shown:%f}"}
    return tags if zone is None else tags | {B.OffsetTimeOriginal: zone}


def noted(xmp=None, gps=None, exif=None, **more):
    return ((xmp or {}, gps or {}, exif or {}), more)


def at(seconds: float, zone: str | None = "+00:00", **more):
    return noted(exif=clock(seconds, zone), **more)


HERE = place(52.1, 13.1)
