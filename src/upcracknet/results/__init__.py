"""From photos to a result folder, of one photo or a million, and back: records, tables, images in windows."""

from typing import TYPE_CHECKING

from upcracknet.on_demand import on_demand
from upcracknet.results.folder import ResultFolder, read_results
from upcracknet.results.records import Record
from upcracknet.results.settings import MeasureOptions

if TYPE_CHECKING:
    from upcracknet.results.detection_options import DetectionOptions
    from upcracknet.results.raster import RasterResult, detect_raster
    from upcracknet.results.run import Detection, open_detection

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

_MODULES = {
    "Detection": "run",
    "DetectionOptions": "detection_options",
    "RasterResult": "raster",
    "detect_raster": "raster",
    "open_detection": "run",
}

# Measuring and reading results need no network, and so need not wait for torch.
__getattr__, __dir__ = on_demand(__name__, _MODULES, __all__)
