"""How much memory something takes."""

import tracemalloc
from collections.abc import Callable


def most_bytes_held(work: Callable[[], object]) -> int:
    """The most bytes that Python and NumPy hold at a time while ``work`` runs, beyond what they held before.

    The least of two runs: threads that other tests left behind, and what is loaded once, are counted too.
    """

    def once() -> int:
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return min(once() for _ in range(2))
