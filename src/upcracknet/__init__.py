"""upcracknet: pixel-wise road crack detection, learned from undamaged road photos alone.

Example:
    from upcracknet import CrackDetector

    detector = CrackDetector.from_pretrained()
    crack_map = detector.detect("photo.jpg")
    crack_map.save_overlay("cracks.png")
    cracks = crack_map.cracks()  # the longest first
"""

from typing import TYPE_CHECKING

from upcracknet.on_demand import on_demand

if TYPE_CHECKING:
    from upcracknet.detection import CrackDetector, CrackMap
    from upcracknet.measure import Scale, measure_cracks

__version__ = "0.1.0"
__all__ = ["CrackDetector", "CrackMap", "Scale", "__version__", "measure_cracks"]

_MODULES = {
    "CrackDetector": "detection",
    "CrackMap": "detection",
    "Scale": "measure",
    "measure_cracks": "measure",
}

# Neither `upcracknet --help` nor measuring need wait for torch.
__getattr__, __dir__ = on_demand(__name__, _MODULES, __all__)
