"""What people draw in annotation programs, painted into a mask."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from upcracknet.errors import DataError
from upcracknet.exchange.brush import from_brush
from upcracknet.exchange.run_lengths import crack_places, pixels_of, uncompressed
from upcracknet.files import one_line

Mask = Bool[np.ndarray, "h w"]

Shape = Callable[[Mask], None]
"""Paints itself into the mask of a photo. Places are (x, y) in pixels; the photo's upper left corner is (0,
0), so the middle of its first pixel is (0.5, 0.5)."""

FARTHEST = 1e6
"""Pixels from the photo's corner that a place is taken for at most."""


@dataclass(frozen=True)
class AnnotatedPhoto:
    """What an annotation program says of one photo.

    Attributes:
        name: of the photo's file there.
        size: height and width of the photo in pixels, where it says so.
        shapes: its cracks; None where nobody annotated the photo.
        file: its mask as a file, in place of shapes.
    """

    name: str
    size: tuple[int, int] | None = None
    shapes: tuple[Shape, ...] | None = ()
    file: Path | None = None


def readable(name: str, read: Callable[[], AnnotatedPhoto]) -> AnnotatedPhoto:
    """Read a photo of an annotation file; a damaged entry becomes a shape that says so when it is painted.

    Args:
        name: of the photo's file there.
        read: reads it; raises what damaged entries bring up.
    """
    try:
        return read()
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, MemoryError) as error:
        problem = f"its entry is damaged ({type(error).__name__}: {one_line(error)}); export it again"
        return AnnotatedPhoto(name, shapes=(partial(_refuse, problem=problem),))


def painted(shapes: Iterable[Shape], size: tuple[int, int]) -> Mask:
    """Paint shapes into the mask of a photo.

    Args:
        shapes: they may overlap.
        size: the photo's height and width in pixels.

    Raises:
        DataError: a shape is damaged, or of a kind that says nothing of pixels.
    """
    mask = np.zeros(size, bool)
    for shape in shapes:
        shape(mask)
    return mask


def polygon(places: Float[np.ndarray, "n 2"]) -> Shape:
    """Give the shape of a polygon: the pixels whose middles lie within it."""
    return partial(_paint_polygon, places=_near(places))


def line(places: Float[np.ndarray, "n 2"], width_px: float) -> Shape:
    """Give the shape of a line of some width, at least one pixel."""
    return partial(_paint_line, places=_near(places), width_px=width_px)


def runs_down(lengths: Int[np.ndarray, " runs"] | str, size: tuple[int, int]) -> Shape:
    """Give the shape of COCO's run lengths, as numbers or as text, of a photo of this height and width."""
    return partial(_paint_down, lengths=lengths, size=size)


def runs_along(lengths: Int[np.ndarray, " runs"], left: int, top: int, width: int, height: int) -> Shape:
    """Give the shape of CVAT's run lengths in a box, of these pixels."""
    return partial(_paint_along, lengths=lengths, box=(left, top, width, height))


def brush(values: list[int]) -> Shape:
    """Give the shape of Label Studio's brush; see :mod:`upcracknet.exchange.brush`."""
    return partial(_paint_brush, values=values)


def unusable(kind: str) -> Shape:
    """Give a shape that says where a crack is, but not which pixels it has."""
    problem = f"a crack is marked by a {kind}, which does not say its pixels; use a mask or a polygon"
    return partial(_refuse, problem=problem)


def _near(places: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
    """Places that can be calculated with: those of a damaged file need not be numbers of this world."""
    near: np.ndarray = np.nan_to_num(places).clip(-FARTHEST, FARTHEST)
    return near


def _paint_polygon(mask: Mask, *, places: np.ndarray) -> None:
    from skimage.draw import polygon as pixels_within  # takes as long to load as most masks to paint

    if len(places) >= 3:
        columns, rows = (places - 0.5).T
        within: Any = pixels_within(rows, columns, mask.shape)  # type: ignore[no-untyped-call]
        mask[within] = True


def _paint_line(mask: Mask, *, places: np.ndarray, width_px: float) -> None:
    """Paint the pixels whose middles are within half of the width; OpenCV's thick lines are too wide."""
    reach = max(1.0, width_px) / 2
    for start, end in pairwise(places - 0.5):
        low = np.floor(np.minimum(start, end) - reach).clip(0).astype(int)
        high = np.ceil(np.maximum(start, end) + reach + 1).clip(0).astype(int)
        part = mask[low[1] : high[1], low[0] : high[0]]
        y, x = np.indices(part.shape)
        there = np.stack([x + low[0], y + low[1]], axis=-1) - start
        along = end - start
        share = (there @ along / max(float(along @ along), 1e-12)).clip(0, 1)
        part |= np.hypot(*np.moveaxis(there - share[..., None] * along, -1, 0)) <= reach


def _paint_down(mask: Mask, *, lengths: np.ndarray | str, size: tuple[int, int]) -> None:
    if size != mask.shape:
        raise DataError(
            f"a mask of {size[1]}x{size[0]} pixels, expected {mask.shape[1]}x{mask.shape[0]} as the photo has"
        )
    numbers = uncompressed(lengths) if isinstance(lengths, str) else lengths
    columns, rows = np.divmod(crack_places(numbers, mask.size), size[0])
    mask[rows, columns] = True


def _paint_along(mask: Mask, *, lengths: np.ndarray, box: tuple[int, int, int, int]) -> None:
    left, top, width, height = box
    if min(box) < 0 or left + width > mask.shape[1] or top + height > mask.shape[0]:
        raise DataError("a mask that reaches beyond the photo; export the annotations again")
    there = mask[top : top + height, left : left + width]
    there |= pixels_of(lengths, width * height).reshape(height, width)


def _paint_brush(mask: Mask, *, values: list[int]) -> None:
    mask |= from_brush(values, (mask.shape[0], mask.shape[1]))


def _refuse(mask: Mask, *, problem: str) -> None:
    raise DataError(problem)
