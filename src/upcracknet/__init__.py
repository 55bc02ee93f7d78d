"""upcracknet: pixel-wise road crack detection, learned from undamaged road photos alone.

Example:
    from upcracknet import CrackDetector

    detector = CrackDetector.from_pretrained()
    crack_map = detector.detect("photo.jpg")
    crack_map.save_overlay("cracks.png")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from upcracknet.detection import CrackDetector, CrackMap

__version__ = "0.1.0"
__all__ = ["CrackDetector", "CrackMap", "__version__"]


def __getattr__(name: str) -> Any:
    # Loading torch takes a second; `upcracknet --help` need not wait for it.
    if name in ("CrackDetector", "CrackMap"):
        from upcracknet import detection

        return getattr(detection, name)
    raise AttributeError(f"module 'upcracknet' has no attribute {name!r}")
