"""A worker process for inputs that may do anything: limited, and watched for what it touches."""

import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import psutil

from upcracknet.errors import UpCrackNetError

SECONDS = 30.0
"""An input that takes more time of the processor hangs."""

PATIENCE = 10
"""An input hangs as well where so many times those seconds go by: it waits for something, or the machine is
busy with all else."""

BYTES = 2_000_000_000
"""Memory that an input may take beyond what the process has."""

LONGEST_MESSAGE = 2000
"""Signs of an error that a person can read."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod"),
    *("os.chown", "os.utime", "shutil.rmtree", "shutil.move"),
}
FORBIDDEN = {
    *("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.system", "os.exec"),
    *("os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "ctypes.dlopen"),
}


@dataclass(frozen=True)
class Outcome:
    """What became of an input.

    Attributes:
        kind: ``accepted``; ``refused`` by an error of the package; else a finding: ``traceback``, ``message``
            (an error that is not one line), ``touched`` (something outside its folder), ``hang``, ``killed``.
        text: the error.
        seconds: it took of the processor.
    """

    kind: str
    text: str
    seconds: float

    @property
    def is_finding(self) -> bool:
        """Whether it must not be."""
        return self.kind not in ("accepted", "refused")


PLACES = {"HOME": "home", "TMPDIR": "tmp", "UPCRACKNET_CACHE": "cache"}
"""Folders beside an input that programs may write to, by the variable that names them."""

Run = Callable[[Any, Path], None]
"""Writes the files of an input into a folder and reads them by the package."""


def new_box() -> Path:
    """Give the folder in which all must happen: what this process and those it starts write goes there."""
    root = Path(tempfile.mkdtemp(prefix="upcracknet-fuzz-"))
    for name, place in PLACES.items():
        os.environ[name] = str(root / "box" / place)
    (root / "beside.txt").write_text("must stay as it is")
    tempfile.tempdir = None  # it is asked again
    return root / "box"


def empty(folder: Path) -> None:
    """Empty a folder, but for the places that programs may write to; made where it is missing."""
    shutil.rmtree(folder, ignore_errors=True)
    for place in PLACES.values():
        (folder / place).mkdir(parents=True)


class Sandbox:
    """Runs inputs in one process, which is forked again where one has ended it.

    Args:
        run: what is done with an input; may raise errors of the package.
        folder: of the inputs; made, and emptied before each.
        seconds: see :data:`SECONDS`.
        patience: see :data:`PATIENCE`.
    """

    def __init__(self, run: Run, folder: Path, seconds: float = SECONDS, patience: float = PATIENCE) -> None:
        self._run, self.folder, self._seconds, self._patience = run, folder, seconds, patience
        self._process: Any = None
        self._pipe: Any = None

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def outcome(self, task: Any) -> Outcome:
        """Run an input."""
        if self._process is None:
            self._begin()
        process, started = psutil.Process(self._process.pid), time.monotonic()
        before = _processor_s(process)
        try:
            self._pipe.send(task)
            while not self._pipe.poll(0.5):
                waited, used = time.monotonic() - started, _processor_s(process) - before
                if used > self._seconds or waited > self._patience * self._seconds:
                    self._end()
                    return Outcome("hang", f"{used:.0f} s of the processor in {waited:.0f} s", used)
            return cast(Outcome, self._pipe.recv())
        except (EOFError, OSError):
            self._process.join()
            code = self._process.exitcode
            self._process = None
            return Outcome("killed", f"the process ended with {code}", 0.0)

    def _begin(self) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, other = context.Pipe()
        self._process = context.Process(
            target=_work, args=(other, self._pipe, self._run, self.folder), daemon=True
        )
        self._process.start()
        other.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def _processor_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:  # ended; the pipe tells
        return 0.0
    return times.user + times.system


def _work(pipe: Connection, ours: Connection, run: Run, folder: Path) -> None:
    ours.close()  # else this process would not learn that the other one has ended
    watch = Watch(folder)
    null = os.open(os.devnull, os.O_RDWR)  # libraries write what they think of damaged files
    for stream in (1, 2):
        os.dup2(null, stream)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(watch)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        empty(folder)
        os.chdir(folder)
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + BYTES, resource.RLIM_INFINITY))
        started = time.process_time()
        with watch.watching():
            kind, text = tried(partial(run, task, folder))
        if watch.touched:
            kind, text = "touched", "; ".join(watch.touched[:5])
        pipe.send(Outcome(kind, text, time.process_time() - started))


def tried(run: Callable[[], None]) -> tuple[str, str]:
    """Run something; gives the kind of its outcome and its text, as :class:`Outcome` has them."""
    try:
        run()
    except UpCrackNetError as error:
        text = str(error)
        one_line = text.isprintable() or not {"\n", "\r"} & {*text}
        return ("refused" if text and one_line and len(text) <= LONGEST_MESSAGE else "message"), text
    except BaseException:
        return "traceback", traceback.format_exc(limit=-8)[-4000:]
    return "accepted", ""


class Watch:
    """Hears of files that are written, programs that are started and hosts that are asked, by Python's audit.

    What libraries in C do is not heard; for that, the files beside the folder are compared.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = os.path.realpath(folder)
        self.touched: list[str] = []
        self._on = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs."""
        self.touched = []
        before = self._beside()
        self._on = True
        try:
            yield
        finally:
            self._on = False
        if self._beside() != before:
            self.touched.append("a file beside the folder")

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note an event."""
        if not self._on:
            return
        if event in FORBIDDEN and event != "ctypes.dlopen":
            self.touched.append(f"{event} {str(arguments[:2])[:200]}")
        elif event in CHANGES:
            self._require_inside(
                event, [part for part in arguments if isinstance(part, str | bytes | os.PathLike)]
            )
        elif (
            event == "open"
            and isinstance(arguments[0], str | bytes | os.PathLike)
            and int(arguments[2] or 0) & WRITING
        ):
            self._require_inside("written", [arguments[0]])

    def _require_inside(self, event: str, paths: list[Any]) -> None:
        for path in paths:
            place = os.path.realpath(os.fsdecode(path))
            if place != os.devnull and os.path.commonpath([self.folder, place]) != self.folder:
                self.touched.append(f"{event}: {place}")

    def _beside(self) -> list[tuple[str, int, int]]:
        parent = Path(self.folder).parent
        return sorted(
            (entry.name, entry.stat().st_size, entry.stat().st_mtime_ns)
            for entry in os.scandir(parent)
            if entry.path != self.folder
        )
