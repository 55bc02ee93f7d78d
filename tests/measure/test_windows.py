import numpy as np
import pytest
from tests.memory import most_bytes_held

from upcracknet.measure import inspect_in_windows

WINDOW = 256


def measured(height: int, width: int) -> tuple[float, list[tuple[slice, slice]]]:
    """Measure a map with a cross of two cracks through all of it, which is drawn where it is read.

    Returns:
        the length of the cross, and what was read.
    """
    read = []

    def read_mask(rows: slice, columns: slice) -> np.ndarray:
        read.append((rows, columns))
        y, x = np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop)
        return (np.abs(y - 300) <= 3)[:, None] | (np.abs(x - 400) <= 3)

    (cross,) = inspect_in_windows(read_mask, (height, width), window=WINDOW).cracks
    return cross.length_px, read


def test_a_larger_map_needs_as_much_memory_and_as_many_reads_a_window():
    length, read = measured(1024, 4096)
    assert length == pytest.approx(1024 + 4096, abs=2)
    assert max((rows.stop - rows.start) * (columns.stop - columns.start) for rows, columns in read) == 768**2
    assert max(read.count(own) for own in read) <= 4
    small, large = (most_bytes_held(lambda width=width: measured(1024, width)) for width in (1024, 4096))
    assert large < small + 1024 * 4096 / 4  # a quarter of what the whole mask needs
