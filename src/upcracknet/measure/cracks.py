"""Measure the cracks of a mask: each as a line with length, width, direction, class and severity."""

import numpy as np

from upcracknet.measure.frame import PHOTO_VERTICAL, Direction
from upcracknet.measure.inspection import inspect, inspect_in_windows
from upcracknet.measure.records import Crack, RoadScale
from upcracknet.measure.severity import StandardName
from upcracknet.measure.windows import Read


def measure_cracks(
    mask: np.ndarray,
    scale: RoadScale | None = None,
    photo: np.ndarray | None = None,
    *,
    direction: Direction | None = PHOTO_VERTICAL,
    standard: StandardName = "astm-d6433",
) -> list[Crack]:
    """Measure all cracks of a mask.

    Arguments and errors are those of :func:`upcracknet.measure.inspect`, which gives networks and quantities
    too.

    Args:
        mask: H×W, bool, or numbers of which 0 is road and one other value is crack.
        scale: gives millimetres; None gives pixels alone.
        photo: H×W×3 or H×W, uint8, the photo of the mask, by which widths are refined.
        direction: which way traffic drives; None where it is not known.
        standard: "astm-d6433" or "fhwa-ltpp": whose severities.

    Returns:
        the cracks, the longest first; none for an empty mask.
    """
    return list(inspect(mask, scale, photo, direction=direction, standard=standard).cracks)


def measure_in_windows(
    read_mask: Read,
    shape: tuple[int, int],
    scale: RoadScale | None = None,
    *,
    read_photo: Read | None = None,
    direction: Direction | None = PHOTO_VERTICAL,
    standard: StandardName = "astm-d6433",
    window: int = 2048,
) -> list[Crack]:
    """Measure all cracks of a mask that is too large for the memory.

    Arguments and errors are those of :func:`upcracknet.measure.inspect_in_windows`.

    Args:
        read_mask: reads rows and columns of the mask.
        shape: height and width of the mask in pixels.
        scale: gives millimetres; None gives pixels alone.
        read_photo: reads rows and columns of the photo, uint8; None measures the mask alone.
        direction: which way traffic drives; None where it is not known.
        standard: "astm-d6433" or "fhwa-ltpp": whose severities.
        window: side of a window in pixels.

    Returns:
        the cracks, the longest first.
    """
    found = inspect_in_windows(
        read_mask, shape, scale, read_photo=read_photo, direction=direction, standard=standard, window=window
    )
    return list(found.cracks)
