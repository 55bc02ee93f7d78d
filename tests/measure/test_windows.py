import tracemalloc

import numpy as np
import pytest

from upcracknet.measure import inspect_in_windows

WINDOW = 256


def measured(height: int, width: int) -> tuple[float, list[tuple[slice, slice]], int]:
    """Measure a map with a cross of two cracks through all of it, which is drawn where it is read.

    Returns:
        the length of the cross, what was read, and the most bytes that were held at a time.
    """
    read = []

    def read_mask(rows: slice, columns: slice) -> np.ndarray:
        read.append((rows, columns))
        y, x = np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop)
        return (np.abs(y - 300) <= 3)[:, None] | (np.abs(x - 400) <= 3)

    tracemalloc.start()
    try:
        (cross,) = inspect_in_windows(read_mask, (height, width), window=WINDOW).cracks
        return cross.length_px, read, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_larger_map_needs_as_much_memory_and_as_many_reads_a_window():
    measured(512, 512)  # what is loaded once does not count
    _, _, small = measured(1024, 1024)
    length, read, large = measured(1024, 4096)
    assert length == pytest.approx(1024 + 4096, abs=2)
    assert large < small + 1024 * 4096 / 4  # a quarter of what the whole mask needs
    assert max((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in read) == 768**2
    assert max(read.count(own) for own in read) <= 4
