"""From photos to a result folder, of one photo or a million, and back: records, tables, images in windows."""

from upcracknet.results.folder import ResultFolder, read_results
from upcracknet.results.raster import RasterResult, detect_raster
from upcracknet.results.records import Record
from upcracknet.results.run import Detection, open_detection
from upcracknet.results.settings import DetectionOptions, MeasureOptions

__all__ = [
    "Detection",
    "DetectionOptions",
    "MeasureOptions",
    "RasterResult",
    "Record",
    "ResultFolder",
    "detect_raster",
    "open_detection",
    "read_results",
]
