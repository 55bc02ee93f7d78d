"""Which part of a photo shows the road: a polygon, for a camera that always looks at it the same way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from upcracknet.errors import ConfigurationError
from upcracknet.files import one_line
from upcracknet.measure.scale_file import absolute_place, place_around
from upcracknet.parsing import parse_json

Polygon = tuple[tuple[float, float], ...]
"""Corners (x, y) in order, as shares of the photo's width and height: (0, 0) is its upper left corner, (1, 1)
its lower right one."""

EXAMPLE = "[[0.1, 1], [0.4, 0.5], [0.6, 0.5], [0.9, 1]]"


@dataclass(frozen=True)
class Regions:
    """The road's polygons in the photos of a survey.

    Attributes:
        path: file that they come from, as it was given.
        default: in all photos; None where the file has polygons by folder.
        places: by the absolute path, or the address, of a folder or a photo.
    """

    path: str
    default: Polygon | None = None
    places: Mapping[str, Polygon] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Regions":
        """Read a file: one polygon for all photos, or one for each folder.

        Args:
            path: JSON: a list of corners, or an object of such lists by folder. A folder's path is relative
                to the file's folder.

        Raises:
            ConfigurationError: it is missing, no JSON, or a polygon is none.
        """
        try:
            content = parse_json(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigurationError(
                f"{path}: cannot be read ({one_line(error)}); expected JSON such as {EXAMPLE}"
            ) from error
        if not isinstance(content, dict):
            return cls(str(path), polygon_of(content, str(path)))
        if not content:
            raise ConfigurationError(f"{path}: has no polygon; expected one by folder")
        places = {
            absolute_place(name, path.parent): polygon_of(corners, f"{path}: {name}")
            for name, corners in content.items()
        }
        return cls(str(path), None, places)

    def of(self, address: str) -> Polygon | None:
        """Find the polygon of a photo: its own, or that of the nearest folder around it, or that of all.

        Args:
            address: absolute path or URL of the photo.
        """
        place = place_around(address, self.places)
        return self.default if place is None else self.places[place]


def drawn(polygon: Polygon, size: tuple[int, int], rows: slice | None = None) -> Bool[np.ndarray, "_h w"]:
    """Draw a polygon.

    Args:
        polygon: its corners.
        size: height and width of the photo in pixels.
        rows: only these; None draws all.

    Returns:
        True for the pixels whose centres are inside.
    """
    height, width = size
    rows = slice(0, height) if rows is None else rows
    y = (np.arange(rows.start, rows.stop) + 0.5) / height
    x = (np.arange(width) + 0.5) / width
    inside = np.zeros((len(y), width), bool)
    # A place is inside if an odd number of edges lies to its right.
    for (from_x, from_y), (to_x, to_y) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        passed = (from_y <= y) != (to_y <= y)
        if passed.any():
            edge = from_x + (y[passed] - from_y) * (to_x - from_x) / (to_y - from_y)
            inside[passed] ^= x < edge[:, None]
    return inside


def polygon_of(corners: Any, name: str) -> Polygon:
    """Read a polygon from plain values.

    Args:
        corners: pairs of numbers, as JSON has them.
        name: where they come from, for errors.

    Raises:
        ConfigurationError: they are none, lie outside the photo, or enclose nothing.
    """
    try:
        polygon = tuple((float(x), float(y)) for x, y in corners)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{name}: is no polygon; expected corners such as {EXAMPLE}") from error
    if not all(0 <= value <= 1 for corner in polygon for value in corner):
        raise ConfigurationError(
            f"{name}: expected corners from 0 to 1; divide x by the photo's width, and y by its height"
        )
    if len(polygon) < 3 or not _area(polygon):
        raise ConfigurationError(f"{name}: encloses nothing; expected three corners or more, in order")
    return polygon


def _area(polygon: Polygon) -> float:
    x, y = np.array(polygon).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
