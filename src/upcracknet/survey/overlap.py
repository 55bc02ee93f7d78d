"""Road that several photos show counts once: what share of each photo no photo before it shows."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from upcracknet.errors import ConfigurationError, DataError
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import from_dict
from upcracknet.survey.earth import Places, distances_m, on_plane
from upcracknet.survey.placing import FromAbove
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
    counted that a camera on a track took while it stood. Maps are counted whole. Photos that failed, or whose
    cracks were not measured, show nothing that could count in place of another's.

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
        order = [number for number, own in enumerate(roads) if own == road and _is_measured(photos[number])]
        order.sort(key=lambda number: photos[number].chainage_m or 0.0)
        for kind, way in ways.items():
            numbers = [number for number in order if _kind(photos[number]) == kind]
            shares = way([photos[number] for number in numbers])
            kinds[kind] += shares
            for number, share in zip(numbers, shares, strict=True):
                counted[number] = replace(photos[number], counted=share)
    return counted, _notes(kinds)


def _is_measured(photo: SurveyPhoto) -> bool:
    return photo.record.status == "done" and photo.record.cracks is not None


def _kind(photo: SurveyPhoto) -> str:
    if _position(photo).source == "raster":
        return "map"
    return "camera" if _outline(photo) is None else "outlined"


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
    last: int | None = None
    for number, photo in enumerate(photos):
        stood = last is not None and _position(photo).source == "gpx" and _are_near(photo, photos[last])
        if last is not None and stood and _has_scale(photo) and not _has_scale(photos[last]):
            shares[last], stood = 0.0, False  # the one that has metres counts
        shares.append(0.0 if stood else 1.0)
        last = last if stood else number
    return shares


def _has_scale(photo: SurveyPhoto) -> bool:
    return photo.record.scale_source is not None


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
    corners = [outline for outline in map(_outline, photos) if outline is not None]
    outlines = shapely.polygons([on_plane(places, origin_deg) for places in corners])
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


def _outline(photo: SurveyPhoto) -> Places | None:
    """The corners of what a photo that looks straight down shows; None where they are not known."""
    position, scale = _position(photo), _scale(photo)
    if position.quality != "each crack" or position.heading_deg is None or scale is None:
        return None
    width, height = photo.record.width or 0, photo.record.height or 0
    placing = FromAbove(scale, ((width - 1) / 2, (height - 1) / 2), position)
    corners = placing.on_earth(np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5)
    return corners if np.isfinite(corners).all() else None


def _size_m(photo: SurveyPhoto) -> tuple[float, float]:
    """Width and height on the road in metres, by the size of a pixel in the photo's middle."""
    scale = _scale(photo)
    assert scale is not None  # of photos with an outline
    width, height = photo.record.width or 0, photo.record.height or 0
    side_m = float(scale.millimetres_per_pixel_at(np.array([[width / 2, height / 2]]))[0]) / 1000
    return width * side_m, height * side_m


def _scale(photo: SurveyPhoto) -> Scale | None:
    """The scale that a photo was measured with; None where it has none that is known for it."""
    record = photo.record
    if record.width is None or record.height is None:
        return None
    if record.millimetres_per_pixel is not None:
        return Scale.uniform(record.millimetres_per_pixel)
    noted = (record.measures or {}).get("scale")
    try:
        # A camera that is tilted slightly has no one number for all places.
        return None if noted is None else from_dict(noted).for_photo(record.height, record.width)
    except (ConfigurationError, DataError):
        return None


def _place(photo: SurveyPhoto) -> tuple[float, float]:
    position = _position(photo)
    return position.longitude, position.latitude


def _position(photo: SurveyPhoto) -> Position:
    assert photo.position is not None  # those without one lie on no road
    return photo.position
