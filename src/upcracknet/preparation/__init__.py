"""Undamaged patches from photos that have cracks and no masks, by the detector itself (Section V)."""

from upcracknet.preparation.choose import Choice, ClassifierTraining, PreparationSettings, choose_undamaged
from upcracknet.preparation.patches import (
    Purity,
    measure_purity,
    save_choice,
    windows_by_chance,
)
from upcracknet.preparation.prepare import find_photos, prepare_patches
from upcracknet.preparation.scores import ScoredPhoto, score_photos

__all__ = [
    "Choice",
    "ClassifierTraining",
    "PreparationSettings",
    "Purity",
    "ScoredPhoto",
    "choose_undamaged",
    "find_photos",
    "measure_purity",
    "prepare_patches",
    "save_choice",
    "score_photos",
    "windows_by_chance",
]
