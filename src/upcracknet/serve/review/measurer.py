"""Measures corrected photos again, one after the other, beside the requests; writes the tables in between."""

import threading
import time
from collections import deque
from contextlib import suppress
from types import TracebackType

from upcracknet.errors import OutputError, UpCrackNetError
from upcracknet.files import delete, one_line, write_atomically
from upcracknet.results.folder import read_results
from upcracknet.results.remembering import measure_corrected
from upcracknet.results.writing import WritableResults, open_results
from upcracknet.serve.review.rows import Photos

CLAIM_SECONDS = 30.0
"""How long the folder is claimed after a first correction; then the tables are written, and it is free."""

RETRY_SECONDS = 5.0
"""After which a folder that another program works in is tried again."""

STOP_SECONDS = 20.0
"""Longest time for photos that are still to be measured when the server stops."""


class Measurer:
    """A thread that measures photos again after they were corrected.

    The folder is claimed only while there is something to measure, so that looking keeps nobody out. Where
    another program works in it, photos wait; what is left at the end, `upcracknet measure` or the next review
    measures. A file in the folder says that its tables lack something, until they are written.

    Args:
        photos: of the folder.
        claim_seconds: how long the folder is claimed at a time.
        retry_seconds: after which a folder in use is tried again.

    Attributes:
        left: why something is not measured, or not in the tables, once it has stopped; None where all is.
    """

    def __init__(
        self, photos: Photos, claim_seconds: float = CLAIM_SECONDS, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self.photos = photos
        self.claim_seconds, self.retry_seconds = claim_seconds, retry_seconds
        self._changed = threading.Condition()
        self._wanted: deque[str] = deque()
        self._at_work: str | None = None
        self._why: dict[str, str] = {}
        self._waits_for: str | None = None
        self.left: str | None = None
        self._end: float | None = None
        self._tables = photos.results.path / ".upcracknet" / "tables"
        self._lacking = self._tables.exists()
        self._thread = threading.Thread(target=self._run, name="measurer", daemon=True)

    def __enter__(self) -> "Measurer":
        """Start, with the photos that were corrected but not measured since then."""
        for name in self.photos.names():
            photo = self.photos.named(name)
            unmeasured = photo.revision and photo.problem is None and not photo.measured and photo.record.mask
            if unmeasured or photo.needs_measuring:  # the second also where what was said is taken back
                self._wanted.append(name)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Measure what is left, for a while, and write the tables."""
        with self._changed:
            self._end = time.monotonic() + STOP_SECONDS
            self._changed.notify_all()
        self._thread.join()

    def want(self, name: str) -> None:
        """Have a photo measured, before those that wait already."""
        with self._changed:
            if name in self._wanted:
                self._wanted.remove(name)
            self._why.pop(name, None)
            self._wanted.appendleft(name)
            self._waits_for = None  # try at once
            self._changed.notify_all()

    def pending(self, name: str) -> bool:
        """Tell whether a photo is still to be measured."""
        with self._changed:
            return name in self._wanted or name == self._at_work

    def why(self, name: str) -> str | None:
        """Say what a photo waits for, or why it could not be measured; None where there is nothing to say."""
        with self._changed:
            return self._waits_for if name in self._wanted else self._why.get(name)

    def wait(self, name: str, seconds: float) -> bool:
        """Wait until a photo is measured, or could not be.

        Returns:
            whether that is so; not where another program works in the folder, which takes too long.
        """

        def settled() -> bool:
            return not self.pending(name) or self._waits_for is not None

        with self._changed:
            self._changed.wait_for(settled, seconds)
            return not self.pending(name)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted or self._lacking or self._end is not None)
                if not self._goes_on() and not self._lacking:
                    if self._wanted:
                        self.left = f"{len(self._wanted)} photos are still to be measured"
                    return
            try:
                read_results(self.photos.results.path)  # one that was deleted meanwhile is not made again
                with open_results(self.photos.results.path) as results:
                    self._work(results)
            except UpCrackNetError as error:
                with self._changed:
                    self._waits_for = str(error)
                    self._changed.notify_all()
                    if self._end is not None:
                        self.left = str(error)
                        return
                    self._changed.wait_for(self._is_called, self.retry_seconds)

    def _is_called(self) -> bool:
        return self._end is not None or self._waits_for is None

    def _goes_on(self) -> bool:
        """Whether there is something to measure, and time for it."""
        return bool(self._wanted) and (self._end is None or time.monotonic() < self._end)

    def _work(self, results: WritableResults) -> None:
        """Measure for a while, and write the tables."""
        with self._changed:
            self._waits_for = None
        end = time.monotonic() + (self.claim_seconds if self._wanted else 0)
        try:
            while (name := self._next(end)) is not None:
                reason = None
                self._lack_in_tables(results)
                try:
                    measure_corrected(name, results)
                except UpCrackNetError as error:
                    reason = str(error)
                except Exception as error:  # a defect must not keep the others from being measured
                    reason = (
                        "not measured, by a defect of this program "
                        f"({type(error).__name__}: {one_line(error)})"
                    )
                self.photos.read(name)
                with self._changed:
                    self._at_work = None
                    if reason is not None:
                        self._why[name] = reason
                    self._changed.notify_all()
        finally:
            results.close(frozenset(), whole=False)
        delete(self._tables)
        self._lacking = False

    def _lack_in_tables(self, results: WritableResults) -> None:
        """Note that tables are to be written, also by the next review where this one is killed."""
        if not self._lacking:
            with suppress(OutputError):  # measuring says what is wrong
                write_atomically(self._tables, b"", scratch=results.scratch)
            self._lacking = True

    def _next(self, end: float) -> str | None:
        """The next photo; None once the time is over, or the server stops and there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._end is not None, end - time.monotonic())
            if time.monotonic() >= end or not self._goes_on():
                return None
            self._at_work = self._wanted.popleft()
            return self._at_work
