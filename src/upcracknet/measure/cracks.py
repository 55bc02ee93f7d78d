"""Measure the cracks of a mask: each as a line with a length, a width and a direction."""

import numpy as np
from jaxtyping import Bool

from upcracknet.errors import PhotoError
from upcracknet.measure.axis import find_axes
from upcracknet.measure.records import Crack, RoadScale, cracks_of
from upcracknet.measure.width import measure_widths
from upcracknet.measure.windows import Read, Windows

LARGEST_WINDOW = 4096
"""Side in pixels up to which a mask in memory is one window."""


def measure_cracks(
    mask: np.ndarray, scale: RoadScale | None = None, photo: np.ndarray | None = None
) -> list[Crack]:
    """Measure all cracks of a mask.

    Args:
        mask: H×W, bool, or numbers of which 0 is road and one other value is crack. Pixels that touch at a
            side or a corner are one crack. Wide cracks of which only the rims are marked are closed first, by
            the rule of :func:`upcracknet.measure.close_rims`.
        scale: gives millimetres; None gives pixels alone.
        photo: H×W×3 or H×W, uint8, the photo of the mask. With it, widths are those at half depth of the grey
            profile across the crack where it stands out from the road, instead of the mask's.

    Returns:
        the cracks, the longest first; none for an empty mask.

    Raises:
        PhotoError: the mask is not H×W or has more than two values, or the photo is of another size.
    """
    marked = _checked(mask)
    if photo is not None and (photo.dtype != np.uint8 or photo.shape[:2] != marked.shape):
        raise PhotoError(
            f"the photo is {photo.dtype} of shape {photo.shape} and the mask is of shape {marked.shape}; "
            "expected uint8 of the mask's height and width: give the photo that the mask was made of"
        )
    return measure_in_windows(
        lambda rows, columns: marked[rows, columns], (marked.shape[0], marked.shape[1]), scale,
        read_photo=None if photo is None else lambda rows, columns: photo[rows, columns],
        window=LARGEST_WINDOW,
    )  # fmt: skip


def measure_in_windows(
    read_mask: Read,
    shape: tuple[int, int],
    scale: RoadScale | None = None,
    *,
    read_photo: Read | None = None,
    window: int = 2048,
) -> list[Crack]:
    """Measure all cracks of a mask that is too large for the memory.

    Cracks that go on from one window to the next are one. They are those of :func:`measure_cracks` if none is
    wider than 256 pixels, and memory is that of one window and of the axes.

    Args:
        read_mask: reads rows and columns of the mask, bool; each is read up to three times.
        shape: height and width of the mask in pixels.
        scale: gives millimetres; None gives pixels alone.
        read_photo: reads rows and columns of the photo, uint8, H×W×3 or H×W; None measures the mask alone.
        window: side of a window in pixels; 256 pixels more are read all around.

    Returns:
        the cracks, the longest first.
    """
    windows = Windows(shape, read_mask, read_photo, window)
    axes = find_axes(windows)
    left, right = measure_widths(axes, windows)
    return cracks_of(axes, left, right, scale)


def _checked(mask: np.ndarray) -> Bool[np.ndarray, "h w"]:
    """The crack pixels, or what is wrong with the mask."""
    if mask.ndim != 2 or not mask.size:
        raise PhotoError(f"the mask is of shape {mask.shape}; expected height × width, one value a pixel")
    if mask.dtype == bool:
        return np.ascontiguousarray(mask)
    marked = np.ascontiguousarray(mask != 0)
    values = mask[marked]
    if values.size and not (values == values[0]).all():
        raise PhotoError(
            f"the mask has values from {mask.min()} to {mask.max()}; expected 0 for road and one other value "
            "for crack: compare scores with a threshold first"
        )
    return marked
