"""Where each photo of a survey is: by a table, its georeference, a track, or what its camera noted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from upcracknet.errors import ConfigurationError
from upcracknet.measure.drone import LARGEST_TILT_DEG
from upcracknet.measure.notes import Bearing
from upcracknet.measure.track import LARGEST_DISTANCE_M, Track, distance_m
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record
from upcracknet.survey.clocks import clock_notes
from upcracknet.survey.evidence import Evidence, gather, with_track
from upcracknet.survey.position_table import GivenPosition, read_positions
from upcracknet.survey.records import Position, PositionSource, SurveyPhoto

THREADS = 8
"""Photos whose notes are read at a time: disks and servers answer late."""

LARGEST_OFFSET_S = 100 * 365 * 86_400.0
"""A clock that was never set is decades behind."""

SOURCES: dict[PositionSource, str] = {
    "csv": "the table",
    "raster": "the georeference",
    "gpx": "the track",
    "exif": "the camera's notes",
}
"""Where a place is known from, in the order of trust."""


def locate(
    records: Iterable[Record],
    results: ResultFolder,
    *,
    track: Track | None,
    clock_offset_s: float = 0.0,
    table: Path | None = None,
    straight_down: bool = False,
) -> tuple[list[SurveyPhoto], list[str]]:
    """Find where photos are (docs/positions.md); photos are only read.

    The first source that tells a place counts: the table, the image's georeference, the track at the photo's
    time, what the camera noted in EXIF and XMP. Heading, course, altitude and time that it lacks come from
    the next one.

    Args:
        records: of the photos.
        results: the folder that they are of.
        track: of the camera.
        clock_offset_s: seconds to add to the times of the photos, though not to those of the table.
        table: CSV of positions; see :func:`upcracknet.survey.position_table.read_positions`.
        straight_down: photos that do not tell their tilt look straight down, and their top points along the
            drive.

    Returns:
        the photos in the records' order, each with its position or the problem; and notes, in sentences.

    Raises:
        DataError: the table cannot be read.
        ConfigurationError: the offset is no number of seconds, or rasterio is needed and not installed.
    """
    if not abs(clock_offset_s) <= LARGEST_OFFSET_S:
        raise ConfigurationError(
            f"a clock offset of {clock_offset_s:g} s; expected seconds, such as 3600 or -7200"
        )
    listed = list(records)
    given: dict[str, GivenPosition] = {}
    notes: list[str] = []
    if table is not None:
        given, notes = read_positions(table, listed)
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda record: gather(record, results, clock_offset_s), listed))
    rows = [given.get(record.name) for record in listed]
    found = [
        evidence if row is None or row.utc_s is None else replace(evidence, utc_s=row.utc_s)
        for evidence, row in zip(found, rows, strict=True)
    ]
    if track is not None:
        found = [evidence if evidence.middle else with_track(evidence, track) for evidence in found]
    photos = list[SurveyPhoto]()
    for record, evidence, row in zip(listed, found, rows, strict=True):
        position = _position(evidence, row, straight_down, record.scale_source is not None)
        problem = None if position is not None else _problem(evidence, track)
        photos.append(SurveyPhoto(record, position, problem))
    return photos, [*notes, *_notes(photos, found, track, clock_offset_s)]


def _position(
    evidence: Evidence, row: GivenPosition | None, straight_down: bool, has_scale: bool
) -> Position | None:
    """The position by the first source that tells one."""
    camera, on_track = evidence.notes, evidence.on_track
    places: dict[PositionSource, tuple[float, float] | None] = {
        "csv": None if row is None else (row.latitude, row.longitude),
        "raster": evidence.middle,
        "gpx": None if on_track is None else on_track[:2],
        "exif": camera.place,
    }
    known = [(source, place) for source in SOURCES if (place := places[source]) is not None]
    if not known:
        return None
    source, (latitude, longitude) = known[0]
    tilt = camera.tilt_deg
    looks_down = straight_down if tilt is None else abs(tilt) <= LARGEST_TILT_DEG
    # Seen from above, the camera's up is not that of a photo which is stored turned.
    headings = () if looks_down and camera.turned else camera.headings
    course = _first(
        None if row is None else row.course_deg,
        None if on_track is None else on_track[2],
        *_from_true_north([camera.course] if camera.course else []),
    )
    heading = _first(
        None if row is None else row.heading_deg,
        *([course] if straight_down and tilt is None else _from_true_north(headings)),
    )
    own = source == "raster" or (looks_down and heading is not None and has_scale)
    return Position(
        latitude,
        longitude,
        source,
        "each crack" if own else "photo",
        heading,
        course,
        _first(None if row is None else row.altitude_m, camera.altitude_m),
        None if evidence.utc_s is None else datetime.fromtimestamp(evidence.utc_s, UTC),
    )


def _problem(evidence: Evidence, track: Track | None) -> str:
    """Why a photo has no position."""
    if evidence.problem is not None:
        return evidence.problem
    if evidence.off_track is not None:
        return evidence.off_track
    if track is not None:
        return "the photo says neither when it was taken (DateTimeOriginal) nor where (GPSLatitude)"
    return "the photo does not say where it was taken (GPSLatitude); give a track or a table of positions"


def _notes(
    photos: Sequence[SurveyPhoto], found: Sequence[Evidence], track: Track | None, clock_offset_s: float
) -> list[str]:
    """What to know of the positions, in sentences."""
    positions = [photo.position for photo in photos if photo.position is not None]
    count = Counter(position.source for position in positions)
    by = ", ".join(f"{count[source]} by {name}" for source, name in SOURCES.items() if count[source])
    notes = [f"{len(positions)} of {len(photos)} photos have a place{f': {by}' if by else ''}."]
    if track is not None:
        timed = [evidence for evidence in found if evidence.utc_s is not None]
        times = np.array([evidence.utc_s for evidence in timed], np.float64)
        notes += clock_notes(times, track, len(photos), clock_offset_s)
        apart = [
            distance_m(evidence.notes.place, evidence.on_track[:2])
            for evidence in timed
            if evidence.notes.place is not None and evidence.on_track is not None
        ]
        far = sum(distance > LARGEST_DISTANCE_M for distance in apart)
        if far:
            notes.append(
                f"For {far} of {len(apart)} photos that tell their own place the track was more than "
                f"{LARGEST_DISTANCE_M:.0f} m away at their time: check the clock offset."
            )
    unread = [evidence.problem for evidence in found if evidence.problem is not None]
    if unread:
        notes.append(
            f"Photos that cannot be read, and so tell nothing: {len(unread)}; of the first: {unread[0]}."
        )
    without_zone = sum(evidence.notes.local_s is not None for evidence in found)
    if without_zone:
        shift = f", with {clock_offset_s:+.10g} s" if clock_offset_s else ""
        notes.append(
            f"The clocks of {without_zone} of {len(photos)} photos tell no zone; they are taken to show "
            f"UTC{shift}."
        )
    on_one_point = sum(position.quality == "photo" for position in positions)
    if on_one_point:
        notes.append(
            f"For {on_one_point} of {len(photos)} photos all cracks lie on the photo's point: a scale, a "
            "heading or a view straight down is not known."
        )
    return notes


def _from_true_north(bearings: Sequence[Bearing]) -> list[float]:
    """In degrees from true north; those from magnetic north are left out, as it differs by place."""
    return [bearing.degrees % 360 for bearing in bearings if bearing.north == "true"]


def _first(*values: float | None) -> float | None:
    """The first value that is known."""
    return next((value for value in values if value is not None), None)
