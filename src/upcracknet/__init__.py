"""upcracknet: pixel-wise road crack detection, learned from undamaged road photos alone.

Example:
    from upcracknet import CrackDetector

    detector = CrackDetector.from_pretrained()
    crack_map = detector.detect("photo.jpg")
    crack_map.save_overlay("cracks.png")
    cracks = crack_map.cracks()  # the longest first
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from upcracknet.detection import CrackDetector, CrackMap
    from upcracknet.measure import Scale, measure_cracks

__version__ = "0.1.0"
__all__ = ["CrackDetector", "CrackMap", "Scale", "__version__", "measure_cracks"]


def __getattr__(name: str) -> Any:
    # Loading torch takes a second: neither `upcracknet --help` nor measuring need wait for it.
    if name in ("CrackDetector", "CrackMap"):
        from upcracknet import detection

        return getattr(detection, name)
    if name in ("Scale", "measure_cracks"):
        from upcracknet import measure

        return getattr(measure, name)
    raise AttributeError(f"module 'upcracknet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
