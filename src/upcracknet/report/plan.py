"""The map: what the page draws it of, and a plan for paper with a north arrow and a scale bar."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from upcracknet.measure.legend import round_length
from upcracknet.report.colours import colour_of_place, css
from upcracknet.report.content import Content, has_cracks
from upcracknet.report.figures import FAINT, INK, Dot, Figure, Label, Line, Place, Shape
from upcracknet.report.language import Language
from upcracknet.results.records import Record, severity_rank

_WIDTH, _TALLEST, _LOWEST, _MARGIN = 720.0, 440.0, 160.0, 24.0
_FOOT = 44.0  # points below the plan, for the north arrow and the scale bar
_EARTH_M = 6_371_008.8  # mean radius (IUGG); a plan of a road needs no better
_APART = 3.0  # points: photos nearer than that to a worse one are not drawn on paper


def map_data(content: Content, facts: dict[str, str], section_facts: dict[int, str]) -> dict[str, Any]:
    """Give the plain values that the page draws the map of.

    Longitudes run on across the line at 180°, so that no line jumps around the earth.

    Args:
        content: of the report.
        facts: what to say of each photo, by its name.
        section_facts: what to say of each section, by its number.

    Returns:
        "photos": latitude, longitude, colour, name and facts of each, the worst last; "sections": places,
        colour, number and facts of each; "line": the road's course.
    """
    survey = content.survey
    if survey is None:
        return {}
    start = _start(content)
    photos = []
    for photo in reversed(content.placed):
        if photo.position is not None:
            record, place = photo.record, photo.position
            colour = css(colour_of_place(record.severity, _has_cracks(record)))
            east = _running_on(place.longitude, start)
            photos.append((round(place.latitude, 7), round(east, 7), colour, record.name, facts[record.name]))
    sections = [
        (
            [(round(y, 7), round(_running_on(x, start), 7)) for x, y in section.line],
            css(colour_of_place(section.severity, has_cracks(section))),
            section.number,
            section_facts[section.number],
        )
        for section in content.sections
    ]
    line = [[(round(y, 7), round(_running_on(x, start), 7)) for x, y in piece] for piece in survey.line]
    return {"photos": photos, "sections": sections, "line": line}


def plan(content: Content, language: Language) -> Figure | None:
    """Draw sections and photos as lines and points, north up; None where nothing has a place."""
    survey = content.survey
    if survey is None:
        return None
    start = _start(content)
    placed = content.placed
    points = [(p.position.longitude, p.position.latitude) for p in placed if p.position is not None]
    lines = [section.line for section in content.sections] + list(survey.line)
    degrees = points + [place for line in lines for place in line]
    if not degrees:
        return None
    middle = math.radians(sum(y for _, y in degrees) / len(degrees))
    metres = [_metres(place, start, middle) for place in degrees]
    west, east = min(x for x, _ in metres), max(x for x, _ in metres)
    south, north = min(y for _, y in metres), max(y for _, y in metres)
    room = _WIDTH - 2 * _MARGIN, _TALLEST - 2 * _MARGIN
    zoom = min(room[0] / max(east - west, 10.0), room[1] / max(north - south, 10.0))
    height = max(_LOWEST, (north - south) * zoom + 2 * _MARGIN)

    def draw(place: Place) -> Place:
        x, y = _metres(place, start, middle)
        return (
            _WIDTH / 2 + (x - (west + east) / 2) * zoom,
            height / 2 - (y - (south + north) / 2) * zoom,
        )

    shapes: list[Shape] = [Line(tuple(map(draw, piece)), FAINT, 1.2) for piece in survey.line]
    courses = [
        (tuple(map(draw, section.line)), css(colour_of_place(section.severity, has_cracks(section))))
        for section in sorted(content.sections, key=lambda section: severity_rank(section.severity))
    ]
    # All rims below all colours: short sections would hide each other.
    shapes += [Line(places, INK, 7.0) for places, _ in courses]
    shapes += [Line(places, colour, 4.6) for places, colour in courses]
    dots = []
    taken: set[tuple[int, int]] = set()
    for photo, degree in zip(placed, points, strict=True):  # the worst first
        x, y = draw(degree)
        cell = int(x // _APART), int(y // _APART)
        if cell not in taken:
            taken.add(cell)
            colour = css(colour_of_place(photo.record.severity, _has_cracks(photo.record)))
            dots.append(Dot(x, y, 2.6, colour))
    shapes += reversed(dots)
    for worst in content.worst_sections:
        x, y = _half_way([draw(place) for place in worst.section.line])
        shapes.append(Label(x, y - 9, str(worst.section.number), "middle", 14.0, has_halo=True))
    height += _FOOT
    shapes += _north(language, height) + _scale_bar(zoom, height)
    return Figure(_WIDTH, height, tuple(shapes), language.text("map.plan"))


def _start(content: Content) -> float:
    """The longitude that all others are near to."""
    return next(
        (place[0] for section in content.sections for place in section.line),
        next((photo.position.longitude for photo in content.placed if photo.position), 0.0),
    )


def _running_on(longitude: float, start: float) -> float:
    """A longitude within half a turn of another one."""
    return start + (longitude - start + 180) % 360 - 180


def _metres(place: Place, start: float, middle: float) -> Place:
    """Metres east and north: a plate carrée that is true to scale at the middle latitude."""
    longitude, latitude = place
    east = math.radians(_running_on(longitude, start) - start) * math.cos(middle)
    return _EARTH_M * east, _EARTH_M * math.radians(latitude)


def _has_cracks(record: Record) -> bool:
    return bool(record.crack_pixels if record.crack_count is None else record.crack_count)


def _half_way(line: Sequence[Place]) -> Place:
    return line[len(line) // 2] if len(line) > 2 else _mean(line)


def _mean(places: Iterable[Place]) -> Place:
    xs, ys = zip(*places, strict=True)
    return sum(xs) / len(xs), sum(ys) / len(ys)


def _north(language: Language, height: float) -> list[Shape]:
    x, y = _WIDTH - 20, height - 10
    return [
        Line(((x, y), (x, y - 24)), INK, 2.0),
        Line(((x - 5, y - 16), (x, y - 25), (x + 5, y - 16)), INK, 2.0),
        Label(x - 10, y - 6, language.text("map.north"), "end", 13.0),
    ]


def _scale_bar(zoom: float, height: float) -> list[Shape]:
    length = round_length(0.25 * _WIDTH / zoom)
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    left, right, y = 16.0, 16.0 + length * zoom, height - 10
    return [
        Line(((left, y - 6), (left, y), (right, y), (right, y - 6)), INK, 2.0),
        Label(right + 8, y, text, "start", 13.0),
    ]
