"""Detection (Section III-D): error map, filter, threshold, tiling, and the one detector that joins them."""

from upcracknet.detection.crack_map import CrackMap
from upcracknet.detection.crack_removal_scorer import CrackRemovalScorer, CrackRemovalSettings
from upcracknet.detection.detector import CrackDetector
from upcracknet.detection.scorer import RestorationScorer, Scorer
from upcracknet.detection.settings import PRESETS, DetectionSettings
from upcracknet.detection.threshold import FixedThreshold, OtsuThreshold, Threshold

__all__ = [
    "PRESETS",
    "CrackDetector",
    "CrackMap",
    "CrackRemovalScorer",
    "CrackRemovalSettings",
    "DetectionSettings",
    "FixedThreshold",
    "OtsuThreshold",
    "RestorationScorer",
    "Scorer",
    "Threshold",
]
