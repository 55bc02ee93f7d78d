"""Detection (Section III-D): error map, filter, threshold, tiling, and the one detector that joins them."""

from upcracknet.detection.crack_map import CrackMap
from upcracknet.detection.crack_remover_scorer import CrackRemoverScorer, CrackRemoverSettings
from upcracknet.detection.detector import CrackDetector
from upcracknet.detection.scorer import RestorationScorer, Scorer
from upcracknet.detection.settings import PRESETS, DetectionSettings
from upcracknet.detection.threshold import Threshold

__all__ = [
    "PRESETS",
    "CrackDetector",
    "CrackMap",
    "CrackRemoverScorer",
    "CrackRemoverSettings",
    "DetectionSettings",
    "RestorationScorer",
    "Scorer",
    "Threshold",
]
