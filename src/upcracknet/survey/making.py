"""A survey of a result folder: where its photos are, and what each stretch of road has."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from upcracknet.errors import ConfigurationError
from upcracknet.measure.track import LARGEST_DISTANCE_M, Track
from upcracknet.results.folder import ResultFolder
from upcracknet.results.records import Record
from upcracknet.results.reviewed import is_measured
from upcracknet.survey.course import Course, find_course
from upcracknet.survey.line import OnRoad, Road, Segments
from upcracknet.survey.overlap import count_once
from upcracknet.survey.positions import locate
from upcracknet.survey.records import Section, Survey, SurveyPhoto
from upcracknet.survey.sections import cut_sections, parse_length, section_at
from upcracknet.survey.sums import sum_sections

Units = Literal["metric", "us"]

SECTION_LENGTHS: dict[Units, str] = {"metric": "100m", "us": "0.1mi"}
"""Where no length is given."""


@dataclass(frozen=True)
class SurveyOptions:
    """How photos get their places, and the road its sections.

    Attributes:
        gpx: track of the camera; photos get their places by their times.
        clock_offset: seconds to add to the camera's clock, so that it is that of the track.
        positions: table of positions as CSV: photo, latitude, longitude.
        line: the roads as lines, in any format that GDAL reads, such as GeoJSON or GeoPackage; chainage runs
            along them. Without it, it runs along the track, or from photo to photo.
        section_length: length of a section, such as 100m, 1km, 500ft or 0.1mi; without it 100m, or 0.1mi with
            US units.
        straight_down: the camera looked straight down, and the top of its photos points along the drive.
        units: of sections.csv: metric, or us for feet.
    """

    gpx: Path | None = None
    clock_offset: float = 0.0
    positions: Path | None = None
    line: Path | None = None
    section_length: str | None = None
    straight_down: bool = False
    units: Units = "metric"

    @property
    def section_length_m(self) -> float:
        """Length of a section in metres.

        Raises:
            ConfigurationError: it is none, or less than 5 m.
        """
        return parse_length(self.section_length or SECTION_LENGTHS[self.units])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the survey's file."""
        return {
            name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()
        } | {"section_length_m": self.section_length_m}


def make_survey(
    results: ResultFolder,
    options: SurveyOptions,
    show: Callable[[int, int], None] = lambda _done, _total: None,
) -> Survey:
    """Find the places of a result folder's photos, cut the road into sections, and sum up what each has.

    Args:
        results: the folder; each file of cracks is read once, and nothing is written.
        options: how.
        show: called with the number of photos that are summed up, and of all.

    Raises:
        DataError: a file that the options name is none.
        ConfigurationError: an impossible option, or a package is missing.
    """
    if find_spec("shapely") is None:
        raise ConfigurationError("surveys need shapely; install it with `pip install 'upcracknet[survey]'`")
    length_m = options.section_length_m
    track = None if options.gpx is None else Track.read(options.gpx)
    damaged = set[str]()
    photos, notes = locate(
        list(results.readable_records(damaged)), results, track=track, clock_offset_s=options.clock_offset,
        table=options.positions, straight_down=options.straight_down,
    )  # fmt: skip
    if damaged:
        notes.append(f"Records that are damaged and left out: {_named(sorted(damaged))}.")
    notes += _on_reviews(results, [photo.record for photo in photos])
    placed = {photo.record.name: photo.position for photo in photos if photo.position}
    course = find_course([*placed.values()], track, options.line, [*placed])
    notes.append(course.note)
    roads, found = _on_roads(photos, course, notes)
    if not roads:
        if course.roads or track is not None:
            notes.append("There are no sections, as no photo lies on a road.")
        return Survey(tuple(photos), (), options.to_dict(), tuple(notes))
    sections = cut_sections(roads, length_m)
    photos = [
        photo if place is None
        else replace(photo, section=section_at(place, sections).number, chainage_m=place.chainage_m)
        for photo, place in zip(photos, found, strict=True)
    ]  # fmt: skip
    photos, more = count_once(photos, [None if place is None else place.road for place in found])
    shown = _shown(photos, show)
    summed, of_sums = sum_sections(results, shown, [section for of_road in sections for section in of_road])
    notes += [*more, _on_sections(summed, options), *of_sums]
    line = tuple(road.between(0.0, road.length_m) for road in roads)
    return Survey(tuple(photos), summed, options.to_dict(), tuple(notes), line)


def _shown(photos: Sequence[SurveyPhoto], show: Callable[[int, int], None]) -> Iterator[SurveyPhoto]:
    """The photos one after the other, and how many are done with."""
    for done, photo in enumerate(photos):
        show(done, len(photos))
        yield photo


def _on_reviews(results: ResultFolder, records: Sequence[Record]) -> Iterator[str]:
    reviewed = sum(record.review_status is not None for record in records)
    if reviewed:
        yield f"Photos that a person looked at, and whose corrections count: {reviewed} of {len(records)}."
    late = [record.name for record in records if not is_measured(results, record)]
    if late:
        yield f"Corrected since they were measured: {_named(late)}; run `upcracknet measure`, then map again."


def _on_roads(
    photos: Sequence[SurveyPhoto], course: Course, notes: list[str]
) -> tuple[list[Road], list[OnRoad | None]]:
    """The roads that have a photo, and where each photo lies on them; what is left out goes to the notes."""
    found: list[OnRoad | None] = [None] * len(photos)
    placed = {number: photo.position for number, photo in enumerate(photos) if photo.position is not None}
    if not course.roads or not placed:
        return [], found
    places = np.array([(position.longitude, position.latitude) for position in placed.values()])
    for number, place in zip(placed, Segments(course.roads).find(places, course.moments), strict=True):
        found[number] = place
    far = sum(found[number] is None for number in placed)
    if far:
        notes.append(
            f"Photos farther than {LARGEST_DISTANCE_M:.0f} m from every road belong to no section: {far}."
        )
    used = sorted({place.road for place in found if place is not None})
    if len(used) < len(course.roads):
        notes.append(f"Roads without any photo, which are left out: {len(course.roads) - len(used)}.")
    return [course.roads[road] for road in used], [
        None if place is None else replace(place, road=used.index(place.road)) for place in found
    ]


def _on_sections(sections: Sequence[Section], options: SurveyOptions) -> str:
    length = options.section_length or SECTION_LENGTHS[options.units]
    empty = sum(section.photos == 0 for section in sections)
    return f"Sections of {length}: {len(sections)}; without any photo that counts: {empty}."


def _named(names: Sequence[str]) -> str:
    """At most three names, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
