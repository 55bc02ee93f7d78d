"""Many photos and very large ones: images in windows, streams of photos, several machines."""

from upcracknet.survey.raster import RasterResult, detect_raster, is_for_windows

__all__ = ["RasterResult", "detect_raster", "is_for_windows"]
