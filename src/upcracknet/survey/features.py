"""From photos and their files of cracks to features: points, lines and areas with their measures."""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from upcracknet.measure.georeference import metres_per_radian
from upcracknet.measure.scale_file import from_dict
from upcracknet.results.crack_files import read_cracks, unreadable
from upcracknet.results.folder import ResultFolder
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
        Layer("cracks_at_photos", "Cracks whose own place is not known: one point a crack, at its photo",
              "Point", CRACKS),
        Layer("areas", "Alligator and block cracking where it lies", "MultiPolygon", AREAS),
    )  # fmt: skip


def add_cracks(
    photo: SurveyPhoto, results: ResultFolder, system: Any, layers: tuple[Layer, Layer, Layer]
) -> None:
    """Add what was measured in a photo: lines and areas where they lie, or else points at the photo.

    A photo without a place, or in which nothing was measured, adds nothing.

    Args:
        photo: of the survey.
        results: the folder.
        system: reference system of the layers.
        layers: see :func:`crack_layers`.

    Raises:
        DataError: its file of cracks or its mask is damaged; nothing of it was added.
    """
    record = photo.record
    if photo.position is None or record.cracks is None or not results.file(record.cracks).exists():
        return
    lines, points, areas = layers
    path = results.file(record.cracks)
    content = read_cracks(path)
    try:
        scale = None if content["scale"] is None else from_dict(content["scale"])
        placing = placing_of(photo, content, scale, results, system)
        shared = shared_values(photo, results) | {"standard": content["standard"]}
        rows = [
            _crack_values(crack) | shared | {"crack": f"{record.name}#{crack['number']}"}
            for crack in content["cracks"]
        ]
        if placing is None:
            shape = photo_point(photo, system)
            found = [(points, shape, row) for row in rows]
        else:
            axes = [crack["axis"] for crack in content["cracks"]]
            found = [(lines, *feature) for feature in _branches(axes, rows, placing)]
            found += [(areas, *feature) for feature in _networks(content["networks"], shared, placing)]
    except (ValueError, TypeError, KeyError) as error:
        raise unreadable(path, error) from error
    for layer, shape, values in found:
        layer.add(shape, values)


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


def _crack_values(crack: dict[str, Any]) -> dict[str, Any]:
    values = {column: crack[column] for column in CRACKS if column in crack}
    length_mm = crack["length_mm"]
    length_m = None if length_mm is None else length_mm / 1000
    return values | {
        "class": crack["kind"],
        "branches": len(crack["axis"]),
        "length_m": length_m,
        "crack_length_m": length_m,
        "crack_length_px": crack["length_px"],
    }


def _branches(
    axes: Sequence[Sequence[Any]], rows: Sequence[dict[str, Any]], placing: Placing
) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Make a feature of each branch; a crack's length is shared among its branches by their own."""
    import shapely

    sizes = [len(branch) for branch in chain.from_iterable(axes)]
    if not sizes:
        return
    crack = np.repeat(np.arange(len(axes)), [len(axis) for axis in axes])
    pixels = np.array([*chain.from_iterable(chain.from_iterable(axes))], np.float64)
    measured = shapely.linestrings(pixels, indices=np.repeat(np.arange(len(sizes)), sizes))
    lengths = shapely.length(measured)
    shares = lengths / np.maximum(np.bincount(crack, lengths), np.finfo(np.float64).tiny)[crack]
    fewer, branch = shapely.get_coordinates(
        shapely.simplify(measured, LARGEST_ERROR_PX, preserve_topology=False), return_index=True
    )
    on_road = np.isfinite(placed := placing.on_map(fewer)).all(axis=1)
    # A branch that only touches where the scale counts is no line.
    on_road &= (np.bincount(branch, on_road) >= 2)[branch]
    kept, indices = np.unique(branch[on_road], return_inverse=True)
    shapes = shapely.to_wkb(shapely.linestrings(placed[on_road], indices=indices))
    ends = np.cumsum(sizes)
    bearings = _bearings(placing.on_earth(pixels[ends - np.array(sizes)]), placing.on_earth(pixels[ends - 1]))
    number = np.concatenate([np.arange(1, len(axis) + 1) for axis in axes])
    for shape, index in zip(shapes, kept, strict=True):
        row, share = rows[crack[index]], float(shares[index])
        yield (
            bytes(shape),
            row
            | {
                "branch": int(number[index]),
                "length_px": row["crack_length_px"] * share,
                "length_m": None if row["crack_length_m"] is None else row["crack_length_m"] * share,
                "bearing_deg": bearings[index],
            },
        )


def _bearings(first: Float64[np.ndarray, "n 2"], last: Float64[np.ndarray, "n 2"]) -> list[float | None]:
    """Directions from end to end, 0 to 180 from true north, clockwise; None where both ends are one place."""
    scale = [metres_per_radian(latitude) for latitude in np.radians(first[:, 1])]
    steps = (last - first) * np.array(scale)
    degrees = np.degrees(np.arctan2(steps[:, 0], steps[:, 1])) % 180
    known = np.isfinite(degrees) & steps.any(axis=1)
    return [float(value) if there else None for value, there in zip(degrees, known, strict=True)]


def _networks(
    networks: Sequence[dict[str, Any]], shared: dict[str, Any], placing: Placing
) -> Iterator[tuple[bytes, dict[str, Any]]]:
    import shapely

    for network in networks:
        outline = shapely.make_valid(
            shapely.polygons(placing.on_map(np.array(network["polygon"], np.float64)))
        )
        # Making an outline valid that touches itself leaves lines beside areas.
        parts = shapely.get_parts(shapely.get_parts(outline))
        parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        area_mm2 = network["area_mm2"]
        yield (
            bytes(shapely.to_wkb(shapely.multipolygons(parts))),
            shared
            | network
            | {
                "class": network["kind"],
                "area_m2": None if area_mm2 is None else area_mm2 / 1e6,
            },
        )
