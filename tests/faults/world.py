"""A folder in which a command runs again and again, and what a fault may leave there."""

import errno
import os
import shutil
import signal
from pathlib import Path

from tests.faults.commands import COMMANDS
from tests.faults.injection import Action, Fault, touches
from tests.faults.outcomes import FOREIGN
from tests.faults.shortcuts import in_cache
from tests.faults.steps import Step

from upcracknet import files

ERRORS = {"full disk": errno.ENOSPC, "no permission": errno.EACCES, "disk error": errno.EIO}
TABLES = (
    "photos.csv", "photos.parquet", "cracks.csv", "cracks.parquet", "summary.json", "metrics.jsonl",
    "table2.json", "table2.md", "table2.csv",
)  # fmt: skip
"""Made of what there is: after an interruption they are whole, and say less."""

PARTS = (".archive.part", ".archive.part.mark")
"""A download that goes on where it stopped."""


class World:
    """A folder in which a command runs again and again; what stands in records depends on where it lies."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.before = folder / "world", folder / "before"
        self.name, self.command = name, COMMANDS[name]
        self.folder.mkdir()
        with in_cache(self.folder):
            self.command.prepare(self.folder)
            for place in {"photos", "out", "data", self.command.output}:
                if (self.folder / place).is_dir():
                    (self.folder / place / FOREIGN).write_text("precious")
            shutil.copytree(self.folder, self.before)
            self.old = self.command.outcome(self.folder)
            self.touches = touches(self.folder, self.run)
        self.new = self.command.outcome(self.folder)

    def run(self) -> int:
        files._clear_left_once.cache_clear()  # as in a new process
        with in_cache(self.folder):
            return self.command.run(self.folder)

    def reset(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self.before, self.folder)

    def fault(self, step: Step, fault: str) -> Fault:
        """Give the fault, which is to be watched for, at a step."""
        return Fault(self.folder, step.touch, self._action(fault))

    def _action(self, fault: str) -> Action:
        output = self.folder / self.command.output

        def fail() -> None:
            number = ERRORS[fault]
            raise OSError(number, os.strerror(number))

        def take_away() -> None:
            if output.exists():
                output.rename(self.folder / "elsewhere")

        if fault in ERRORS:
            return fail
        return take_away if fault == "folder gone" else lambda: signal.raise_signal(signal.SIGINT)

    def restore(self) -> None:
        """Put back a folder that was taken away, where the next run needs it."""
        elsewhere = self.folder / "elsewhere"
        if self.command.needs_output and elsewhere.exists():
            shutil.rmtree(self.folder / self.command.output, ignore_errors=True)
            elsewhere.rename(self.folder / self.command.output)
        elif elsewhere.is_dir():
            shutil.rmtree(elsewhere)

    def let_time_pass(self) -> None:
        """Make what a killed run left half-written as old as it must be to be deleted."""
        for left in self.folder.rglob(f"{files.TEMPORARY}*"):
            for path in (left, *left.rglob("*")):
                os.utime(path, (path.stat().st_mtime - files.STALE - 9,) * 2)

    def require_whole(self) -> None:
        """Each file is as it should be or as it was before, whatever happened."""
        found = self.command.outcome(self.folder)
        for name, content in found.items():
            if (
                not name.endswith(TABLES + PARTS)
                and ".upcracknet-" not in name
                and name not in ("epoch", "weights")
            ):
                assert content in (self.old.get(name), self.new.get(name), None) or _bare(name), name
        for kept in self.before.rglob(FOREIGN):
            assert (self.folder / kept.relative_to(self.before)).read_text() == "precious"
        for given in (path for place in ("photos", "data") for path in (self.before / place).rglob("*")):
            assert (
                given.is_dir()
                or (self.folder / given.relative_to(self.before)).read_bytes() == given.read_bytes()
            )


def _bare(name: str) -> bool:
    """What says less while the work goes on: records of photos in work, a run's files, an export's marker."""
    unfinished = ("/run.json", "/generator.safetensors", "/last.ckpt", "/export.json")
    return "/records/" in name or name.endswith(unfinished)
