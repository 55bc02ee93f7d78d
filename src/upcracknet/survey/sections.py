"""Stretches of road of a fixed length, and how they are numbered."""

import math
import re
from bisect import bisect_right
from collections.abc import Sequence

from upcracknet.errors import ConfigurationError
from upcracknet.survey.line import OnRoad, Road
from upcracknet.survey.records import Section

METRES = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "mi": 1609.344}
"""Units of the length of a section."""

SHORTEST_M = 5.0
"""Sections are at least as long as a receiver errs."""

LEAST_REST_M = 1.0
"""A rest of a road that is shorter belongs to the section before."""


def parse_length(text: str) -> float:
    """Read a length, such as ``100m``, ``0.1mi``, ``500ft`` or ``1km``.

    Returns:
        metres.

    Raises:
        ConfigurationError: it is none, or less than 5 m.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*(m|km|ft|mi)\s*", text)
    if found is None:
        raise ConfigurationError(
            f"--section-length {text}: expected a number with a unit: 100m, 1km, 500ft or 0.1mi"
        )
    metres = float(found[1]) * METRES[found[2]]
    if metres < SHORTEST_M:
        raise ConfigurationError(
            f"--section-length {text}: is {metres:g} m; expected at least {SHORTEST_M:g} m, as places "
            "are not known any better"
        )
    return metres


def cut_sections(roads: Sequence[Road], length_m: float) -> list[list[Section]]:
    """Cut roads into sections that show nothing yet.

    Args:
        roads: in order; their sections are numbered from 1, one road after the other.
        length_m: of each section but the last one of a road, which is shorter.

    Returns:
        the sections of each road.
    """
    cut: list[list[Section]] = []
    number = 1
    for road in roads:
        count = max(1, math.ceil((road.length_m - LEAST_REST_M) / length_m))
        ends = [
            round(metres, 4) for metres in (*(length_m * place for place in range(1, count)), road.length_m)
        ]
        starts = [0.0, *ends[:-1]]
        cut.append(
            [
                Section(number + place, start, end, road.between(start, end), 0, road=road.name)
                for place, (start, end) in enumerate(zip(starts, ends, strict=True))
            ]
        )
        number += count
    return cut


def section_at(place: OnRoad, sections: Sequence[Sequence[Section]]) -> Section:
    """Find the section that a photo lies in; one on a boundary lies in the section that begins there.

    Args:
        place: of the photo.
        sections: of each road, as :func:`cut_sections` gives them.
    """
    of_road = sections[place.road]
    passed = bisect_right(of_road, place.chainage_m, key=lambda section: section.start_m)
    return of_road[passed - 1]
