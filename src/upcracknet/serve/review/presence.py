"""Who else has the page open: two tabs, or two browsers, at the same photos."""

import secrets
import threading
import time
from collections.abc import Callable

PRESENT_SECONDS = 30.0
"""How long a tab counts as open after it last said so; it does every ten seconds."""

MOST = 1000
"""Tabs that are remembered."""


class Presence:
    """The tabs that have the page open.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, int | None]] = {}
        self._lock = threading.Lock()

    @staticmethod
    def new() -> str:
        """Make a name for a tab."""
        return secrets.token_urlsafe(9)

    def others(self, session: str, photo: int | None) -> tuple[int, int]:
        """Note that a tab is open, and count the others.

        Args:
            session: name of the tab.
            photo: number of the photo that is open in it; None for none.

        Returns:
            number of other tabs, and of those that have the same photo open.
        """
        now = self._clock()
        with self._lock:
            self._seen.pop(session, None)
            kept = {name: seen for name, seen in self._seen.items() if now - seen[0] < PRESENT_SECONDS}
            same = sum(other == photo for _, other in kept.values()) if photo is not None else 0
            self._seen = dict([*kept.items()][-MOST:]) | {session: (now, photo)}
        return len(kept), same
