"""Where the road lies on the ground: polygons of a layer, drawn into windows of georeferenced images."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from upcracknet.errors import ConfigurationError, DataError, PhotoError
from upcracknet.files import one_line
from upcracknet.results.vector_files import require_vector_file

OnRoad = Callable[[slice, slice], Bool[np.ndarray, "h w"]]
"""Tells which pixels of some rows and columns of an image are road."""


POLYGONS = 3, 6
"""Shapely's numbers of polygons, and of several together."""

_LINES = re.compile("Point|LineString|Curve$")


@dataclass(frozen=True, eq=False)
class Roads:
    """Polygons of road.

    Attributes:
        path: file that they come from, as it was given.
        polygons: geometries of shapely, polygons or several together; holes are no road.
        crs: the coordinate reference system that they are in, as GDAL takes it.
        sha256: checksum of polygons and system.
    """

    path: str
    polygons: np.ndarray
    crs: str
    sha256: str

    @classmethod
    def read(cls, path: Path) -> "Roads":
        """Read the one layer of polygons that a file has.

        Args:
            path: any vector format of GDAL, such as GeoPackage, GeoJSON or a shapefile.

        Raises:
            ConfigurationError: a package is not installed; the file is missing, cannot be read, has no layer
                of polygons or several, or does not say in which system they are.
        """
        if any(find_spec(package) is None for package in ("pyogrio", "shapely", "rasterio")):
            raise ConfigurationError(
                "--road needs pyogrio, shapely and rasterio; install them with "
                "`pip install 'upcracknet[survey]'`"
            )
        import pyogrio
        import shapely

        if not path.exists():
            raise ConfigurationError(f"{path}: no such file; give a layer of road polygons")
        try:
            require_vector_file(path)
        except DataError as error:
            raise ConfigurationError(str(error)) from error
        with _one_line_errors(path):
            # Layers of an unknown kind may hold anything; polygons are picked below.
            layers = [name for name, kind in pyogrio.list_layers(path) if kind and not _LINES.search(kind)]
        if len(layers) != 1:
            found = f"has the layers of polygons {', '.join(layers)}" if layers else "has no polygons"
            raise ConfigurationError(f"{path}: {found}; expected one layer with the polygons of the road")
        with _one_line_errors(path):
            meta, _, stored, _ = pyogrio.raw.read(path, layer=layers[0], columns=[], force_2d=True)
            parts = shapely.get_parts(shapely.make_valid(shapely.from_wkb(stored)))
            polygons = parts[np.isin(shapely.get_type_id(parts), POLYGONS) & ~shapely.is_empty(parts)]
        if not len(polygons):
            raise ConfigurationError(f"{path}: has no polygons; expected those of the road")
        if meta["crs"] is None:
            raise ConfigurationError(
                f"{path}: does not say in which coordinate reference system it is; set it in your GIS"
            )
        checksum = hashlib.sha256(str(meta["crs"]).encode())
        for content in shapely.to_wkb(polygons):
            checksum.update(content)
        return cls(str(path), polygons, str(meta["crs"]), checksum.hexdigest())

    def on(self, image: Any) -> OnRoad | None:
        """Lay the polygons on an image.

        Args:
            image: opened by rasterio.

        Returns:
            what tells where the road is; a pixel is road where its centre is. None if no polygon touches the
            image.

        Raises:
            PhotoError: the image does not say where it lies, or its system cannot be reached from theirs.
        """
        import shapely
        from rasterio.errors import RasterioError

        if image.crs is None or image.transform.is_identity:
            raise PhotoError("it does not say where it lies on the ground")
        try:
            polygons = shapely.transform(self.polygons, lambda places: _in_pixels(places, self.crs, image))
        except RasterioError as error:
            raise PhotoError(
                f"its system cannot be reached from that of the roads ({one_line(error)})"
            ) from error
        # Far from an image, its projection may have no place for a point.
        polygons = polygons[np.isfinite(shapely.bounds(polygons)).all(axis=1)]
        tree = shapely.STRtree(polygons)
        if not len(tree.query(shapely.box(0, 0, image.width, image.height), predicate="intersects")):
            return None

        def on_road(rows: slice, columns: slice) -> Bool[np.ndarray, "h w"]:
            from rasterio.features import rasterize
            from rasterio.transform import Affine

            size = rows.stop - rows.start, columns.stop - columns.start
            near = tree.query(shapely.box(columns.start, rows.start, columns.stop, rows.stop))
            if not len(near):
                return np.zeros(size, bool)
            corner = Affine.translation(columns.start, rows.start)
            drawn = rasterize(polygons[near], out_shape=size, transform=corner, dtype="uint8")
            return np.asarray(drawn > 0)

        return on_road


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    """Turn the errors of GDAL's drivers and of GEOS, which have no kind in common, into one line."""
    try:
        yield
    except Exception as error:
        raise ConfigurationError(
            f"{path}: cannot be read as a vector layer ({one_line(error)}); save it as GeoPackage"
        ) from error


def _in_pixels(places: np.ndarray, crs: str, image: Any) -> np.ndarray:
    """Places in a system as columns and rows of an image."""
    from rasterio.warp import transform

    x, y = transform(crs, image.crs, *places.T)
    return np.stack(~image.transform * (np.asarray(x), np.asarray(y)), axis=1)
