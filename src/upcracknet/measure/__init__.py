"""From crack masks to what an inspection reports: lines, widths, classes, severities, quantities."""

from upcracknet.measure.cracks import measure_cracks, measure_in_windows
from upcracknet.measure.records import Crack, RoadScale
from upcracknet.measure.rims import close_rims
from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales

__all__ = [
    "Crack",
    "RoadScale",
    "Scale",
    "SurveyScales",
    "close_rims",
    "measure_cracks",
    "measure_in_windows",
]
