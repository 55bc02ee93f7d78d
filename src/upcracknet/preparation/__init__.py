"""Undamaged patches from photos that have cracks and no masks, by the detector itself (paper, V)."""

from upcracknet.preparation.choice import Choice, PreparationSettings
from upcracknet.preparation.patches import require_no_patches, save_choice
from upcracknet.preparation.photos import find_photos
from upcracknet.preparation.purity import Purity, measure_purity, windows_by_chance
from upcracknet.preparation.rounds import choose_undamaged
from upcracknet.preparation.survey import SurveyedPhoto, open_detector, survey_photos

__all__ = [
    "Choice",
    "PreparationSettings",
    "Purity",
    "SurveyedPhoto",
    "choose_undamaged",
    "find_photos",
    "measure_purity",
    "open_detector",
    "require_no_patches",
    "save_choice",
    "survey_photos",
    "windows_by_chance",
]
