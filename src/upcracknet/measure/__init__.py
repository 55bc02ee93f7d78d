"""From crack masks to measured, classified and graded cracks."""

from upcracknet.measure.scale import Scale
from upcracknet.measure.scale_file import SurveyScales

__all__ = ["Scale", "SurveyScales"]
