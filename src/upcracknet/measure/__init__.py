"""From crack masks to what an inspection reports: lines, widths, classes, severities, quantities."""

from upcracknet.measure.cracks import measure_cracks, measure_in_windows
from upcracknet.measure.frame import PHOTO_VERTICAL, Direction
from upcracknet.measure.inspection import Inspection, inspect, inspect_in_windows
from upcracknet.measure.networks import Network
from upcracknet.measure.quantities import Quantity
from upcracknet.measure.records import Crack, RoadScale
from upcracknet.measure.rims import close_rims
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales

__all__ = [
    "PHOTO_VERTICAL",
    "Crack",
    "Direction",
    "Inspection",
    "Network",
    "Quantity",
    "RoadScale",
    "Scale",
    "SurveyScales",
    "close_rims",
    "inspect",
    "inspect_in_windows",
    "measure_cracks",
    "measure_in_windows",
]
