"""Detection (Section III-D): error map, filter, threshold, tiling, and the one detector that joins them."""

from typing import TYPE_CHECKING

from upcracknet.on_demand import on_demand

if TYPE_CHECKING:
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

_MODULES = {
    "CrackDetector": "detector",
    "CrackMap": "crack_map",
    "CrackRemoverScorer": "crack_remover_scorer",
    "CrackRemoverSettings": "crack_remover_scorer",
    "DetectionSettings": "settings",
    "PRESETS": "settings",
    "RestorationScorer": "scorer",
    "Scorer": "scorer",
    "Threshold": "threshold",
}

# Measuring needs no network, and so need not wait for torch.
__getattr__, __dir__ = on_demand(__name__, _MODULES, __all__)
