"""Where a photo's pixels lie on a map: on the earth, or in the reference system of an orthophoto."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from upcracknet.errors import DataError
from upcracknet.files import one_line
from upcracknet.measure.georeference import metres_per_radian
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import from_dict
from upcracknet.results.folder import ResultFolder
from upcracknet.survey.records import Position, SurveyPhoto

WGS_84 = "EPSG:4326"
"""Longitude and latitude in degrees. Across the line at 180° longitudes run on, so that no line jumps."""

Places = Float64[np.ndarray, "n 2"]


@dataclass(frozen=True)
class FromAbove:
    """The placing of a photo that looks straight down onto flat road, of which scale and heading are known.

    Attributes:
        scale: fitted to the photo.
        middle: (x, y) of the photo's middle, in pixels.
        position: where that is, or the camera of a drone; its heading is known.
    """

    scale: Scale
    middle: tuple[float, float]
    position: Position

    def on_map(self, pixels: Places) -> Places:
        """Find places in the reference system of the layers, which is WGS 84 where there are such photos.

        Args:
            pixels: (x, y), their centres at whole numbers.

        Returns:
            longitude and latitude in degrees; NaN where the scale does not count.
        """
        return self.on_earth(pixels)

    def on_earth(self, pixels: Places) -> Places:
        """Turn the road's millimetres by the heading, and step them off on the WGS 84 ellipsoid."""
        x, y = self.middle
        here = np.array([(x, y), (x, y - 1), (x + 1, y)])
        origin, up, right = self.scale.to_road(here)
        ahead = (up - origin) / np.hypot(*(up - origin))
        beside = np.array([-ahead[1], ahead[0]])
        beside *= math.copysign(1.0, beside @ (right - origin))
        # A drone's place is below its camera, where its scale begins; of others below their photo's middle.
        below = np.zeros(2) if self.scale.method == "drone" else origin
        metres = (self.scale.to_road(pixels) - below) @ np.stack([ahead, beside], 1) / 1000
        heading = math.radians(self.position.heading_deg or 0.0)
        to_east_and_north = np.array(
            [[math.sin(heading), math.cos(heading)], [math.cos(heading), -math.sin(heading)]]
        )
        per_radian = np.array(metres_per_radian(math.radians(self.position.latitude)))
        degrees: Places = np.degrees(metres @ to_east_and_north / per_radian)
        degrees += np.array([self.position.longitude, self.position.latitude])
        return degrees


@dataclass(frozen=True)
class OnRaster:
    """The placing of a georeferenced image.

    Attributes:
        transform: 2×3, from column and row, counted from the corner of the first pixel, to its own system.
        system: its reference system, as rasterio has it.
        to_wgs_84: whether the layers are in WGS 84, and not in its own system.
    """

    transform: Float64[np.ndarray, "2 3"]
    system: Any
    to_wgs_84: bool

    def on_map(self, pixels: Places) -> Places:
        """Find places in its own system, or in WGS 84."""
        return self.on_earth(pixels) if self.to_wgs_84 else self._own(pixels)

    def on_earth(self, pixels: Places) -> Places:
        """Find places as degrees."""
        return transformed(self._own(pixels), self.system, WGS_84)

    def _own(self, pixels: Places) -> Places:
        own: Places = (pixels + 0.5) @ self.transform[:, :2].T + self.transform[:, 2]
        return own


Placing = FromAbove | OnRaster
"""The way from a photo's pixels to the map."""


def map_system(photos: Iterable[SurveyPhoto], results: ResultFolder) -> Any:
    """Choose the reference system of the layers.

    Returns:
        that of the rasters, as rasterio has it, where all photos with a place are rasters of one system; else
        :data:`WGS_84`. Rasters whose masks cannot be read do not count.
    """
    found: Any = None
    for photo in photos:
        if photo.position is None:
            continue
        if photo.position.source != "raster":
            return WGS_84
        try:
            _, system = _georeference(photo, results)
        except DataError:  # named where its cracks are placed
            continue
        if found is not None and system != found:
            return WGS_84
        found = system
    return found or WGS_84


def placing_of(photo: SurveyPhoto, cracks: dict[str, Any], results: ResultFolder, system: Any) -> Placing:
    """Find how the cracks of a photo are placed.

    Args:
        photo: with a position whose quality is "each crack".
        cracks: content of its file of cracks.
        results: the folder.
        system: of the layers; see :func:`map_system`.

    Raises:
        DataError: scale or heading are missing, or a raster's mask cannot be read.
    """
    position = photo.position
    if position is not None and position.source == "raster":
        transform, own = _georeference(photo, results)
        return OnRaster(transform, own, to_wgs_84=system != own)
    if position is None or position.heading_deg is None or cracks["scale"] is None:
        raise DataError(
            f"{photo.record.photo}: its cracks have no places, as scale or heading are not known; run "
            "`upcracknet measure` and `upcracknet map` again"
        )
    middle = (cracks["width"] - 1) / 2, (cracks["height"] - 1) / 2
    return FromAbove(from_dict(cracks["scale"]), middle, position)


def transformed(places: Places, source: Any, target: Any) -> Places:
    """Change the reference system of places.

    Args:
        places: x and y, or longitude and latitude.
        source: their system, as rasterio takes it.
        target: the new one.

    Returns:
        places; where they are degrees, longitudes go on beyond 180° rather than jump.
    """
    if source == target or not len(places):
        return places
    from rasterio.warp import transform

    x, y = transform(source, target, places[:, 0], places[:, 1])
    result = np.stack([x, y], 1)
    return unwrapped(result) if target == WGS_84 else result


def unwrapped(degrees: Places) -> Places:
    """Let longitudes go on beyond 180° where they would jump: each lies within 180° of the first one."""
    first = degrees[:1, 0]
    longitudes = first + (degrees[:, 0] - first + 180) % 360 - 180
    return np.stack([longitudes, degrees[:, 1]], 1)


def _georeference(photo: SurveyPhoto, results: ResultFolder) -> tuple[Float64[np.ndarray, "2 3"], Any]:
    """Transform and reference system of an image that is read in windows: its mask lies where it lies."""
    import rasterio

    mask: Path = results.file(photo.record.mask or "")
    try:
        with rasterio.open(mask) as image:
            return np.array(image.transform[:6], np.float64).reshape(2, 3), image.crs
    except rasterio.errors.RasterioError as error:
        raise DataError(
            f"{mask}: cannot be read ({one_line(error)}); run `upcracknet detect` again"
        ) from error
