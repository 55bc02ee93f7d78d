"""Detection (Section III-D): error map, filter, threshold, tiling, and the one detector that joins them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

_FILES = {
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


def __getattr__(name: str) -> Any:
    # Loading torch takes a second: measuring needs no network.
    if name in _FILES:
        return getattr(import_module(f"{__name__}.{_FILES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
