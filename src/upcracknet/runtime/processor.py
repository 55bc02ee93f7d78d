"""What all networks of this process share: the processor, and PyTorch's settings of it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Processor:
    """The processor, claimed by one caller at a time where two would spoil each other's work.

    An engine takes all cores for one batch, so batches of several threads gain nothing by running at once.

    A process that was forked has none of the threads of its parent, and PyTorch's library for them would
    wait for those for ever. There, PyTorch works with the one thread that is left.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Wait until no other thread has claimed it, and keep it for the block."""
        with self._lock:
            yield

    @contextmanager
    def beside_an_engine(self) -> Iterator[None]:
        """Claim it, with one thread for PyTorch.

        PyTorch's other threads would wait for work at full load after each of its few operations, and take
        the engine's cores (four tenths of the time of small photos).
        """
        with self._lock:
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                yield
            finally:
                torch.set_num_threads(threads)

    def _forked(self) -> None:
        self._lock = threading.RLock()  # a thread that is not here may have had it
        torch.set_num_threads(1)


PROCESSOR = Processor()
