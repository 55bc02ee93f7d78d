"""From photos and their files of cracks to features: points, lines and areas with their measures."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.georeference import metres_per_radian
from upcracknet.results.crack_files import read_cracks, unreadable
from upcracknet.results.folder import ResultFolder
from upcracknet.results.tables import readable
from upcracknet.survey.layers import AREAS, CRACKS, PHOTOS, Layer
from upcracknet.survey.placing import WGS_84, Placing, placing_of, transformed
from upcracknet.survey.records import SurveyPhoto

LARGEST_ERROR_PX = 0.3
"""How far a line may stray from the measured axis to have fewer places: below what an axis is known to."""


def photo_layer(photos: Iterable[SurveyPhoto], results: ResultFolder, system: Any) -> Layer:
    """Make the layer ``photos``: a point a photo, also of those that failed; without a place no point.

    Args:
        photos: of the survey.
        results: the folder.
        system: reference system of the layers.
    """
    layer = Layer("photos", "Photos: where they were taken and what was found in them", "Point", PHOTOS)
    for photo in photos:
        record, position = photo.record, photo.position
        values = {column: getattr(record, column) for column in PHOTOS if hasattr(record, column)}
        values |= shared_values(photo, results)
        values |= {
            "width_px": record.width,
            "height_px": record.height,
            "area_percent": None if record.area_share is None else 100 * record.area_share,
            "width_mean_mm": record.crack_width_mean_mm,
            "width_max_mm": record.crack_width_max_mm,
            "standard": standard_of(photo),
            "position_problem": photo.problem,
            "chainage_m": photo.chainage_m,
            "counted_percent": 100 * photo.counted,
        }
        if position is not None:
            values |= {
                "time": position.time,
                "heading_deg": position.heading_deg,
                "course_deg": position.course_deg,
                "altitude_m": position.altitude_m,
            }
        layer.add(photo_point(photo, system), values)
    return layer


def standard_of(photo: SurveyPhoto) -> str | None:
    """Give the standard that a photo's cracks were graded by; None where they were not measured."""
    measures = photo.record.measures
    return None if measures is None else measures.get("standard")


def crack_layers() -> tuple[Layer, Layer, Layer]:
    """Make the layers that cracks and networks go to: ``cracks``, ``cracks_at_photos``, ``areas``."""
    return (
        Layer("cracks", "Cracks where they lie: one line a branch", "LineString", CRACKS),
        Layer("cracks_at_photos", "Cracks whose own place is not known: one point a crack", "Point", CRACKS),
        Layer("areas", "Alligator and block cracking where it lies", "MultiPolygon", AREAS),
    )


def add_placed(photo: SurveyPhoto, results: ResultFolder, system: Any, lines: Layer, areas: Layer) -> None:
    """Add the cracks and networks of a photo where they lie.

    Args:
        photo: with a position whose quality is "each crack".
        results: the folder.
        system: reference system of the layers.
        lines: gets a line for each branch.
        areas: gets the networks.

    Raises:
        DataError: its file of cracks, or its mask, is damaged; nothing of it was added.
    """
    with _cracks_of(photo, results) as (content, shared):
        placing = placing_of(photo, content, results, system)
        branches = _branches(content["cracks"], shared["name"], placing)
        networks = _networks(content["networks"], placing)
        lines.extend(*branches, shared)
        areas.extend(*networks, shared)


def add_at_photo(photo: SurveyPhoto, results: ResultFolder, system: Any, points: Layer) -> None:
    """Add the cracks of a photo as points where the photo is.

    Args:
        photo: with a position.
        results: the folder.
        system: reference system of the layers.
        points: gets a point for each crack.

    Raises:
        DataError: its file of cracks is damaged; nothing of it was added.
    """
    with _cracks_of(photo, results) as (content, shared):
        cracks = content["cracks"]
        values = _crack_columns(cracks, shared["name"])
        values |= {"length_px": values["crack_length_px"], "length_m": values["crack_length_m"]}
        points.extend([photo_point(photo, system)] * len(cracks), values, shared)


@contextmanager
def _cracks_of(photo: SurveyPhoto, results: ResultFolder) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What was measured in a photo, and what its features share; damage that comes up becomes a DataError."""
    path = results.file(photo.record.cracks or "")
    content = read_cracks(path, widths=False)
    try:
        yield content, shared_values(photo, results) | {"standard": content["standard"]}
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(path, error) from error


def shared_values(photo: SurveyPhoto, results: ResultFolder) -> dict[str, Any]:
    """Give the values that the features of a photo share."""
    record, position = photo.record, photo.position
    return {
        "name": record.name,
        "photo": photo_path(photo, results),
        "overlay": record.overlay,
        "scale_source": record.scale_source,
        "scale_uncertainty": record.scale_uncertainty,
        "position_source": None if position is None else position.source,
        "position_quality": None if position is None else position.quality,
        "section": photo.section,
        "review_status": getattr(record, "review_status", None),
    }


def photo_path(photo: SurveyPhoto, results: ResultFolder) -> str:
    """Give the path of a photo from the result folder, or its address."""
    found = results.photo(photo.record)
    if not isinstance(found, Path):
        return found
    if photo.record.photo_relative is not None and not found.exists():
        return photo.record.photo_relative
    return Path(os.path.relpath(found, results.path)).as_posix()


def photo_point(photo: SurveyPhoto, system: Any) -> bytes | None:
    """Give the place of a photo as a point; None where it is not known."""
    import shapely

    if photo.position is None:
        return None
    place = np.array([[photo.position.longitude, photo.position.latitude]])
    return bytes(shapely.to_wkb(shapely.points(transformed(place, WGS_84, system)))[0])


def _crack_columns(cracks: Sequence[dict[str, Any]], name: str) -> dict[str, list[Any]]:
    """The values of cracks by column."""
    values = {
        column: [crack[column] for crack in cracks] for column in CRACKS if cracks and column in cracks[0]
    }
    lengths = [crack["length_mm"] for crack in cracks]
    return values | {
        "crack": [f"{readable(name)}#{crack['number']}" for crack in cracks],
        "class": [crack["kind"] for crack in cracks],
        "branches": [len(crack["axis"]) for crack in cracks],
        "crack_length_m": [None if length is None else round(length / 1000, 6) for length in lengths],
        "crack_length_px": [crack["length_px"] for crack in cracks],
    }


def _branches(
    cracks: Sequence[dict[str, Any]], name: str, placing: Placing
) -> tuple[list[bytes], dict[str, list[Any]]]:
    """Lines and values of all branches; a crack's length is shared among its branches by their own."""
    import shapely

    axes = [crack["axis"] for crack in cracks]
    sizes = np.array([len(branch) for branch in chain.from_iterable(axes)], np.int64)
    crack = np.repeat(np.arange(len(axes)), [len(axis) for axis in axes])
    numbers = chain.from_iterable(chain.from_iterable(chain.from_iterable(axes)))
    pixels = np.fromiter(numbers, np.float64).reshape(-1, 2)
    measured = shapely.linestrings(pixels, indices=np.repeat(np.arange(len(sizes)), sizes))
    lengths = shapely.length(measured)
    shares = lengths / np.maximum(np.bincount(crack, lengths), np.finfo(np.float64).tiny)[crack]
    fewer, branch = shapely.get_coordinates(
        shapely.simplify(measured, LARGEST_ERROR_PX, preserve_topology=False), return_index=True
    )
    placed = placing.on_map(fewer)
    on_road = np.isfinite(placed).all(axis=1)
    # A branch that only touches where the scale counts is no line.
    on_road &= (np.bincount(branch, on_road) >= 2)[branch]
    kept, indices = np.unique(branch[on_road], return_inverse=True)
    lines = shapely.to_wkb(shapely.linestrings(placed[on_road], indices=indices))
    ends = np.cumsum(sizes)
    first, last = placing.on_earth(pixels[ends - sizes]), placing.on_earth(pixels[ends - 1])
    number = np.arange(len(sizes)) - np.searchsorted(crack, crack) + 1

    of_cracks = _crack_columns(cracks, name)
    source, share = crack[kept].tolist(), shares[kept].tolist()
    values = {column: [held[place] for place in source] for column, held in of_cracks.items()}
    return lines.tolist(), values | {
        "branch": number[kept].tolist(),
        "bearing_deg": _bearings(first[kept], last[kept]),
        "length_px": [
            round(length * part, 2) for length, part in zip(values["crack_length_px"], share, strict=True)
        ],
        "length_m": [
            None if length is None else round(length * part, 5)
            for length, part in zip(values["crack_length_m"], share, strict=True)
        ],
    }


def _bearings(first: Float64[np.ndarray, "n 2"], last: Float64[np.ndarray, "n 2"]) -> list[float | None]:
    """Directions from end to end, 0 to 180 from true north, clockwise; None where both ends are one place."""
    if not len(first):
        return []
    # The branches of one photo lie so close that one latitude does for all.
    steps = (last - first) * metres_per_radian(float(np.radians(first[0, 1])))
    degrees = (np.degrees(np.arctan2(steps[:, 0], steps[:, 1])) % 180).round(1) % 180  # 180.0 is 0
    known = np.isfinite(degrees) & steps.any(axis=1)
    return [value if there else None for value, there in zip(degrees.tolist(), known, strict=True)]


def _networks(
    networks: Sequence[dict[str, Any]], placing: Placing
) -> tuple[list[bytes], dict[str, list[Any]]]:
    """Areas and values of all networks."""
    import shapely

    shapes = []
    for network in networks:
        corners = placing.on_map(np.array(network["polygon"], np.float64))
        corners = corners[np.isfinite(corners).all(axis=1)]
        # What makes an outline valid that touches itself may leave lines beside areas.
        parts = shapely.get_parts(shapely.get_parts(shapely.make_valid(shapely.polygons(corners))))
        areas = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        shapes.append(bytes(shapely.to_wkb(shapely.multipolygons(areas))))
    on_road = [network["area_mm2"] for network in networks]
    measured = ("area_px", "pieces", "piece_side_mm", "piece_side_px")
    return shapes, {column: [network[column] for network in networks] for column in measured} | {
        "class": [network["kind"] for network in networks],
        "area_m2": [None if area is None else area / 1e6 for area in on_road],
    }
