"""Windows of several sizes in all photos, how crack-like each is, and the cleanest of them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, Shaped
from numpy.lib.stride_tricks import sliding_window_view

from upcracknet.preparation.scores import CELL

POSITIONS = 2000
"""About how many windows of one size are looked at in a photo; large photos get a wider grid."""

LARGEST_OVERLAP = 0.3
"""Share of the smaller of two chosen windows that may lie in the other."""

SEARCH_STEPS = 12

Windows = Int[np.ndarray, "n 4"]
"""Photo (its number), top, left and size of each window, in pixels."""


def all_windows(grids: Sequence[tuple[int, int]], sizes: Sequence[int]) -> Windows:
    """List the windows of several sizes, on a grid of cells, photo by photo.

    Args:
        grids: rows and columns of cells of each photo.
        sizes: sides of the windows in pixels, multiples of a cell.
    """
    found = [np.empty((0, 4), np.int32)]
    for photo, grid in enumerate(grids):
        for size in sizes:
            rows, columns = _positions(grid, size // CELL)
            tops, lefts = (axis.ravel() for axis in np.meshgrid(rows, columns, indexing="ij"))
            numbers = np.stack(
                [np.full(len(tops), photo), tops * CELL, lefts * CELL, np.full(len(tops), size)], 1
            )
            found.append(numbers.astype(np.int32))
    return np.concatenate(found)


def worst_cells(maps: Sequence[Shaped[np.ndarray, "_ _"]], sizes: Sequence[int]) -> Float[np.ndarray, " n"]:
    """Find the highest value within each window, in the order of ``all_windows``.

    The highest, not the mean: one crack crosses few of a window's cells.
    """
    found = [np.empty(0, np.float32)]
    for values in maps:
        for size in sizes:
            side = size // CELL
            rows, columns = _positions((values.shape[0], values.shape[1]), side)
            if len(rows) and len(columns):
                views = sliding_window_view(values, (side, side))[np.ix_(rows, columns)]
                found.append(views.max((2, 3)).ravel().astype(np.float32))
    return np.concatenate(found)


def ranks(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Give the share of all windows that are cleaner than each window, in [0, 1)."""
    cleaner: np.ndarray = np.searchsorted(np.sort(values), values) / max(len(values), 1)
    return cleaner


def cleanest(
    windows: Windows, crackness: Float[np.ndarray, " n"], *, count: int, per_photo: int, limit: float
) -> Int[np.ndarray, " m"]:
    """Choose windows below one limit, the larger ones first, so strict that just enough are found.

    Args:
        windows: all windows.
        crackness: how crack-like each is.
        count: how many to choose.
        per_photo: at most so many from one photo.
        limit: windows above it are never chosen, even where too few remain.

    Returns:
        numbers of the chosen windows, the most crack-like first.
    """
    size = windows[:, 3].astype(np.float64)
    order = np.lexsort((crackness, -size))
    chosen = choose_apart(windows, order[crackness[order] <= limit], count=count, per_photo=per_photo)
    if len(chosen) == count:
        strict, loose = 0.0, limit
        for _ in range(SEARCH_STEPS):
            middle = (strict + loose) / 2
            stricter = choose_apart(
                windows, order[crackness[order] <= middle], count=count, per_photo=per_photo
            )
            if len(stricter) == count:
                loose, chosen = middle, stricter
            else:
                strict = middle
    return chosen[np.argsort(-crackness[chosen], kind="stable")]


def choose_apart(
    windows: Windows,
    order: Int[np.ndarray, " k"],
    *,
    count: int,
    per_photo: int,
    taken: Int[np.ndarray, " t"] | None = None,
) -> Int[np.ndarray, " m"]:
    """Take windows in the order given, no two of which overlap much.

    Args:
        windows: all windows.
        order: numbers of those that may be taken, the best first.
        count: how many to take at most.
        per_photo: how many to take at most from one photo.
        taken: windows taken before, which are kept clear of too; they do not count.
    """
    by_photo: dict[int, list[int]] = {}
    for number in [] if taken is None else taken.tolist():
        by_photo.setdefault(int(windows[number, 0]), []).append(number)
    before = {photo: len(numbers) for photo, numbers in by_photo.items()}
    chosen: list[int] = []
    for number in order.tolist():
        if len(chosen) == count:
            break
        photo = int(windows[number, 0])
        others = by_photo.setdefault(photo, [])
        if len(others) - before.get(photo, 0) >= per_photo:
            continue
        if not others or _overlap(windows[number], windows[others]) <= LARGEST_OVERLAP:
            others.append(number)
            chosen.append(number)
    return np.array(chosen, np.int64)


def _overlap(one: Int[np.ndarray, "4"], others: Windows) -> float:
    """Give the largest share of the smaller window that lies in the other."""
    top, left, size = one[1:]
    height = np.minimum(top + size, others[:, 1] + others[:, 3]) - np.maximum(top, others[:, 1])
    width = np.minimum(left + size, others[:, 2] + others[:, 3]) - np.maximum(left, others[:, 2])
    common = np.maximum(height, 0) * np.maximum(width, 0)
    return float((common / np.minimum(size, others[:, 3]) ** 2).max())


def _positions(grid: tuple[int, int], side: int) -> tuple[Int[np.ndarray, " r"], Int[np.ndarray, " c"]]:
    """Give rows and columns of cells where windows begin; the last ones touch the far edges."""
    last = (grid[0] - side, grid[1] - side)
    if min(last) < 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    step = max(1, round(((last[0] + 1) * (last[1] + 1) / POSITIONS) ** 0.5))
    rows, columns = (np.unique(np.append(np.arange(0, end + 1, step), end)) for end in last)
    return rows, columns
