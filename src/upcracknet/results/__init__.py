"""From photos to a result folder, of one photo or a million, and back: records, tables, images in windows."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_FILES = {
    "Detection": "run",
    "DetectionOptions": "detection_options",
    "RasterResult": "raster",
    "detect_raster": "raster",
    "open_detection": "run",
}


def __getattr__(name: str) -> Any:
    # Loading torch takes a second: measuring and reading results need no network.
    if name in _FILES:
        return getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
