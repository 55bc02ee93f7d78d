"""The one model in memory, and the thread that works at photos one batch after the other."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType

import cv2

from upcracknet.detection import CrackDetector, CrackMap
from upcracknet.errors import OutputError, PhotoError, UpCrackNetError
from upcracknet.files import one_line
from upcracknet.results.planning import Work
from upcracknet.results.records import Record
from upcracknet.results.settings import ResultSettings
from upcracknet.results.sources import ReadInWindows
from upcracknet.results.worker import Worker
from upcracknet.serve.jobs import AcceptedPhoto
from upcracknet.serve.store import Store

BURST = 64
"""Photos after which those that are read in windows have their turn."""

SINGLES_IN_A_ROW = 4
"""Single photos after which a photo of a job has its turn."""

HOUSEKEEPING_SECONDS = 30.0
"""Time between two looks for results that are no longer kept."""

IDLE_SECONDS = 1.0
"""Time after which an idle thread looks around by itself."""

SMOOTHING = 0.1
"""Weight of the newest photo in the mean time that a photo takes."""

WRITER = "upcracknet-writer"
"""How the names of threads that measure and write begin."""

_log = logging.getLogger("upcracknet.serve")


class Busy(OutputError):  # noqa: N818 - what a sender is told, who tries again
    """The queue is full, or the service stops."""


@dataclass(frozen=True, eq=False)
class Task:
    """A photo in the queue.

    Attributes:
        photo: the photo.
        work: what is to be done with it.
        answer: who waits for it; None of a job.
    """

    photo: AcceptedPhoto
    work: Work
    answer: Future[Record] | None = None

    def __str__(self) -> str:
        return self.photo.file_name


class PhotoWorker:
    """Works at the photos that were accepted, single ones first.

    All photos that wait are handed to the detector in one go, which scores them in batches; meanwhile
    other threads measure and write those before them. Used as a context, it stops at the end: what is in
    work is finished, photos of jobs stay in their table.

    Args:
        detector: finds the cracks; nothing else may use it.
        settings: what its results depend on.
        store: where photos and results are.
    """

    def __init__(self, detector: CrackDetector, settings: ResultSettings, store: Store) -> None:
        self.store = store
        self.settings = settings
        self.seconds_per_photo: float | None = None
        """Mean time between two photos that were finished, while there was work; None until it is known."""
        self.finished: Callable[[str | None], None] = lambda error: None
        """Called with each photo that is finished: None, or why it failed."""
        self._worker = Worker(detector, store.results, settings)
        self._changed = threading.Condition()
        self._singles: deque[Task] = deque()
        self._in_work = 0
        self._since_job = 0
        self._stopping = False
        self._last_end: float | None = None
        self._unnoted: deque[tuple[AcceptedPhoto, str | None]] = deque()
        self._room = threading.Semaphore(detector.helpers + 1)  # crack maps that are held
        self._thread = threading.Thread(target=self._run, name="upcracknet-model", daemon=True)

    def __enter__(self) -> "PhotoWorker":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.wake()  # an idle thread need not wait for its next look around
        self._thread.join()

    def stop(self) -> None:
        """Begin nothing new: what is in work is finished, single photos that wait are refused.

        Takes no lock, so that a signal may call it.
        """
        self._stopping = True

    @property
    def alive(self) -> bool:
        """Whether photos are worked at."""
        return self._thread.is_alive() and not self._stopping

    @property
    def queued(self) -> int:
        """How many single photos wait or are in work."""
        return self._in_work

    def submit(self, photo: AcceptedPhoto) -> Future[Record]:
        """Queue a single photo, which is in the table.

        Returns:
            gives its record; cancelled, it is not begun any more.

        Raises:
            Busy: the queue is full, or the service stops.
        """
        task = Task(photo, self.store.work(photo), Future())
        assert task.answer is not None
        with self._changed:
            if self._stopping or self._in_work >= self.store.options.queue:
                raise Busy("the service is busy; try again in a while, or send the photos as a job")
            self._in_work += 1
            self._singles.append(task)
            self._changed.notify()
        return task.answer

    def wake(self) -> None:
        """Say that there is something to look at: photos of a job wait, or the service stops."""
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        threads = cv2.getNumThreads()
        cv2.setNumThreads(1)  # readers, writers and the network have all cores between them
        swept = 0.0
        try:
            with ThreadPoolExecutor(self._worker.detector.helpers, WRITER) as writers:
                writers.submit(int)  # starts a thread
                while not self._stopping:
                    if time.monotonic() - swept > HOUSEKEEPING_SECONDS:
                        self._guarded(self._tidy)
                        swept = time.monotonic()
                    if not self._guarded(partial(self._work_off, writers)):
                        self._last_end = None
                        with self._changed:
                            if not self._singles and not self._stopping:
                                self._changed.wait(IDLE_SECONDS)
        finally:
            cv2.setNumThreads(threads)
            for task in self._singles:
                if task.answer is not None and task.answer.set_running_or_notify_cancel():
                    self._answer(task, Busy("the service stops; try again in a while"))

    def _work_off(self, writers: ThreadPoolExecutor) -> bool:
        """Work at all photos that wait; tells whether there was one."""
        first = self._next()
        if first is None:
            return False
        taken: dict[Task, None] = {}
        large: list[Task] = []
        items = ((task, task.work.source.load) for task in self._burst(first, taken))
        try:
            for task, found in self._worker.detector.detect_each(items):
                del taken[task]
                if isinstance(found, ReadInWindows):
                    large.append(task)
                    continue
                self._room.acquire()
                # It is queued before the pool starts one more thread: where the system gives none, for want
                # of memory, those that run do it.
                with suppress(RuntimeError):
                    writers.submit(self._write, task, found)
            while large:
                task = large.pop(0)
                self._finish(task, partial(self._worker.detect_large, task.work))
        except Exception as error:  # a defect must cost no photo but those that it met
            _log.exception("a batch failed")
            for task in [*taken, *large]:
                self._close(
                    task, None, f"a defect of this program ({type(error).__name__}: {one_line(error)})"
                )
        return True

    def _burst(self, first: Task, taken: dict[Task, None]) -> Iterator[Task]:
        task: Task | None = first
        left = BURST
        while task is not None:
            taken[task] = None
            yield task
            left -= 1
            task = self._next() if left and not self._stopping else None

    def _next(self) -> Task | None:
        """The next photo: single ones first, but a job is not to wait for ever."""
        while True:
            with self._changed:
                turn_of_jobs = not self._singles or self._since_job >= SINGLES_IN_A_ROW
            photo = self.store.jobs.take() if turn_of_jobs else None
            self._since_job = 0 if turn_of_jobs else self._since_job + 1
            if photo is not None:
                return Task(photo, self.store.work(photo))
            with self._changed:
                task = self._singles.popleft() if self._singles else None
            if task is None or task.answer is None or task.answer.set_running_or_notify_cancel():
                return task
            self.store.forget([task.photo.id])
            self._left()

    def _write(self, task: Task, found: CrackMap | PhotoError) -> None:
        try:
            self._finish(task, partial(self._worker.write, task.work, found))
        finally:
            self._room.release()

    def _finish(self, task: Task, made: Callable[[], Record]) -> None:
        try:
            record = made()
        except UpCrackNetError as error:
            self._close(task, None, str(error))
        except Exception as error:  # a defect must cost no other photo
            _log.exception("a photo failed")
            self._close(task, None, f"a defect of this program ({type(error).__name__}: {one_line(error)})")
        else:
            self._close(task, record, record.error)

    def _close(self, task: Task, record: Record | None, error: str | None) -> None:
        """Note what became of a photo, and tell who waits for it."""
        try:
            error = self.store.finish(task.photo, error)
        except Exception as failure:  # the disk is full, say: who waits must learn of it
            _log.exception("a result could not be noted")
            self._unnoted.append((task.photo, error))
            error, record = f"the result cannot be kept ({one_line(failure)})", None
        self.finished(error)
        self._clock()
        if record is None:
            self._answer(task, OutputError(str(error)))
        elif error is not None:
            self._answer(task, PhotoError(error))
        else:
            self._answer(task, record)

    def _answer(self, task: Task, answer: Record | Exception) -> None:
        if task.answer is None:
            return
        self._left()
        if isinstance(answer, Exception):
            task.answer.set_exception(answer)
        else:
            task.answer.set_result(answer)

    def _left(self) -> None:
        with self._changed:
            self._in_work -= 1

    def _clock(self) -> None:
        """Keep the mean time that a photo takes."""
        now, before = time.monotonic(), self._last_end
        self._last_end = now
        if before is not None:
            mean = now - before if self.seconds_per_photo is None else self.seconds_per_photo
            self.seconds_per_photo = mean + SMOOTHING * (now - before - mean)

    def _tidy(self) -> None:
        """Note what could not be noted before, and delete what is no longer kept."""
        while self._unnoted:
            self.store.finish(*self._unnoted[0])
            self._unnoted.popleft()
        self.store.expire()

    def _guarded(self, step: Callable[[], object]) -> bool:
        """Do a step, and give whether it says that it did something; an error is only logged."""
        try:
            return bool(step())
        except Exception:
            _log.exception("the service goes on after an error")
            return False
