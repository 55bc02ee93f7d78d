"""The log of a result folder: what each run was asked, with what, every warning once, how it ended."""

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upcracknet import __version__
from upcracknet.errors import UpCrackNetError
from upcracknet.files import one_line
from upcracknet.libraries import version_of
from upcracknet.results.records import Record

LOG, OLDER_LOG = "log.txt", "log.1.txt"
LARGEST = 1_000_000
"""Bytes from which on a log becomes the older one, which is then lost."""

MOST_WARNINGS = 200
"""Different warnings of one run that are named; of the others only the number."""

LONGEST = 2000
"""Characters of a line; the rest is cut off."""

HEADER = "# log of upcracknet; may be deleted"
PACKAGES = (
    *("torch", "numpy", "opencv-python-headless", "pillow", "openvino", "onnxruntime", "rasterio"),
    *("pyogrio", "av", "ray"),
)

_SECRETS = (
    (r"(\w+://)[^\s/@'\"]+@", r"\1…@"),  # a name and password in an address
    (r"(\w+://[^\s?'\"]*)\?[^\s'\"]*", r"\1?…"),  # signatures behind a question mark
    (r"(?i)([\w-]*(?:key|secret|token|password|passwd|signature)[\w-]*[= ])[^\s&'\"]+", r"\1…"),
)


class RunLog:
    """The log of one run, a line at a time; a line that cannot be written is left out.

    Args:
        folder: the result folder, which is there.

    Attributes:
        warnings: each line with the number of photos that have it, and the first of these.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOG
        self.warnings: dict[str, tuple[int, str]] = {}
        self.more_warnings = 0
        with suppress(OSError):
            if self.path.lstat().st_size >= LARGEST and _is_own(self.path):
                older = folder / OLDER_LOG
                if _is_own(older) or not os.path.lexists(older):
                    self.path.replace(older)

    def note(self, text: str) -> None:
        """Append a line with the time; secrets in addresses are left out."""
        shown = "".join(sign if sign.isprintable() else " " for sign in without_secrets(text))[:LONGEST]
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} [{os.getpid()}] {shown}\n"
        with suppress(OSError):
            begun = os.path.lexists(self.path)
            if begun and (not _is_own(self.path) or self.path.lstat().st_size > 2 * LARGEST):
                return
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            file = os.open(self.path, flags, 0o666)
            try:  # at once, so that lines of several processes do not mix
                os.write(file, (line if begun else f"{HEADER}\n{line}").encode(errors="backslashreplace"))
            finally:
                os.close(file)

    def record(self, record: Record) -> None:
        """Count the warnings of a photo, or why it failed; they are written when the run ends."""
        if record.error:
            self.warn(f"failed: {record.error}", record.photo)
        for text in (record.warning, record.measure_warning):
            if text:
                self.warn(f"warning: {text}", record.photo)

    def warn(self, text: str, photo: str) -> None:
        """Count a photo of which a line of the log is true."""
        if text in self.warnings:
            count, first = self.warnings[text]
            self.warnings[text] = (count + 1, first)
        elif len(self.warnings) < MOST_WARNINGS:
            self.warnings[text] = (1, photo)
        else:
            self.more_warnings += 1

    def close(self, end: str) -> None:
        """Write the warnings, and how the run ended."""
        for text, (count, first) in self.warnings.items():
            self.note(f"{text} ({count} photo{'s' * (count > 1)}, the first is {first})")
        if self.more_warnings:
            self.note(f"{self.more_warnings} more warnings and failures")
        self.note(end)


@contextmanager
def logged(folder: Path, command: str, details: Mapping[str, Any]) -> Iterator[RunLog]:
    """Keep a log while a command writes a result folder; it never costs the run.

    Args:
        folder: the result folder, claimed.
        command: name of the command.
        details: settings and engine, a line each.
    """
    log = RunLog(folder)
    words = sys.argv[1:] if command in sys.argv[1:] else [command]  # else called from Python
    log.note(f"begins: upcracknet {' '.join(words)}")
    known = {package: version_of(package) for package in PACKAGES}
    versions = {"upcracknet": __version__, "Python": sys.version.split()[0]} | known
    log.note("versions: " + ", ".join(f"{name} {found}" for name, found in versions.items() if found))
    for name, text in details.items():
        log.note(f"{name}: {text}")
    try:
        yield log
    except KeyboardInterrupt:
        log.close("interrupted")
        raise
    except SystemExit as end:  # as by SIGTERM
        log.close("ended" if not end.code else f"ended with exit code {end.code}")
        raise
    except UpCrackNetError as error:
        log.close(f"error: {error}")
        raise
    except BaseException as error:
        log.close(f"error: {type(error).__name__}: {one_line(error)}")
        raise
    else:
        log.close("ended")


def without_secrets(text: str) -> str:
    """Leave out names, passwords, keys and signatures that addresses and options can hold."""
    for pattern, instead in _SECRETS:
        text = re.sub(pattern, instead, text)
    return text


def _is_own(path: Path) -> bool:
    """Whether a file is a log of this program, not one of others with its name, nor a link."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        with path.open("rb") as file:
            return file.read(len(HEADER)) == HEADER.encode()
    except OSError:
        return False
