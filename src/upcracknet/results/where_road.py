"""What of each photo counts as road: all of it, or what a polygon in it or on the ground holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from upcracknet.errors import PhotoError
from upcracknet.results.regions import Regions, drawn
from upcracknet.results.roads import OnRoad, Roads

DIMMED = 3
"""What is not road is drawn with this part of its brightness."""


@dataclass(frozen=True)
class WhereRoad:
    """What counts as road, as the user says.

    Attributes:
        regions: polygons in the photos; None where all of a photo is road.
        roads: polygons on the ground, for images that say where they lie; None where all of them is road.
    """

    regions: Regions | None = None
    roads: Roads | None = None

    @classmethod
    def of(cls, road: Path | None, region: Path | None) -> "WhereRoad":
        """Read the files that a user gives.

        Args:
            road: layer of polygons.
            region: JSON of polygons in the photos.

        Raises:
            ConfigurationError: a file cannot be used, or a package is not installed.
        """
        return cls(
            None if region is None else Regions.read(region), None if road is None else Roads.read(road)
        )

    def settings(self, address: str) -> dict[str, Any]:
        """Give what a photo's results depend on, as plain values, for its record.

        Args:
            address: absolute path or URL of the photo.
        """
        polygon = self.regions.of(address) if self.regions is not None else None
        return {
            "region": None if polygon is None else [[*corner] for corner in polygon],
            "road_sha256": None if self.roads is None else self.roads.sha256,
        }

    def in_photo(
        self, address: str, size: tuple[int, int]
    ) -> tuple[Bool[np.ndarray, "h w"] | None, list[str]]:
        """Tell what of a photo is road.

        Args:
            address: absolute path or URL of the photo.
            size: its height and width in pixels.

        Returns:
            True on the road, None where all of it counts; and what to know of that.
        """
        polygon = self.regions.of(address) if self.regions is not None else None
        warnings = self._missing(address)
        if self.roads is not None:
            warnings.append(
                f"{self.roads.path} does not help: the photo does not say where it lies on the ground"
            )
        return None if polygon is None else drawn(polygon, size), warnings

    def in_image(self, image: Any, address: str, size: tuple[int, int]) -> tuple[OnRoad | None, list[str]]:
        """Tell what of an image in windows is road.

        Args:
            image: opened by rasterio.
            address: its absolute path.
            size: its height and width in pixels, upright.

        Returns:
            what tells it of rows and columns, None where all of it counts; and what to know of that.
        """
        polygon = self.regions.of(address) if self.regions is not None else None
        warnings = self._missing(address)
        parts: list[OnRoad] = []
        if polygon is not None:
            parts.append(lambda rows, columns: drawn(polygon, size, rows)[:, columns])
        if self.roads is not None:
            try:
                on_road = self.roads.on(image)
            except PhotoError as error:
                warnings.append(f"{self.roads.path} does not help: {error}")
            else:
                if on_road is None:
                    warnings.append(
                        f"no polygon of {self.roads.path} touches it, so none of it counts as road"
                    )
                parts.append(on_road or _nowhere)
        if not parts:
            return None, warnings
        return lambda rows, columns: np.logical_and.reduce([part(rows, columns) for part in parts]), warnings

    def _missing(self, address: str) -> list[str]:
        if self.regions is None or self.regions.of(address) is not None:
            return []
        return [f"{self.regions.path} has no polygon for this photo, so all of it counts as road"]


def dimmed(
    picture: UInt8[np.ndarray, "h w 3"], on_road: Bool[np.ndarray, "h w"] | None
) -> UInt8[np.ndarray, "h w 3"]:
    """Darken what is not road, in place."""
    if on_road is not None:
        picture[~on_road] //= DIMMED
    return picture


def _nowhere(rows: slice, columns: slice) -> Bool[np.ndarray, "h w"]:
    return np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
