"""From a mask to measured cracks: axes, lengths, widths and directions, in pixels and millimetres."""

from upcracknet.measure.cracks import measure_cracks, measure_in_windows
from upcracknet.measure.records import Crack, RoadScale
from upcracknet.measure.rims import close_rims

__all__ = ["Crack", "RoadScale", "close_rims", "measure_cracks", "measure_in_windows"]
