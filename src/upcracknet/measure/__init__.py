"""From crack masks to what an inspection reports: lines, widths, classes, severities, quantities."""

from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales

__all__ = ["Scale", "SurveyScales"]
