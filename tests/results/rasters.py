"""Images as rasterio writes them, for tests."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin

UTM = {"crs": "EPSG:32633", "transform": from_origin(500000, 5400000, 0.002, 0.002)}


def write(path: Path, photo: np.ndarray, **profile: Any) -> Path:
    """Write an array H×W or H×W×bands."""
    bands = np.moveaxis(photo if photo.ndim == 3 else photo[..., None], -1, 0)
    usual = {"driver": "GTiff", "count": len(bands), "dtype": bands.dtype, "height": bands.shape[1]}
    colormap, colorinterp = profile.pop("colormap", None), profile.pop("colorinterp", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **(usual | {"width": bands.shape[2]} | profile)) as file:
            if colorinterp:
                file.colorinterp = colorinterp
            file.write(bands)
            if colormap:
                file.write_colormap(1, colormap)
    return path
