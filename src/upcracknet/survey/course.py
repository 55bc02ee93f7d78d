"""The roads of a survey: from a layer of lines, else from the track, else from photo to photo."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.track import Track
from upcracknet.survey.earth import Places, distances_m, metres_per_unit, on_plane
from upcracknet.survey.line import Road
from upcracknet.survey.line_layer import read_lines
from upcracknet.survey.records import Position

STEP_M = 5.0
"""Places of a drive nearer to the one before are left out: a receiver that stands strays by metres, and the
road would grow by that each second."""

LONGEST_GAP_M = 5000.0
"""Where a track has no points, the road goes straight on up to this far, as it does through a tunnel; beyond
it another road begins."""

LONGEST_SILENCE_S = 6 * 3600.0
"""A track without points for longer than this goes on with another drive, on a road of its own."""

LONGEST_PHOTO_GAP_M = 500.0
"""The same between photos, where nothing else tells where the road is."""


@dataclass(frozen=True)
class Course:
    """The roads of a survey.

    Attributes:
        roads: in order; none where photos have no order along a road.
        moments: of each photo, in the unit of the roads' own; None where that is not known.
        note: where the roads come from, as a sentence.
    """

    roads: tuple[Road, ...]
    moments: tuple[float | None, ...]
    note: str


def find_course(
    positions: Sequence[Position], track: Track | None, line: Path | None, names: Sequence[str] = ()
) -> Course:
    """Find the roads that photos lie on.

    Args:
        positions: of the photos.
        track: of the camera.
        line: file of lines; goes before the track.
        names: of the photos, which tell their order where nothing else does: 2 goes before 10. Without them
            it is that of the positions.

    Raises:
        DataError: the file of lines cannot be used.
        ConfigurationError: it is given, and the packages that read it are missing.
    """
    if line is not None:
        roads = tuple(Road(name, places) for name, places in read_lines(line))
        return Course(roads, (None,) * len(positions), f"Chainage runs along the lines of {line.name}.")
    if track is not None:
        seconds = tuple(None if one.time is None else one.time.timestamp() for one in positions)
        roads = _roads_of_track(track)
        kind = "as it was driven: a road that was driven twice has two stretches"
        if roads and roads[0].moments is None:
            kind = "and each photo lies where that is nearest, as the track has no times"
        return Course(roads, seconds, f"Chainage runs along the track, {kind}.")
    return _from_photo_to_photo(positions, names)


def _roads_of_track(track: Track) -> tuple[Road, ...]:
    """The track's pieces one after the other, joined where the receiver was silent."""
    if not track.pieces:
        return _roads(np.concatenate(track.segments)[:, 1::-1], None, LONGEST_GAP_M, "track")
    # Of two receivers that recorded at the same time, the one that began first counts.
    ends = np.maximum.accumulate([-np.inf, *(piece[-1, 2] for piece in track.pieces)])
    points = np.concatenate(
        [piece[piece[:, 2] > end] for piece, end in zip(track.pieces, ends[:-1], strict=True)]
    )
    return _roads(points[:, 1::-1], points[:, 2], LONGEST_GAP_M, "track", LONGEST_SILENCE_S)


def _from_photo_to_photo(positions: Sequence[Position], names: Sequence[str]) -> Course:
    none = (None,) * len(positions)
    if any(position.source == "raster" for position in positions):
        return Course(
            (), none, "There are no sections: maps have no order along a road. Give its line: `--line`."
        )
    if len(positions) < 2:
        return Course((), none, "There are no sections, as fewer than two photos have a place.")
    seconds = {
        number: position.time.timestamp()
        for number, position in enumerate(positions)
        if position.time is not None
    }
    order, by = list(range(len(positions))), "names, as most have no time"
    if names:
        order.sort(key=lambda number: _natural(names[number]))
    if len(seconds) > 1 and 2 * len(seconds) >= len(positions):
        order, by = sorted(seconds, key=seconds.__getitem__), "times"
    places = np.array([(positions[number].longitude, positions[number].latitude) for number in order])
    ranks = np.arange(len(order), dtype=np.float64)
    moments: list[float | None] = [None] * len(positions)
    for rank, number in enumerate(order):
        moments[number] = float(rank)
    note = (
        f"Chainage runs from photo to photo, in the order of their {by}: no track and no line was given. "
        "It cuts curves."
    )
    if len(order) < len(positions):
        note += f" Photos without a time, which lie where it is nearest: {len(positions) - len(order)}."
    roads = _roads(places, ranks, LONGEST_PHOTO_GAP_M, "drive")
    if not roads:
        note = (
            f"There are no sections: photos lie on one spot, or more than {LONGEST_PHOTO_GAP_M:.0f} m apart. "
            "Give the road's line: `--line`."
        )
    return Course(roads, tuple(moments), note)


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts numbers in names by their values."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _roads(
    places: Places,
    moments: Float64[np.ndarray, " n"] | None,
    gap_m: float,
    name: str,
    longest: float = math.inf,
) -> tuple[Road, ...]:
    """Cut the places of a drive where the next one is far away, or came much later."""
    late = np.zeros(len(places), bool) if moments is None else np.diff(moments, prepend=moments[0]) > longest
    kept = _thinned(places)
    drives = np.cumsum(late)[kept]
    places, moments = places[kept], None if moments is None else moments[kept]
    breaks = np.flatnonzero((distances_m(places) > gap_m) | (np.diff(drives) > 0)) + 1
    pieces = [piece for piece in np.split(np.arange(len(places)), breaks) if len(piece) > 1]
    return tuple(
        Road(
            None if len(pieces) == 1 else f"{name} {number}",
            places[piece],
            None if moments is None else moments[piece],
        )
        for number, piece in enumerate(pieces, 1)
    )


def _thinned(places: Places) -> list[int]:
    """The places that lie at least some metres from the one kept before; and where the drive ends."""
    plane = on_plane(places, float(places[0, 0]))
    kept = [0]
    for number, (point, latitude) in enumerate(zip(plane, places[:, 1].tolist(), strict=True)):
        if math.dist(point, plane[kept[-1]]) * metres_per_unit(latitude) >= STEP_M:
            kept.append(number)
    ends_behind = len(kept) > 1 and kept[-1] < len(places) - 1
    return [*kept, len(places) - 1] if ends_behind else kept
