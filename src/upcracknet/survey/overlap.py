"""Road that several photos show counts once: what share of each photo no photo before it shows."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from upcracknet.measure.georeference import metres_per_radian
from upcracknet.survey.earth import Places, distances_m, on_plane
from upcracknet.survey.records import Position, SurveyPhoto

SAME_PLACE_M = 1.0
"""Nearer to the photo before than this, a camera on a track stood."""

SAME_PASS_M = 50.0
"""Photos farther apart than this along a road were taken on different passes."""

SURER_THAN_PASS_M = 20.0
"""Photos that show more road than this, both ways, are compared between passes too. Smaller ones are not: a
receiver strays as far as they reach, and photos of two lanes would seem to be of one."""

LEAST_SHARE = 0.01
"""Less of a photo is not worth counting."""


def count_once(
    photos: Sequence[SurveyPhoto], roads: Sequence[int | None]
) -> tuple[list[SurveyPhoto], list[str]]:
    """Find what share of each photo is new.

    Where the place of each crack is known, so is the outline of the photo on the road; what lies within the
    outlines of photos before it, along the same road, is not counted again. Of the other photos those are not
    counted that a camera on a track took while it stood. Maps are counted whole.

    Args:
        photos: all of a survey.
        roads: the road of each; None of those on no road, which are left as they are.

    Returns:
        the photos, each with the share that counts; and what was found, in sentences.
    """
    counted = list(photos)
    kinds: dict[str, list[float]] = {"outlined": [], "camera": [], "map": []}
    ways: dict[str, Callable[[list[SurveyPhoto]], list[float]]] = {
        "outlined": _new_shares,
        "camera": _shares_of_drive,
        "map": lambda maps: [1.0] * len(maps),
    }
    for road in sorted({road for road in roads if road is not None}):
        order = [number for number, own in enumerate(roads) if own == road]
        order.sort(key=lambda number: photos[number].chainage_m or 0.0)
        for kind, way in ways.items():
            numbers = [number for number in order if _kind(photos[number]) == kind]
            shares = way([photos[number] for number in numbers])
            kinds[kind] += shares
            for number, share in zip(numbers, shares, strict=True):
                counted[number] = replace(photos[number], counted=share)
    return counted, _notes(kinds)


def _kind(photo: SurveyPhoto) -> str:
    position = _position(photo)
    if position.source == "raster":
        return "map"
    known = position.quality == "each crack" and None not in (
        position.heading_deg,
        photo.record.millimetres_per_pixel,
        photo.record.width,
    )
    return "outlined" if known else "camera"


def _notes(kinds: dict[str, list[float]]) -> list[str]:
    notes = []
    outlined, standing = kinds["outlined"], kinds["camera"].count(0.0)
    if outlined:
        part = sum(0 < share < 1 for share in outlined)
        notes.append(
            f"Road that several photos show is counted once: of {len(outlined)} photos {part} count in part "
            f"and {outlined.count(0.0)} not at all."
        )
    if standing:
        notes.append(
            f"Not counted are photos that were taken within {SAME_PLACE_M:g} m of the one before, where the "
            f"camera stood: {standing}."
        )
    if len(kinds["camera"]) > standing:
        notes.append(
            f"The outline on the road is not known of {len(kinds['camera']) - standing} photos: scale, "
            "heading or a view straight down is missing. Where they overlap, cracks are counted twice."
        )
    if kinds["map"]:
        notes.append("Maps are counted whole, also where they overlap, in the section of their middle.")
    return notes


def _shares_of_drive(photos: list[SurveyPhoto]) -> list[float]:
    """1, or 0 for what a camera on a track took while it stood; photos lie in the order of their chainage."""
    shares: list[float] = []
    last: SurveyPhoto | None = None
    for photo in photos:
        stood = last is not None and _position(photo).source == "gpx" and _are_near(photo, last)
        shares.append(0.0 if stood else 1.0)
        last = last if stood else photo
    return shares


def _are_near(photo: SurveyPhoto, last: SurveyPhoto) -> bool:
    places = np.array([_place(photo), _place(last)])
    along_m = abs((photo.chainage_m or 0.0) - (last.chainage_m or 0.0))
    return along_m <= SAME_PASS_M and float(distances_m(places)[0]) < SAME_PLACE_M


def _new_shares(photos: list[SurveyPhoto]) -> list[float]:
    """The share of each photo's outline outside those before it; photos lie in the order of chainage."""
    if not photos:
        return []
    import shapely

    origin_deg = _position(photos[0]).longitude
    outlines = shapely.polygons([on_plane(_outline(photo), origin_deg) for photo in photos])
    shares: list[float] = []
    near: list[list[int]] = [[] for _ in photos]
    for later, earlier in shapely.STRtree(outlines).query(outlines, predicate="intersects").T.tolist():
        if earlier < later and _are_comparable(photos[later], photos[earlier]):
            near[later].append(earlier)
    for outline, before in zip(outlines, near, strict=True):
        # Photos that count nothing lie within others that do.
        seen = shapely.union_all(outlines[[number for number in before if shares[number] > 0]])
        share = float(shapely.difference(outline, seen).area / outline.area)
        shares.append(round(share, 4) if share >= LEAST_SHARE else 0.0)
    return shares


def _are_comparable(one: SurveyPhoto, other: SurveyPhoto) -> bool:
    """Whether the places of two photos are known so well, against each other, that outlines tell."""
    if all(min(_size_m(photo)) > SURER_THAN_PASS_M for photo in (one, other)):
        return True
    courses = _position(one).course_deg, _position(other).course_deg
    if None not in courses and abs(((courses[0] or 0.0) - (courses[1] or 0.0) + 180) % 360 - 180) > 90:
        return False
    return abs((one.chainage_m or 0.0) - (other.chainage_m or 0.0)) <= SAME_PASS_M


def _outline(photo: SurveyPhoto) -> Places:
    """The corners of what a photo that looks straight down shows: its top points along the heading."""
    position = _position(photo)
    width_m, height_m = _size_m(photo)
    right = np.array([-0.5, 0.5, 0.5, -0.5]) * width_m
    ahead = np.array([0.5, 0.5, -0.5, -0.5]) * height_m
    heading = np.radians(position.heading_deg or 0.0)
    east = ahead * np.sin(heading) + right * np.cos(heading)
    north = ahead * np.cos(heading) - right * np.sin(heading)
    east_m, north_m = metres_per_radian(np.radians(position.latitude))
    corners: np.ndarray = np.degrees(np.stack([east / east_m, north / north_m], axis=1))
    corners += np.array(_place(photo))
    return corners


def _size_m(photo: SurveyPhoto) -> tuple[float, float]:
    """Width and height on the road in metres."""
    side_m = (photo.record.millimetres_per_pixel or 0.0) / 1000
    return (photo.record.width or 0) * side_m, (photo.record.height or 0) * side_m


def _place(photo: SurveyPhoto) -> tuple[float, float]:
    position = _position(photo)
    return position.longitude, position.latitude


def _position(photo: SurveyPhoto) -> Position:
    assert photo.position is not None  # those without one lie on no road
    return photo.position
