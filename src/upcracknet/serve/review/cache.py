"""What is costly to make, kept while there is room: the least recently used goes first."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """Values by key, up to a number of bytes, for several threads; each is made once.

    Args:
        limit: most bytes that are kept; the newest value is kept in any case.
        size: tells how many bytes a value takes.
        at_once: how many values may be in the making at a time.
    """

    def __init__(self, limit: int, size: Callable[[Value], int], at_once: int) -> None:
        self.limit, self.size = limit, size
        self._held: OrderedDict[Hashable, Value] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}
        self._places = threading.BoundedSemaphore(at_once)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Give a value, and make it where it is not there; who asks meanwhile waits for it.

        Args:
            key: of the value.
            make: makes it. What it raises comes out here, and nothing is kept.
        """
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
            own = self._making.setdefault(key, threading.Lock())
        with own:
            with self._lock:
                if key in self._held:
                    return self._held[key]
            try:
                with self._places:
                    value = make()
                self._keep(key, value)
            finally:
                with self._lock:
                    self._making.pop(key, None)
            return value

    def _keep(self, key: Hashable, value: Value) -> None:
        with self._lock:
            self._held[key] = value
            self._bytes += self.size(value)
            while self._bytes > self.limit and len(self._held) > 1:
                self._bytes -= self.size(self._held.popitem(last=False)[1])
