"""A mask read in windows, so that one of a gigapixel needs no more memory than one of a photo."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.morphology import skeletonize

from upcracknet.measure.blocks import NOTHING, Box, blocks, common, grown, padded, shifted, trimmed
from upcracknet.measure.graph import Skeleton, touching
from upcracknet.measure.rims import PINHOLE, close_rims

Read = Callable[[slice, slice], np.ndarray]
"""Reads rows and columns; the slices have a beginning and an end, within the picture."""

MARGIN = 256
"""Pixels around a window that are read with it. The axis of a crack does not depend on what is farther away,
unless the crack is wider than that."""

AROUND = PINHOLE + 2
"""Pixels of road that are kept around cracks, so that none of it is taken for a pinhole."""

BLOCK = 256
"""Side of the blocks in which a mask is thinned, in pixels. Only those with a wide crack need as many rounds
as it is wide."""

NARROW = 32
"""Pixels around a block that are enough if no crack in it is wider than 16 pixels."""


@dataclass(frozen=True)
class Window:
    """One window of a mask, with a margin, and without the road around its cracks.

    Attributes:
        left: column of the mask at which the array begins.
        top: row at which it begins.
        core: rows and columns of the array that are this window's own.
        mask: the crack pixels, rims closed.
        grey: the photo's grey values; None without a photo.
    """

    left: int
    top: int
    core: tuple[slice, slice]
    mask: Bool[np.ndarray, "h w"]
    grey: UInt8[np.ndarray, "h w"] | None


@dataclass(frozen=True)
class Moments:
    """What the pixels of each crack add up to.

    Attributes:
        sums: cracks×6, the sums of 1, x, y, x², xy and y² in pixels.
    """

    sums: Float64[np.ndarray, "cracks 6"]

    @property
    def area(self) -> Int64[np.ndarray, " cracks"]:
        """Pixels of each crack."""
        return np.asarray(np.rint(self.sums[:, 0]), np.int64)

    def rectangles(
        self,
    ) -> tuple[Float64[np.ndarray, "cracks 2"], Float64[np.ndarray, "cracks 2"], np.ndarray]:
        """Find the rectangle with the same second moments as each crack.

        Returns:
            its centre (x, y), the direction of its longer side as a vector of length 1, and that side's
            length in pixels. It is exact where the crack is an upright rectangle of pixels, down to a single
            one.
        """
        area, centre = self.sums[:, 0], self.sums[:, 1:3] / self.sums[:, :1]
        xx, xy, yy = self.sums[:, 3:].T / area
        # A pixel is a square, not a point: 1/12 more each way.
        xx, yy = xx - centre[:, 0] ** 2 + 1 / 12, yy - centre[:, 1] ** 2 + 1 / 12
        xy = xy - centre[:, 0] * centre[:, 1]
        angle = np.arctan2(2 * xy, xx - yy) / 2
        greater = (xx + yy) / 2 + np.hypot((xx - yy) / 2, xy)
        return centre, np.stack([np.cos(angle), np.sin(angle)], 1), np.sqrt(12 * greater)


class Windows:
    """All windows of a mask, from the top left to the bottom right.

    Args:
        shape: height and width of the mask.
        read_mask: reads crack pixels, bool.
        read_photo: reads the photo, uint8, H×W×3 or H×W; None without one.
        size: side of a window in pixels, without its margin.
    """

    def __init__(
        self, shape: tuple[int, int], read_mask: Read, read_photo: Read | None = None, size: int = 2048
    ) -> None:
        self.shape, self.size = shape, size
        self._read_mask, self._read_photo = read_mask, read_photo
        self._columns = math.ceil(shape[1] / size)
        self._last: tuple[int, Window] | None = None

    def __iter__(self) -> Iterator[Window]:
        for number in range(math.ceil(self.shape[0] / self.size) * self._columns):
            yield self[number]

    def __getitem__(self, number: int) -> Window:
        if self._last is None or self._last[0] != number:  # a mask of one window is read and closed once
            self._last = (number, self._window(number))
        return self._last[1]

    @property
    def has_photo(self) -> bool:
        """Whether there is a photo too."""
        return self._read_photo is not None

    def around(self, points: Float64[np.ndarray, "n 2"]) -> Iterator[tuple[Window, Int64[np.ndarray, " k"]]]:
        """Read the windows that points (x, y) lie in; with each window, which of the points those are."""
        place = np.clip(np.rint(points), 0, np.array(self.shape[::-1]) - 1).astype(np.int64) // self.size
        numbers = place[:, 1] * self._columns + place[:, 0]
        for number in np.flatnonzero(np.bincount(numbers)):
            yield self[int(number)], np.flatnonzero(numbers == number)

    def skeleton(self) -> tuple[Skeleton, Moments]:
        """Thin the cracks to their axes, and number the cracks across all windows."""
        pixels, borders, sums, count = [np.zeros((0, 4))], [np.zeros((0, 3), np.int64)], [np.zeros((0, 6))], 0
        for window in self:
            if not window.mask[window.core].any():
                continue
            thin, border, moments = _skeleton_of(window)
            thin[:, 3] += count
            border[:, 2] += count
            pixels.append(thin)
            borders.append(border)
            sums.append(moments)
            count += len(moments)
        number, crack = count, np.arange(count)
        if len(sums) > 2:  # within one window they are joined
            number, crack = self._joined(np.concatenate(borders), count)
        x, y, radius, label = np.concatenate(pixels).T
        order = np.lexsort((x, y))
        total = np.zeros((number, 6))
        np.add.at(total, crack, np.concatenate(sums))
        skeleton = Skeleton(
            x[order].astype(np.int64), y[order].astype(np.int64), radius[order],
            crack[label[order].astype(np.int64)],
        )  # fmt: skip
        return skeleton, Moments(total)

    @staticmethod
    def _joined(border: Int64[np.ndarray, "n 3"], count: int) -> tuple[int, Int64[np.ndarray, " labels"]]:
        """Number the cracks: labels of two windows are one crack if pixels of theirs touch."""
        x, y, label = border[np.lexsort((border[:, 0], border[:, 1]))].T
        pairs = label[touching(x, y)]
        matrix = coo_array((np.ones(len(pairs), np.int8), pairs.T), (count, count))
        number, crack = connected_components(matrix, directed=False)
        return number, crack.astype(np.int64)

    def _window(self, number: int) -> Window:
        top, left = (self.size * place for place in divmod(number, self._columns))
        core = (
            slice(top, min(top + self.size, self.shape[0])),
            slice(left, min(left + self.size, self.shape[1])),
        )
        read = grown(core, MARGIN, self.shape)
        mask = self._read_mask(*read)
        # Road around is cut off, but of a photo what profiles and gaps are compared with.
        box = trimmed(mask, (slice(0, mask.shape[0]), slice(0, mask.shape[1]))) or NOTHING
        rows, columns = grown(box, AROUND if self._read_photo is None else MARGIN, mask.shape)
        # Gaps are looked for in pairs of rows and columns, which stay the same pairs.
        box = slice(rows.start // 2 * 2, rows.stop), slice(columns.start // 2 * 2, columns.stop)
        placed = shifted(box, read[0].start, read[1].start)
        grey = None if self._read_photo is None else _grey(self._read_photo(*placed))
        top, left = placed[0].start, placed[1].start
        own = common(core, placed) or NOTHING
        return Window(left, top, shifted(own, -top, -left), close_rims(mask[box], grey), grey)


def _grey(photo: UInt8[np.ndarray, "h w *rgb"]) -> UInt8[np.ndarray, "h w"]:
    return np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY) if photo.ndim == 3 else photo)


def _skeleton_of(window: Window) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find a window's skeleton, the labels along its border, and the sums of each label.

    Returns:
        x, y, radius and label of the skeleton's pixels; x, y and label of the crack pixels along the border;
        the terms of :class:`Moments` of each label. Labels begin with 0 in each window.
    """
    own = window.mask[window.core]
    corner = np.array([window.left + window.core[1].start, window.top + window.core[0].start])
    count, labels = cv2.connectedComponents(own.view(np.uint8), connectivity=8)

    def placed(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.stack([x + corner[0], y + corner[1], labels[y, x] - 1], 1)

    found = [
        _thinned(window.mask, shifted(box, window.core[0].start, window.core[1].start))
        for block in blocks(own.shape, BLOCK)
        if (box := trimmed(own, block)) is not None
    ]
    y, x, radius = (np.concatenate(parts) for parts in zip(*found, strict=True))
    pixels = placed(x - window.core[1].start, y - window.core[0].start)
    height, width = own.shape
    above, beside = np.arange(width), np.arange(height)
    x = np.concatenate([above, above, np.zeros_like(beside), np.full_like(beside, width - 1)])
    y = np.concatenate([np.zeros_like(above), np.full_like(above, height - 1), beside, beside])
    marked = own[y, x]
    border = placed(x[marked], y[marked])
    y, x = np.divmod(np.flatnonzero(own), width)
    label = labels[y, x] - 1
    x, y = (x + corner[0]).astype(np.float64), (y + corner[1]).astype(np.float64)
    terms = (None, x, y, x * x, x * y, y * y)
    moments = np.stack([np.bincount(label, term, count - 1) for term in terms], 1)
    return np.column_stack([pixels[:, :2], radius, pixels[:, 2]]), border, moments


def _thinned(
    mask: Bool[np.ndarray, "h w"], own: Box
) -> tuple[Int64[np.ndarray, " n"], Int64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Thin a rectangle of a mask to the skeleton: the row, column and radius of each of its pixels.

    It is thinned with what lies around it, to twice the distance from axis to rim and more. What lies farther
    away does not change its skeleton: the ends of what is cut off there get shorter by that distance at most.
    """
    margin, needed = 0, NARROW
    while margin < needed:
        margin = needed
        box = trimmed(mask, grown(own, margin, mask.shape)) or own
        part = padded(mask[box], 1)  # beyond the border there is no crack
        distance = cv2.distanceTransform(part.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        needed = min(int(2 * distance.max()) + 16, BLOCK)
    # Lee, not the default method: that one loses half of a wide diagonal bar (scikit-image issue 7704).
    lines = skeletonize(part, method="lee")  # type: ignore[no-untyped-call]
    inner = shifted(own, 1 - box[0].start, 1 - box[1].start)
    rows, columns = np.nonzero(lines[inner])
    # Squares of distances are whole numbers; OpenCV's are off by a millionth, which depends on the rectangle.
    radius = np.sqrt(np.rint(distance[inner][rows, columns].astype(np.float64) ** 2))
    return rows + own[0].start, columns + own[1].start, radius
